"""The job ``memberships``: who is in which published segment, who joined and who left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import pyarrow as pa

from data import runs
from data.audit import Actor
from data.engine import reader
from data.manifest import EVENTS, live_files
from data.membership_files import Compared, Writer, compare, read_members
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
    with Writer(context.workspace) as writer:
        work = _Work(context, population, given, writer)
        with context.report.step("Working out members") as step:
            work.count_all(step)
        done = work.done
        done.changes = writer.changes()
        with context.engine.begin() as conn:
            commit(conn, given, done, people=population.size, run_id=context.run_id, at=context.now)
    _ask_for_history(context)
    counted = [one for one in done.sizes if one.size is not None and one.version is not None]
    return JobResult(
        rows=sum(one.size or 0 for one in counted),
        detail={"segments": len(counted), "failed": done.failed},
    )


@dataclass
class _Work:
    """One run's people, what it is compared with, and what came of it so far."""

    context: JobContext
    population: Population
    given: Inputs
    writer: Writer
    done: Computed = field(default_factory=Computed)

    @cached_property
    def ids(self) -> pa.ChunkedArray:
        """Everybody's id, by position."""
        return self.population.columns.read(PERSON)

    @cached_property
    def spent(self) -> float | None:
        """What everybody spent."""
        return revenue_of(self.population, None)[0]

    def count_all(self, step: Step) -> None:
        """Work out every segment; one that can't be keeps what it had."""
        for place, version in enumerate(self.given.versions):
            step.progress(place / len(self.given.versions), version.name)
            try:
                counted = self.counted(version)
            except UserError as error:
                counted = self._row(version.key, version.number, error=str(error))
            self.done.sizes.append(counted)
        for key in self.given.files.keys() - {version.key for version in self.given.versions}:
            self.done.sizes.append(self.ended(key))
            self.done.files[key] = None
        step.rows(sum(one.size or 0 for one in self.done.sizes))

    def counted(self, version: Live) -> Counted:
        """Work out one segment, and write what differs from the run before."""
        members = self.population.members(read_rule(version.body))
        inside = self.ids.take(pa.array(members.positions())).combine_chunks()
        before = self._before(version.key)
        found = compare(inside, before, as_of=self.given.as_of, version=version.number)
        changed = bool(len(found.joined) or len(found.left))
        if before is not None and changed:
            self._tell(version.key, found, version.number)
        if before is None or changed or _version_of(before) != version.number:
            file = self.writer.members(version.key, found.members)
            self.done.files[version.key] = file
        else:
            file = self.given.files[version.key]
        own = revenue_of(self.population, members)[1]
        return self._row(
            version.key,
            version.number,
            size=len(inside),
            revenue_share=own / self.spent if own is not None and self.spent else None,
            joined=None if before is None else len(found.joined),
            left=None if before is None else len(found.left),
            path=file.path,
        )

    def ended(self, key: str) -> Counted:
        """Let everybody leave a segment of which nothing is live any more."""
        before = self._before(key)
        assert before is not None
        nobody = pa.array([], pa.string())
        found = compare(nobody, before, as_of=self.given.as_of, version=None)
        self._tell(key, found, _version_of(before) or 0)
        return self._row(key, None, size=0, joined=0, left=len(found.left))

    def _before(self, key: str) -> pa.Table | None:
        file = self.given.files.get(key)
        return None if file is None else read_members(self.context.workspace, file)

    def _tell(self, key: str, found: Compared, version: int) -> None:
        self.writer.changed(key, found, as_of=self.given.as_of, version=version)

    def _row(self, key: str, version: int | None, **counted: Any) -> Counted:
        return Counted(key, version, self.given.as_of, self.population.size, **counted)


def _version_of(members: pa.Table) -> int | None:
    """Tell by which version's rule members were written; none of nobody."""
    return members.column("version")[0].as_py() if len(members) else None


def _ask_for_history(context: JobContext) -> None:
    """Let a worker count what new versions would have held before, where that is quick."""
    with context.engine.begin() as conn:
        events = sum(file.rows for file in live_files(conn, EVENTS))
        wanted = events <= MOST_EVENTS and lacking_history(conn, context.now)
        if wanted and not runs.is_queued(conn, HISTORY_JOB):
            runs.enqueue(conn, HISTORY_JOB, {}, actor=WORKER, at=context.now)
