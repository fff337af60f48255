"""One person as screens and serving ask for them: events, traits, and who is like them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.lake import person_id, read_events
from data.trait_table import PERSON
from data.workspace import Workspace
from kindred.events import ORDER_COMPLETED


@dataclass(frozen=True)
class Order:
    """One order, as a timeline shows it."""

    at: datetime
    order_id: str
    revenue: float
    discount: float
    lines: int
    products: Sequence[dict[str, Any]]


def orders_of(
    backend: Backend,
    workspace: Workspace,
    conn: Connection,
    person: str,
    as_of: datetime,
    limit: int = 500,
) -> list[Order]:
    """Read a person's newest orders before `as_of`, the newest first.

    Day files are sorted by person, so only the row groups that may hold the person are read.
    """
    events = read_events(backend, workspace, conn)
    own = events.filter(
        (person_id(events) == person)
        & ((events["userId"] == person) | (events["anonymousId"] == person))
        & (events["event"] == ORDER_COMPLETED)
        & (events["timestamp"] < ibis.timestamp(as_of.isoformat()))
    )
    found = (
        own.order_by(ibis.desc("timestamp"))
        .limit(limit)
        .select(
            "timestamp",
            order_id=own["properties"]["order_id"],
            revenue=own["properties"]["revenue"],
            discount=own["properties"]["discount"],
            products=own["properties"]["products"],
        )
    )
    return [
        Order(
            row["timestamp"],
            row["order_id"] or "",
            row["revenue"] or 0.0,
            row["discount"] or 0.0,
            len(row["products"] or []),
            row["products"] or [],
        )
        for row in found.to_pyarrow().to_pylist()
    ]


def search(path: Path, prefix: str, limit: int = 20) -> list[str]:
    """List persons whose id begins with `prefix`, in order; ids are sorted in the snapshot.

    Only the row groups whose ids may begin so are read.
    """
    file = pq.ParquetFile(path, memory_map=True)
    found: list[str] = []
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(0).statistics
        if statistics is not None and not _may_hold(statistics.min, statistics.max, prefix):
            continue
        ids = file.read_row_group(group, columns=[PERSON]).column(PERSON)
        found += ids.filter(pc.starts_with(ids, prefix)).slice(0, limit - len(found)).to_pylist()
        if len(found) >= limit:
            break
    return found


def _may_hold(low: str, high: str, prefix: str) -> bool:
    return low[: len(prefix)] <= prefix <= high[: len(prefix)]


def traits_at(path: Path, position: int) -> dict[str, Any]:
    """Read all traits of the person at a position."""
    file = pq.ParquetFile(path, memory_map=True)
    start = 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if position < start + rows:
            table: pa.Table = file.read_row_group(group).slice(position - start, 1)
            row: dict[str, Any] = table.to_pylist()[0]
            return row
        start += rows
    raise IndexError(position)


@dataclass(frozen=True)
class Rank:
    """Where a value stands among everyone whose value is known.

    Parameters
    ----------
    less, same : float
        Shares of them that have less, and just as much; 0 … 1.
    """

    value: float
    less: float
    same: float

    @property
    def middle(self) -> float:
        """The percentile rank, 0 … 1, with ties counted half."""
        return self.less + self.same / 2


def ranks(backend: Backend, path: Path, values: Mapping[str, float]) -> dict[str, Rank]:
    """Say where a person's numeric traits stand among everyone's, in one pass over the snapshot.

    Parameters
    ----------
    values : mapping of str to float
        By trait; only these columns are read.
    """
    if not values:
        return {}
    table = backend.read_parquet(path)
    asked: dict[str, ibis.Value] = {}
    for place, (name, value) in enumerate(values.items()):
        column = table[name].cast("float64")
        asked[f"known_{place}"] = column.count()
        asked[f"less_{place}"] = (column < value).sum()
        asked[f"same_{place}"] = (column == value).sum()
    row: dict[str, Any] = table.aggregate(**asked).to_pyarrow().to_pylist()[0]
    found = {}
    for place, (name, value) in enumerate(values.items()):
        known = row[f"known_{place}"] or 1
        less, same = row[f"less_{place}"] or 0, row[f"same_{place}"] or 0
        found[name] = Rank(value, less / known, same / known)
    return found


def nearest(
    plane: NDArray[np.float32], position: int, count: int = 8
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the people nearest on the map; positions and distances, the nearest first."""
    apart = np.linalg.norm(plane - plane[position], axis=1)
    apart[position] = np.inf
    count = min(count, len(plane) - 1)
    rows = np.argpartition(apart, max(count - 1, 0))[:count] if count > 0 else np.empty(0, int)
    rows = rows[np.argsort(apart[rows], kind="stable")]
    return rows.astype(np.int64), apart[rows]


@dataclass(frozen=True)
class Seen:
    """One event of a person, as a list of what happened shows it.

    Parameters
    ----------
    name : str
        The event's, or what a call without one did (``identify``, ``page``, …).
    told : mapping
        Its properties and traits that are known, by name; products are left to orders.
    """

    at: datetime
    name: str
    told: Mapping[str, Any]


def events_of(
    backend: Backend,
    workspace: Workspace,
    conn: Connection,
    person: str,
    as_of: datetime,
    limit: int = 500,
) -> list[Seen]:
    """Read a person's newest events of every kind before `as_of`, the newest first."""
    events = read_events(backend, workspace, conn)
    own = events.filter(
        (person_id(events) == person)
        & ((events["userId"] == person) | (events["anonymousId"] == person))
        & (events["timestamp"] < ibis.timestamp(as_of.isoformat()))
    )
    found = own.order_by(ibis.desc("timestamp")).limit(limit)
    shown = found.select("timestamp", "type", "event", "properties", "traits")
    return [
        Seen(
            row["timestamp"],
            row["event"] or row["type"],
            {**_known(row["properties"]), **_object(row["traits"])},
        )
        for row in shown.to_pyarrow().to_pylist()
    ]


def _known(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(properties or {})
    other = _object(given.pop("other", None))
    products = given.pop("products", None)
    known = {name: value for name, value in given.items() if value is not None}
    return {**known, **({"products": len(products)} if products else {}), **other}


def _object(text: str | None) -> dict[str, Any]:
    """Read what has no column of its own; anything but an object is told as it is."""
    if not text:
        return {}
    try:
        read = json.loads(text)
    except ValueError:
        return {"other": text}
    return read if isinstance(read, dict) else {"other": read}
