"""The job ``memberships``: who is in which published segment, who joined and who left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from data import runs
from data.audit import Actor
from data.engine import reader
from data.manifest import EVENTS, live_files
from data.membership_files import Writer, compare, read_members
from data.memberships import (
    HISTORY_JOB,
    Computed,
    Counted,
    Inputs,
    commit,
    inputs,
    lacking_history,
)
from data.publications import Live
from data.segment_opening import open_population
from data.segment_population import Population
from data.segment_study import revenue_of
from data.trait_table import PERSON
from kindred.errors import UserError
from kindred.segments.parse import read_rule
from pipelines.job import JobContext, JobResult, Step

MOST_EVENTS: Final = 3_000_000  # with more, traits of earlier times would take minutes each
WORKER: Final = Actor("Kindred")


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Work out all published segments together, unless nothing has changed; no parameters.

    A segment that can't be worked out keeps the members it had, with their age, and does not hold
    up the others.

    Raises
    ------
    UserError
        A segment is live, but no traits have been computed; or another run was quicker.
    """
    with reader(context.engine).connect() as conn:
        given = inputs(conn, context.as_of, context.now)
        if given.fresh:
            return JobResult(fresh=True, detail={"segments": len(given.versions)})
        with context.report.step("Opening people and events") as step:
            population = open_population(
                context.workspace, conn, as_of=context.as_of, at=context.now
            )
            step.rows(population.size)
    done = Computed()
    with Writer(context.workspace) as writer:
        with context.report.step("Working out members") as step:
            _count_all(context, population, given, writer, done, step)
        done.changes = writer.changes()
        with context.engine.begin() as conn:
            commit(conn, given, done, people=population.size, run_id=context.run_id, at=context.now)
    _ask_for_history(context)
    counted = [one for one in done.sizes if one.size is not None and one.version is not None]
    return JobResult(
        rows=sum(one.size or 0 for one in counted),
        detail={"segments": len(counted), "failed": done.failed},
    )


def _count_all(
    context: JobContext,
    population: Population,
    given: Inputs,
    writer: Writer,
    done: Computed,
    step: Step,
) -> None:
    ids = population.columns.read(PERSON)
    everybody, _ = revenue_of(population, None)
    for place, version in enumerate(given.versions):
        step.progress(place / max(len(given.versions), 1), version.name)
        try:
            counted = _counted(context, population, given, version, writer, done, ids, everybody)
        except UserError as error:
            counted = Counted(
                version.key, version.number, given.as_of, population.size, error=str(error)
            )
        done.sizes.append(counted)
    for key in given.files.keys() - {version.key for version in given.versions}:
        done.sizes.append(_ended(context, population, given, key, writer))
        done.files[key] = None
    step.rows(sum(one.size or 0 for one in done.sizes))


def _counted(
    context: JobContext,
    population: Population,
    given: Inputs,
    version: Live,
    writer: Writer,
    done: Computed,
    ids: pa.ChunkedArray,
    everybody: float | None,
) -> Counted:
    """Work out one segment and write what differs from the run before."""
    members = population.members(read_rule(version.body))
    file = given.files.get(version.key)
    before = read_members(context.workspace, file) if file else None
    inside = ids.take(pa.array(members.positions())).combine_chunks()
    found = compare(inside, before, as_of=given.as_of, version=version.number)
    changed = bool(len(found.joined) or len(found.left))
    if before is not None and changed:
        writer.changed(version.key, found, as_of=given.as_of, version=version.number)
    if before is None or changed or not _is_of(before, version.number):
        file = done.files[version.key] = writer.members(version.key, found.members)
    assert file is not None
    _, spent = revenue_of(population, members)
    return Counted(
        version.key,
        version.number,
        given.as_of,
        population.size,
        size=len(inside),
        revenue_share=spent / everybody if spent is not None and everybody else None,
        joined=None if before is None else len(found.joined),
        left=None if before is None else len(found.left),
        path=file.path,
    )


def _is_of(before: pa.Table, version: int) -> bool:
    """Tell whether the members were written by the rule of this very version."""
    return bool(len(before)) and before.column("version")[0].as_py() == version


def _ended(
    context: JobContext, population: Population, given: Inputs, key: str, writer: Writer
) -> Counted:
    """Let everybody leave a segment of which nothing is live any more."""
    before = read_members(context.workspace, given.files[key])
    nobody = pa.array([], pa.string())
    found = compare(nobody, before, as_of=given.as_of, version=None)
    last = before.column("version")[0].as_py() if len(before) else 0
    writer.changed(key, found, as_of=given.as_of, version=last)
    return Counted(key, None, given.as_of, population.size, size=0, joined=0, left=len(found.left))


def _ask_for_history(context: JobContext) -> None:
    """Let a worker count what new versions would have held before, where that is quick."""
    with context.engine.begin() as conn:
        events = sum(file.rows for file in live_files(conn, EVENTS))
        wanted = events <= MOST_EVENTS and lacking_history(conn, context.now)
        if wanted and not runs.is_queued(conn, HISTORY_JOB):
            runs.enqueue(conn, HISTORY_JOB, {}, actor=WORKER, at=context.now)
