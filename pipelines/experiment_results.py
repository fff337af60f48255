"""The job ``experiment_results``: exposures and metrics into sufficient statistics by day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from data.audit import Actor
from data.day_aggregates import events_by_day
from data.engine import reader
from data.experiment_events import compute
from data.experiment_examples import define_simulated, keep_example
from data.experiment_null import keep_null_test, null_test
from data.experiment_results import is_fresh, known_days, save_results
from data.experiments import list_experiments
from data.lake import dataset_version, open_duckdb
from data.workspace import facts
from pipelines.experiment_levels import Levels, moved_at
from pipelines.job import JobContext, JobResult
from pipelines.sources import completejourney

MEMORY: Final = "4GB"
KINDRED: Final = Actor("kindred")


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Compute the days of exposure that are new or have changed, of every experiment."""
    kept_example = _begin(context)
    with reader(context.engine).connect() as conn:
        version, files = dataset_version(conn), events_by_day(conn)
        stale = [
            kept
            for kept in list_experiments(conn, context.as_of)
            if not is_fresh(
                conn,
                kept.definition.key,
                kept.experiment,
                context.as_of,
                version,
                moved_at(conn, kept.experiment, context.now),
            )
        ]
        known = {kept.definition.key: known_days(conn, kept.definition.key) for kept in stale}
    if not stale or not files:
        return JobResult(fresh=not kept_example)
    backend, days = open_duckdb(memory_limit=MEMORY), 0
    with (
        context.report.step("From exposures to results") as step,
        Levels(context, backend, step) as levels,
    ):
        for place, kept in enumerate(stale):
            key = kept.definition.key
            step.progress(place / len(stale), kept.definition.name)
            done = compute(
                backend,
                context.workspace,
                files,
                key,
                kept.experiment,
                known[key],
                context.as_of,
                levels,
            )
            with context.engine.begin() as conn:
                save_results(
                    conn,
                    key,
                    kept.experiment,
                    done,
                    run_id=context.run_id,
                    as_of=context.as_of,
                    at=context.now,
                    dataset_version=version,
                )
            days += len(done.days)
        step.rows(days)
    return JobResult(rows=days, detail={"experiments": len(stale), "days": days})


def _begin(context: JobContext) -> bool:
    """Give a workspace without experiments one to see: real, or of the simulated world."""
    with context.engine.begin() as conn:
        known = facts(conn)
        if known is None:
            return False
        give = define_simulated if known.kind == "simulated" else keep_example
        given = give(conn, actor=KINDRED, at=context.now)
    if given and known.source == completejourney.SOURCE:
        _keep_null_test(context)
    return given


def _keep_null_test(context: JobContext) -> None:
    """Let real households be compared with themselves, too."""
    with reader(context.engine).connect() as conn:
        files = events_by_day(conn)
    with context.report.step("An A/A test of households"):
        backend = open_duckdb(memory_limit=MEMORY)
        test = null_test(backend, context.workspace, files, context.as_of)
        if test is not None:
            with context.engine.begin() as conn:
                keep_null_test(conn, test, actor=KINDRED, at=context.now)
