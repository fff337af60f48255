"""The job ``refresh``: import, summaries, traits, days, clusters and members, as far as needed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select

from data import runs
from data.clock import as_of
from data.engine import reader
from data.job_names import job_name
from data.manifest import dataset_version
from data.runs import Status
from data.schema import pipeline_runs
from data.segment_examples import choose_examples, publish_examples, wants_examples
from data.segment_opening import open_population
from kindred.errors import UserError
from pipelines.job import JobContext, JobResult, Reporter, Step
from pipelines.jobs import job

PARTS: Final = (
    "summaries",
    "traits",
    "aggregate_days",
    "clusters",
    "memberships",
    "experiment_results",
    "train_recommender",
    "precompute",
)
OPTIONAL: Final = ("train_recommender", "precompute")  # not every data set names items


@dataclass(frozen=True)
class _Part:
    """Passes the steps of a part on under what the part is called."""

    name: str
    whole: Reporter

    def step(self, name: str) -> AbstractContextManager[Step]:
        """Open the step in the whole run."""
        return self.whole.step(f"{job_name(self.name)}: {name[:1].lower()}{name[1:]}")


def run(context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Bring everything up to date; what is fresh is skipped.

    Parameters
    ----------
    params : mapping
        ``source`` (and ``path``) as the job ``import`` takes them; without, the workspace's last
        import is looked at again where its source still lies there.

    Raises
    ------
    UserError
        The workspace is empty and no source is named.
    """
    with reader(context.engine).connect() as conn:
        source = params if params.get("source") else last_source(conn)
        empty = dataset_version(conn) == 0
    if source is None and empty:
        raise UserError(
            "The workspace is empty, so there is nothing to refresh.",
            "Import something first: python -m pipelines import completejourney",
        )
    done: dict[str, JobResult] = {}
    if source is not None:
        done["import"] = do_part("import", context, source)
        context = _pinned_again(context)
    for name in PARTS:
        if name == "memberships":
            _begin_with_examples(context)
        done[name] = do_part(name, context, {})
    return JobResult(
        rows=sum(result.rows for result in done.values()),
        fresh=all(result.fresh for result in done.values()),
        detail={"parts": {n: {"fresh": r.fresh, "rows": r.rows} for n, r in done.items()}},
    )


def do_part(name: str, context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Do a job as a part of another, its steps under its name."""
    try:
        result = job(name)(replace(context, report=_Part(name, context.report)), params)
    except UserError as why:
        if name not in OPTIONAL:
            raise
        with context.report.step(f"{job_name(name)}: left out") as step:
            step.progress(1.0, why.what)
        return JobResult(fresh=True, detail={"left out": why.what})
    if result.fresh:
        with context.report.step(f"{job_name(name)}: up to date"):
            pass
    return result


def _begin_with_examples(context: JobContext) -> None:
    """Publish example segments where example data has none yet, so that there is one to look at."""
    with reader(context.engine).connect() as conn:
        if not wants_examples(conn):
            return
        population = open_population(context.workspace, conn, as_of=context.as_of, at=context.now)
        chosen = choose_examples(conn, population)
    with context.report.step("Segments: publishing examples") as step:
        with context.engine.begin() as conn:
            keys = publish_examples(conn, chosen, context.now)
        step.rows(len(keys))


def _pinned_again(context: JobContext) -> JobContext:
    """An import may move a fixed clock on, and the parts after it work on what it brought."""
    with context.engine.begin() as conn:
        clock, version = as_of(conn, context.now), dataset_version(conn)
        if context.run_id is not None:
            runs.pin(conn, context.run_id, as_of=clock, dataset_version=version)
    return replace(context, as_of=clock)


def last_source(conn: Connection) -> Mapping[str, Any] | None:
    """Find what the last import was given, if the folder that it read is still there."""
    known = conn.execute(
        select(pipeline_runs.c.job, pipeline_runs.c.status, pipeline_runs.c.params)
        .where(pipeline_runs.c.job.in_(["import", "refresh"]))
        .order_by(pipeline_runs.c.id.desc())
        .limit(100)
    )
    for job_id, status, params in known:
        # A refresh that failed may have failed after its import.
        imported = status == Status.SUCCEEDED or job_id == "refresh"
        if imported and params.get("source"):
            there = "path" not in params or Path(params["path"]).is_dir()
            return dict(params) if there else None
    return None
