"""The job ``aggregate_days``: add up each person's events by day, for days that have changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.day_aggregates import (
    DAY_AGGREGATES,
    PERSON_NUMBERS,
    aggregate,
    commit_aggregates,
    events_by_day,
    fresh_aggregates,
)
from data.engine import reader
from data.lake import live_files, open_duckdb
from pipelines.job import JobContext, JobResult

MEMORY = "4GB"


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Write the days that are new or have late events; no parameters."""
    with reader(context.engine).connect() as conn:
        days = events_by_day(conn)
        fresh = fresh_aggregates(conn, days)
        kept = live_files(conn, DAY_AGGREGATES)
        numbered = live_files(conn, PERSON_NUMBERS)
    stale = {day: files for day, files in days.items() if day not in fresh}
    ended = [file.path for file in kept if fresh.get(file.day or "") != file]
    if not stale and not ended:
        return JobResult(fresh=True)
    backend = open_duckdb(memory_limit=MEMORY)
    with context.report.step("Adding up events by day") as step:
        done = aggregate(context.workspace, backend, stale, numbered, step.progress)
        done.replaced = ended
        rows = sum(file.rows for file in done.files)
        step.rows(rows)
    with context.engine.begin() as conn:
        commit_aggregates(conn, done, at=context.now)
    return JobResult(rows=rows, detail={"days": len(done.files), "ended": len(ended)})
