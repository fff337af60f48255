"""The job ``segment_history``: how many a new version would have held at earlier times.

Traits are computed anew as of each of those times, since today's would be known too early; their
snapshots are kept, so a segment published later costs only its own leaves.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from data import traits
from data.engine import reader
from data.lake import (
    EVENTS,
    LakeFile,
    commit_files,
    dataset_version,
    describe_file,
    live_files,
    open_duckdb,
    read_events,
)
from data.memberships import Counted, keep_history, lacking_history
from data.publications import Live
from data.segment_opening import open_population
from data.segment_population import Population
from data.segment_study import revenue_of
from data.trait_table import trait_table
from kindred.errors import UserError
from kindred.segments.parse import read_rule
from pipelines.compute_traits import write_snapshot
from pipelines.job import JobContext, JobResult, Step

EARLIER_TRAITS: Final = "earlier_traits"  # its snapshots are named by what they stand on
TIMES: Final = 12
APART: Final = timedelta(days=28)
MEMORY: Final = "2GB"


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Count the live versions that have no history yet; no parameters."""
    with reader(context.engine).connect() as conn:
        wanted = lacking_history(conn, context.now)
        trait_run = traits.latest_run(conn)
        version = dataset_version(conn)
        times = _times(live_files(conn, EVENTS), context.as_of)
    if not wanted or trait_run is None:
        return JobResult(fresh=True)
    sizes: list[Counted] = []
    with context.report.step("Counting earlier times") as step:
        for number, as_of in enumerate(times):
            step.progress(number / len(times), f"{as_of:%Y-%m-%d}")
            file = _snapshot(context, version, as_of, step)
            if file is not None:
                with reader(context.engine).connect() as conn:
                    population = open_population(
                        context.workspace, conn, as_of=as_of, at=context.now, snapshot=file
                    )
                sizes += _counted(population, wanted, as_of)
        sizes += _without_any(sizes, wanted, context.as_of)
        step.rows(len(sizes))
    with context.engine.begin() as conn:
        keep_history(conn, sizes, at=context.now, dataset_version=version)
    return JobResult(rows=len(sizes), detail={"segments": [one.key for one in wanted]})


def _times(events: Sequence[LakeFile], as_of: datetime) -> list[datetime]:
    """Give the times to count at, the earliest first: none before the first day with events."""
    earlier = [as_of - number * APART for number in range(TIMES, 0, -1)]
    days = [file.day for file in events]
    first = "" if None in days else min(filter(None, days), default="")
    return [moment for moment in earlier if f"{moment:%Y-%m-%d}" > first]


def _snapshot(context: JobContext, version: int, as_of: datetime, step: Step) -> LakeFile | None:
    """Compute everybody's traits as of a time, or find them; none where nobody was there yet."""
    name = traits.fingerprint(version, as_of)
    with reader(context.engine).connect() as conn:
        kept = live_files(conn, EARLIER_TRAITS, name)
        backend = open_duckdb(memory_limit=MEMORY)
        events = read_events(backend, context.workspace, conn)
    if not kept:
        made = trait_table(backend, events, as_of)
        target = context.workspace.lake / EARLIER_TRAITS / f"{uuid.uuid4().hex[:12]}.parquet"
        write_snapshot(backend, made.table, target, step)
        kept = [describe_file(context.workspace, target)]
        with context.engine.begin() as conn:
            commit_files(
                conn, EARLIER_TRAITS, kept, why="segment history", at=context.now, snapshot=name
            )
    return kept[0] if kept[0].rows else None


def _counted(population: Population, wanted: Sequence[Live], as_of: datetime) -> list[Counted]:
    everybody, _ = revenue_of(population, None)
    found = []
    for version in wanted:
        try:
            members = population.members(read_rule(version.body))
        except UserError:  # a trait that nobody had yet, such as a share of what was not sold
            continue
        _, spent = revenue_of(population, members)
        share = spent / everybody if spent is not None and everybody else None
        found.append(
            Counted(
                version.key,
                version.number,
                as_of,
                population.size,
                size=len(members),
                revenue_share=share,
                backcast=True,
            )
        )
    return found


def _without_any(
    sizes: Sequence[Counted], wanted: Sequence[Live], as_of: datetime
) -> list[Counted]:
    """Note which versions have no earlier time to be counted at, so that it isn't tried again."""
    counted = {(one.key, one.version) for one in sizes}
    why = "There is no earlier time at which all it speaks of was known."
    return [
        Counted(one.key, one.number, as_of, 0, backcast=True, error=why)
        for one in wanted
        if (one.key, one.number) not in counted
    ]
