"""Who looked at, put in the basket or bought which item, when: read from the lake by the engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from data.lake import person_id
from kindred.events import ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED

WEIGHTS: Final[Mapping[str, float]] = {
    PRODUCT_VIEWED: 1.0,
    PRODUCT_ADDED: 3.0,
    ORDER_COMPLETED: 5.0,
}
SCHEMA: Final = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("weight", pa.float64(), nullable=False),
        pa.field("ordered", pa.bool_(), nullable=False),
    ]
)


def read_interactions(
    backend: Backend,
    events: ibis.Table,
    as_of: datetime,
    weights: Mapping[str, float] = WEIGHTS,
) -> pa.Table:
    """Sum up, by person, item and UTC day, what they did with it before `as_of`.

    Parameters
    ----------
    weights : mapping of event name to float
        What a view, an addition to the basket and an order line count; each once an event.

    Returns
    -------
    pyarrow.Table
        :data:`SCHEMA`, sorted by person, time and item: one row a person, item and day, the time
        of the day's last event, and whether it was an order.
    """
    table = interactions(events, as_of, weights)
    ordered = table.order_by("user_id", "timestamp", "item_id")
    return backend.to_pyarrow(ordered).cast(SCHEMA)


def interactions(
    events: ibis.Table, as_of: datetime, weights: Mapping[str, float] = WEIGHTS
) -> ibis.Table:
    """Give the query of :func:`read_interactions`, in no order."""
    seen = events.mutate(user_id=person_id(events)).filter(
        events["timestamp"] < ibis.timestamp(as_of.isoformat()),
        events["event"].isin([ORDER_COMPLETED, *(n for n in weights if n != ORDER_COMPLETED)]),
    )
    orders = seen.filter(seen["event"] == ORDER_COMPLETED)
    lines = orders.select("user_id", "timestamp", "event", line=_lines(orders))
    bought = lines.select("user_id", "timestamp", "event", item_id=lines["line"]["product_id"])
    others = seen.filter(seen["event"] != ORDER_COMPLETED)
    looked = others.select(
        "user_id", "timestamp", "event", item_id=others["properties"]["product_id"]
    )
    every = bought.union(looked)
    every = every.filter(every["user_id"].notnull(), every["item_id"].notnull())
    weight = ibis.cases(
        *((every["event"] == name, value) for name, value in weights.items()), else_=0.0
    )
    every = every.mutate(weight=weight, day=every["timestamp"].truncate("D"))
    summed = every.group_by("user_id", "item_id", "day").aggregate(
        timestamp=every["timestamp"].max(),
        weight=every["weight"].sum(),
        ordered=(every["event"] == ORDER_COMPLETED).any(),
    )
    return summed.drop("day")


def _lines(orders: ibis.Table) -> ibis.Value:
    return orders["properties"]["products"].unnest()
