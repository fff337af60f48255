"""Simulate a world and import it, against the limit set and DuckDB's own copy of the same files.

Run as ``python -m tests.benchmarks.bench_simulate [--people N] [--days D] [--keep DIR]``. Each part
runs in a process of its own. The import checks every row, drops duplicates, sorts each day by
person and writes a manifest; the peer is one ``COPY … PARTITION_BY`` of the same columns, sorted
likewise, which checks nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from tests.benchmarks.child import Spent, spend

ME = "tests.benchmarks.bench_simulate"
LIMIT = 300_000  # events a second, as asked


def simulate(out: Path, people: int, days: int) -> int:
    """Write the world; gives its number of events."""
    from kindred.simulation.population import World
    from pipelines.simulate import write_world

    world = World(people=people, days=days, seed=1)
    return write_world(world, out, until=None, progress=lambda _share, _text: None)


def take_in(out: Path, home: Path) -> int:
    """Import the world into a new workspace."""
    from datetime import UTC, datetime

    from data.store import open_store
    from data.workspace import workspace_at
    from pipelines import import_events
    from pipelines.job import JobContext
    from pipelines.report import ListReporter

    workspace = workspace_at(home)
    engine = open_store(workspace)
    now = datetime(2026, 1, 2, tzinfo=UTC)
    context = JobContext(workspace, engine, now, now, ListReporter())
    return import_events.run(context, {"source": "events", "path": str(out)}).rows or 0


def copy(out: Path, home: Path) -> int:
    """Let DuckDB copy the files a day at a time, sorted by person and time."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": "4GB"})
    con.execute("SET TimeZone = 'UTC'")
    rows = 0
    home.mkdir(parents=True, exist_ok=True)
    for day in sorted((out / "events").iterdir()):
        (found,) = con.execute(
            f"COPY (SELECT * FROM read_parquet('{day}/*.parquet') ORDER BY "
            f"coalesce(userId, anonymousId), timestamp, messageId) "
            f"TO '{home / day.name}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()[0]
        rows += int(found)
    return rows


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--child", choices=["simulate", "import", "copy"])
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--days", type=int, default=365)
    arguments.add_argument("--keep", type=Path)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="kindred-simulate-") as folder:
        base = given.keep or Path(folder)
        world, home = base / "world", base / "home"
        if given.child == "simulate":
            print(json.dumps({"events": simulate(world, given.people, given.days)}))
        elif given.child == "import":
            print(json.dumps({"events": take_in(world, home)}))
        elif given.child == "copy":
            print(json.dumps({"events": copy(world, base / "copy")}))
        else:
            _report(base, ["--people", str(given.people), "--days", str(given.days)])


def _report(base: Path, size: list[str]) -> None:
    print(
        "| part | events | seconds | events/s | peak GiB |\n|---|---:|---:|---:|---:|", flush=True
    )
    found: dict[str, Spent] = {}
    for part in ("simulate", "copy", "import"):
        spent = found[part] = spend(ME, "--child", part, "--keep", str(base), *size)
        events = spent.result["events"]
        rate = events / spent.seconds
        print(f"| {part} | {events:,} | {spent.seconds:.0f} | {rate:,.0f} | {spent.peak:.2f} |")
    speed = found["simulate"].result["events"] / found["simulate"].seconds
    against = found["import"].seconds / found["copy"].seconds
    print(f"simulate: {speed / LIMIT:.2f} × the {LIMIT:,} events/s asked for")
    print(f"import: {against:.2f} × DuckDB's sorted copy")


if __name__ == "__main__":
    main()
