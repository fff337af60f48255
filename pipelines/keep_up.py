"""The job ``keep_up``: traits, members and results again as of now, while events come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from data.engine import reader
from data.lake_tidy import delete_replaced
from pipelines.job import JobContext, JobResult
from pipelines.refresh import do_part

PARTS: Final = ("summaries", "traits", "aggregate_days", "memberships", "experiment_results")


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Bring up to date what is worked out from events; models, clusters and the map stay.

    Done twice it does nothing the second time; stopped half-way, what is done counts.
    """
    done = {name: do_part(name, context, {}) for name in PARTS}
    step_name = "files: deleting what was replaced"
    with context.report.step(step_name) as step, reader(context.engine).connect() as conn:
        step.rows(delete_replaced(context.workspace, conn, context.now))
    return JobResult(
        rows=sum(result.rows for result in done.values()),
        fresh=all(result.fresh for result in done.values()),
        detail={"parts": {n: {"fresh": r.fresh, "rows": r.rows} for n, r in done.items()}},
    )
