"""Make canonical events for tests, and contexts to run jobs in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA
from pipelines.job import JobContext
from pipelines.report import ListReporter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(number: int, at: str, person: str | None = "p1", **more: Any) -> dict[str, Any]:
    """Make an event: a page view unless told otherwise."""
    return {
        "messageId": f"m{number}",
        "type": "page",
        "userId": person,
        "timestamp": datetime.fromisoformat(at).replace(tzinfo=UTC),
        **more,
    }


def order(
    number: int, at: str, person: str, lines: Sequence[tuple[str, float]], **more: Any
) -> dict[str, Any]:
    """Make an order of (category, revenue) lines."""
    products = [
        {"product_id": f"{category}-1", "category": category, "quantity": 1.0, "revenue": revenue}
        for category, revenue in lines
    ]
    revenue = sum(paid for _, paid in lines)
    properties = {"order_id": f"o{number}", "revenue": revenue, "products": products, **more}
    return event(number, at, person, type="track", event="Order Completed", properties=properties)


def write_events(path: Path, events: Sequence[dict[str, Any]]) -> Path:
    """Write events as a canonical Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(events), schema=EVENT_SCHEMA), path)
    return path


def context(
    workspace: Workspace, engine: Engine, as_of: datetime = NOW, *, now: datetime = NOW
) -> JobContext:
    """Give what a job needs, outside the queue."""
    return JobContext(workspace, engine, now, as_of, ListReporter())
