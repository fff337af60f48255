"""A small shop: forty people of two tastes who rebuy, a catalogue, and some told attributes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.lake import CATALOGUE, EVENTS, commit_files, describe_file
from data.workspace import Workspace, declare_workspace
from kindred.events import CATALOGUE_SCHEMA, EVENT_SCHEMA, ORDER_COMPLETED, PRODUCT_VIEWED

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
PEOPLE, ITEMS, ORDERS = 40, 12, 10


def fill(workspace: Workspace, engine: Engine, *, seed: int = 1) -> None:
    """Fill an empty workspace with its events and catalogue."""
    rng = np.random.default_rng(seed)
    events, number = [], 0
    for person in range(PEOPLE):
        taste = person % 2
        liked = rng.permutation(ITEMS)[:5]
        for order in range(ORDERS):
            number += 1
            at = AS_OF - timedelta(days=9 * (ORDERS - order) - float(rng.random()))
            bought = [f"t{taste}-{i:02d}" for i in liked if rng.random() < 0.6]
            if rng.random() < 0.3:
                bought.append(f"t{1 - taste}-00")
            products = [{"product_id": item, "quantity": 1.0, "price": 2.0} for item in bought]
            events.append(_event(number, person, at, ORDER_COMPLETED, {"products": products}))
            number += 1
            seen = f"t{taste}-{int(rng.integers(ITEMS)):02d}"
            events.append(_event(number, person, at, PRODUCT_VIEWED, {"product_id": seen}))
    catalogue = [
        {
            "item_id": f"t{taste}-{i:02d}",
            "name": f"{('SWEET', 'SALTY')[taste]} THING {i}",
            "category": ("SWEETS", "SNACKS")[taste],
            "subcategory": f"{('CAKE', 'CRISPS', 'NUTS')[i % 3]} {taste}",
            "brand": ("Private", "National")[i % 2],
            "attributes": json.dumps({"package_size": f"{i} OZ"}),
        }
        for taste in (0, 1)
        for i in range(ITEMS)
    ]
    _commit(workspace, engine, EVENTS, pa.Table.from_pylist(events, schema=EVENT_SCHEMA))
    _commit(workspace, engine, CATALOGUE, pa.Table.from_pylist(catalogue, schema=CATALOGUE_SCHEMA))
    with engine.begin() as conn:
        declare_workspace(
            conn,
            kind="simulated",
            source="A small shop",
            currency="EUR",
            clock_fixed_at=AS_OF,
            at=AS_OF,
        )


def _event(
    number: int, person: int, at: datetime, name: str, properties: dict[str, object]
) -> dict[str, object]:
    return {
        "messageId": f"m{number}",
        "type": "track",
        "userId": f"p{person:02d}",
        "timestamp": at,
        "event": name,
        "properties": properties,
    }


def _commit(workspace: Workspace, engine: Engine, dataset: str, table: pa.Table) -> None:
    path = workspace.lake / dataset / "shop.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    with engine.begin() as conn:
        commit_files(conn, dataset, [describe_file(workspace, path)], why="shop", at=AS_OF)
