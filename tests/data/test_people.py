"""What happened to one person, of every kind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from data.lake import open_duckdb
from data.people import Seen, events_of
from data.workspace import Workspace
from pipelines import import_events
from tests.support.events import context, event, order, write_events


def test_everything_that_happened_before_the_clock_is_read_the_newest_first(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    click = {"content_id": "c1", "other": '{"campaign_type": "Type C"}'}
    write_events(
        tmp_path / "events.parquet",
        [
            event(1, "2026-11-01T08:00", type="identify", traits='{"plan": "gold"}'),
            event(2, "2026-11-02T08:00", type="track", event="Content Clicked", properties=click),
            order(3, "2026-11-03T08:00", "p1", [("tea", 2.0), ("milk", 1.0)]),
            event(4, "2026-11-04T08:00", "p2"),  # of somebody else
            event(5, "2026-11-05T08:00"),  # not before the clock
        ],
    )
    params = {"source": "events", "path": str(tmp_path)}
    import_events.run(context(workspace, engine), params)

    with engine.connect() as conn:
        clock = datetime(2026, 11, 5, 8, tzinfo=UTC)
        seen = events_of(open_duckdb(threads=1), workspace, conn, "p1", clock)

    assert seen == [
        Seen(
            datetime(2026, 11, 3, 8, tzinfo=UTC),
            "Order Completed",
            {"order_id": "o3", "revenue": 3.0, "products": 2},
        ),
        Seen(
            datetime(2026, 11, 2, 8, tzinfo=UTC),
            "Content Clicked",
            {"content_id": "c1", "campaign_type": "Type C"},
        ),
        Seen(datetime(2026, 11, 1, 8, tzinfo=UTC), "identify", {"plan": "gold"}),
    ]
