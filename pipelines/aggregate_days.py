"""The job ``aggregate_days``: events as rules read them, for days that are new or have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.day_aggregates import (
    DAY_AGGREGATES,
    PERSON_NUMBERS,
    SCHEMAS,
    aggregate,
    commit_aggregates,
    events_by_day,
    fresh_days,
)
from data.engine import reader
from data.lake import live_files, open_duckdb
from pipelines.job import JobContext, JobResult

MEMORY = "4GB"


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Write the days that are new or have late events; no parameters."""
    with reader(context.engine).connect() as conn:
        days = events_by_day(conn)
        fresh = {name: fresh_days(conn, name, days) for name in SCHEMAS}
        kept = [(name, file) for name in SCHEMAS for file in live_files(conn, name)]
        numbered = live_files(conn, PERSON_NUMBERS)
    made = set[str].intersection(*(set(found) for found in fresh.values()))
    stale = {day: files for day, files in days.items() if day not in made}
    ended = [file.path for _, file in kept if file.day not in made]
    if not stale and not ended:
        return JobResult(fresh=True)
    backend = open_duckdb(memory_limit=MEMORY)
    with context.report.step("Adding up events by day") as step:
        done = aggregate(context.workspace, backend, stale, numbered, step.progress)
        done.replaced = ended
        rows = sum(file.rows for file in done.files[DAY_AGGREGATES])
        step.rows(rows)
    with context.engine.begin() as conn:
        commit_aggregates(conn, done, at=context.now)
    return JobResult(rows=rows, detail={"days": len(stale), "ended": len(ended)})
