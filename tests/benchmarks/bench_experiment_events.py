"""From a world's events to an experiment's results: all days, one new day, and nothing new.

Run as ``python -m tests.benchmarks.bench_experiment_events [--people N] [--days D]``. The days that
were computed one after another are held against those computed at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data.day_aggregates import events_by_day
from data.experiment_events import Computed, compute
from data.experiment_examples import hero_banner
from data.lake import open_duckdb
from data.store import open_store
from data.workspace import workspace_at
from kindred.experiments.judged import judge_days
from kindred.simulation.population import World
from pipelines import import_events
from pipelines.job import JobContext
from pipelines.report import ListReporter
from pipelines.simulate import write_world

END = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "hero-banner"


def timed(what: str, do: Callable[[], Any]) -> Any:
    """Do something and print how long it took, by the clock and by the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    done = do()
    spent = time.perf_counter() - clock
    print(f"{what}: {spent:.2f} s, {time.process_time() - processor:.2f} s of processor time")
    return done


def main() -> None:
    """Make the world, compute, compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=180)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world, workspace = Path(folder) / "world", workspace_at(Path(folder) / "home")
        size = World(people=given.people, days=given.days, seed=1)
        events = write_world(size, world, until=None, progress=lambda _share, _text: None)
        engine = open_store(workspace)
        context = JobContext(workspace, engine, END, END, ListReporter())
        import_events.run(context, {"source": "events", "path": str(world)})
        with engine.connect() as conn:
            files = events_by_day(conn)
        experiment = hero_banner()
        print(f"{events:,} events, {given.people:,} people, {len(experiment.metrics)} metrics")

        def run(known: dict[str, str]) -> Computed:
            backend = open_duckdb(memory_limit="4GB")
            return compute(backend, workspace, files, KEY, experiment, known, END)

        whole: Computed = timed("all days", lambda: run({}))
        signatures = {day: found[0] for day, found in whole.days.items()}
        newest = max(signatures)
        rest = {day: signed for day, signed in signatures.items() if day != newest}
        one: Computed = timed("one new day", lambda: run(rest))
        nothing: Computed = timed("nothing new", lambda: run(signatures))
        assert list(one.days) == [newest]
        assert not nothing.days
        assert one.days[newest][2]["units"] == whole.days[newest][2]["units"]
        bodies = {day: found[2] for day, found in whole.days.items()}
        judged = timed("judging all days", lambda: judge_days(experiment, bodies))
        for result in judged.report.results:
            plain = result.plain
            low, high = plain.relative_interval
            print(f"{result.metric}: {plain.relative.value:+.1%} ({low:+.1%} to {high:+.1%})")
        engine.dispose()


if __name__ == "__main__":
    main()
