"""The job ``summaries``: totals and daily counts as of the run's clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.engine import reader
from data.lake import CATALOGUE, dataset_version, live_files, open_duckdb, read_events
from data.summaries import by_day, latest_summaries, save_summary, totals
from kindred.errors import UserError
from pipelines.job import JobContext, JobResult

MEMORY = "6GB"


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Count, unless the last summary stands on the same events and clock."""
    with reader(context.engine).connect() as conn:
        version = dataset_version(conn)
        last = next(iter(latest_summaries(conn, 1)), None)
        items = sum(file.rows for file in live_files(conn, CATALOGUE))
        backend = open_duckdb(memory_limit=MEMORY)
        events = read_events(backend, context.workspace, conn)
    if version == 0:
        raise UserError(
            "There are no events yet.", "Import some: python -m pipelines import completejourney"
        )
    if last is not None and (last.dataset_version, last.as_of) == (version, context.as_of):
        return JobResult(fresh=True, detail={"people": last.people})
    with context.report.step("Counting people, orders and revenue") as step:
        counted = totals(events, context.as_of).to_pyarrow().to_pylist()[0]
        step.rows(counted["events"])
    with context.report.step("Counting by day") as step:
        days = by_day(events, context.as_of).to_pyarrow().to_pylist()
        step.rows(len(days))
    with context.engine.begin() as conn:
        save_summary(
            conn,
            counted,
            days,
            run_id=context.run_id,
            at=context.now,
            as_of=context.as_of,
            dataset_version=version,
            items=items,
        )
    return JobResult(
        rows=len(days), detail={"people": counted["people"], "later_events": counted["later"]}
    )
