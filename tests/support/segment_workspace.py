"""A small workspace that rules are tried over: events imported, traits kept, days added up."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.engine import reader
from data.lake import TRAITS, describe_file, open_duckdb
from data.segment_opening import open_population
from data.segment_population import Population
from data.traits import save_run
from data.workspace import Workspace
from kindred.segments.profile import Happened
from kindred.traits.trait import Trait, TraitType
from pipelines import aggregate_days, import_events
from pipelines.job import JobContext, JobResult
from pipelines.report import ListReporter
from tests.support.segment_worlds import TRAITS as COLUMNS
from tests.support.segment_worlds import Person, World

NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 1, tzinfo=UTC)
ORDER = "Order Completed"
BACK = (0.4, 0.5, 0.51, 1, 1.2, 3, 6.99, 7, 7.5, 13, 14, 20, 29, 30, 30.5, 31, 59, 60, 61)
KINDS = {
    "monetary": TraitType.NUMBER,
    "frequency": TraitType.INTEGER,
    "income": TraitType.CATEGORY,
    "opted_in": TraitType.FLAG,
    "last_order_at": TraitType.TIME,
    "tags": TraitType.LIST,
}


def somebody(n: int) -> Person:
    """A person whose days differ from everybody else's; every third has nothing but traits."""
    events = [
        Happened(name, NOON - timedelta(days=back, minutes=n), properties, None)
        for i, back in enumerate(BACK)
        for name, properties in (
            (ORDER, {"revenue": round(0.1 * (i + n), 2)} if (i + n) % 4 else {}),
            ("Product Viewed", {"category": "Deli" if i % 2 else "Dairy"}),
            ("Product Added", {}),
        )
        if (i * 7 + n * 5 + len(name)) % 6 < 2
    ]
    traits = {"monetary": float(n), "frequency": n % 4, "income": f"{n % 3}0K"}
    return Person(f"p{n:02d}", traits if n % 5 else {}, [] if n % 3 == 0 else events)


WORLD = World([somebody(n) for n in range(24)], NOON)


def job_context(
    workspace: Workspace, engine: Engine, as_of: datetime = NOON, now: datetime = NOON
) -> JobContext:
    return JobContext(workspace, engine, now, as_of, ListReporter())


def take_in(workspace: Workspace, engine: Engine, world: World, folder: Path) -> None:
    """Import a population's events as a user would, in order to meet the same rules."""
    folder.mkdir(parents=True)
    pq.write_table(world.event_table(), folder / "events.parquet")
    facts = {"kind": "simulated", "source": "test", "clock_fixed_at": world.as_of.isoformat()}
    (folder / "world.json").write_text(json.dumps(facts))
    params = {"source": "events", "path": str(folder)}
    import_events.run(job_context(workspace, engine), params)


def keep_traits(workspace: Workspace, engine: Engine, world: World) -> None:
    path = workspace.lake / TRAITS / f"{uuid.uuid4().hex[:12]}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(world.people_table().drop_columns(["position"]), path)
    declared = [Trait(name, f"{name}.", "", KINDS[name], "about") for name in COLUMNS]
    with engine.begin() as conn:
        save_run(
            conn,
            describe_file(workspace, path),
            declared,
            run_id=None,
            at=NOON,
            as_of=world.as_of,
            dataset_version=1,
            fingerprint="test",
        )


def add_up(workspace: Workspace, engine: Engine) -> JobResult:
    return aggregate_days.run(job_context(workspace, engine), {})


def opened(workspace: Workspace, engine: Engine, as_of: datetime | None = None) -> Population:
    with reader(engine).connect() as conn:
        return open_population(workspace, conn, as_of=as_of, backend=open_duckdb(threads=1))
