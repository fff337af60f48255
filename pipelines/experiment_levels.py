"""Who was in which cluster or segment when experiments' people were exposed.

A segment's rule is asked as of the Monday (00:00 UTC) before an exposure, of the traits and events
of then: always before the exposure, at most a week. What was found is kept, so that a week costs
its traits once, and results do not move when older events come in. A cluster is that of the last
run whose data end before the exposure.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection, func, select

from data.engine import reader
from data.experiment_dimensions import Period
from data.experiment_measures import DAY
from data.lake import (
    EVENTS,
    MAP,
    LakeFile,
    commit_files,
    describe_file,
    live_files,
    open_duckdb,
    read_dataset,
    read_events,
)
from data.map_reads import map_clusters
from data.publications import live
from data.schema import cluster_runs
from data.segment_opening import live_segments, open_population
from data.segment_population import Population
from data.segments import KIND as SEGMENT
from data.trait_table import PERSON, trait_table
from kindred.errors import UserError
from kindred.experiments.definition import Experiment
from kindred.experiments.dimensions import INSIDE, OUTSIDE, Dimension, read_dimension
from kindred.segments.durations import micros, moment
from kindred.segments.rules import Rule
from kindred.segments.walk import leaves_through
from pipelines.compute_traits import write_snapshot
from pipelines.job import JobContext, Step

EXPERIMENT_LEVELS: Final = "experiment_levels"  # its snapshots are named by rule and week
MOST_EVENTS: Final = 10_000_000  # with more, a week's traits would take minutes each
MEMORY: Final = "2GB"
NOISE: Final = "(noise)"
_SCHEMA: Final = pa.schema([pa.field(PERSON, pa.string()), pa.field("inside", pa.bool_())])


@dataclass
class Levels:
    """Looks up periods for one run of the job; traits of a week are computed once.

    Parameters
    ----------
    backend : Backend
        In which the periods are read.
    step : Step
        To which progress is told.
    """

    context: JobContext
    backend: Backend
    step: Step
    _weeks: dict[int, LakeFile] = field(default_factory=dict)

    def __enter__(self) -> Levels:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._weeks.values():
            self._path(file).unlink(missing_ok=True)

    def __call__(self, asked: Dimension, first: int, last: int) -> Sequence[Period]:
        """Give the periods that exposures between two times (microseconds) ask for."""
        if asked.kind == "clusters":
            return self._clusters(last)
        rule = self._segments.get(asked.name)
        if rule is None:
            return []
        found = []
        for start in weeks(first, last):
            file = self._members(rule, start)
            if file is not None:
                rows = read_dataset(self.backend, self.context.workspace, [file])
                level = ibis.ifelse(rows["inside"], INSIDE, OUTSIDE)
                found.append(Period(start, rows.select(PERSON, level=level)))
        return found

    @cached_property
    def _segments(self) -> dict[str, Rule]:
        with reader(self.context.engine).connect() as conn:
            return live_segments(conn, self.context.now)

    @cached_property
    def _small(self) -> bool:
        with reader(self.context.engine).connect() as conn:
            return sum(file.rows for file in live_files(conn, EVENTS)) <= MOST_EVENTS

    def _clusters(self, last: int) -> list[Period]:
        with reader(self.context.engine).connect() as conn:
            rows = conn.execute(
                select(cluster_runs.c.id, cluster_runs.c.as_of)
                .where(cluster_runs.c.as_of <= moment(last))
                .order_by(cluster_runs.c.as_of, cluster_runs.c.id)
            )
            runs = {micros(row.as_of): row.id for row in rows}  # of one time, the last
            return [
                Period(start, people)
                for start, run in runs.items()
                if (people := self._clustered(conn, run)) is not None
            ]

    def _clustered(self, conn: Connection, run: int) -> ibis.Table | None:
        files = live_files(conn, MAP, str(run))
        if not files:
            return None
        rows = read_dataset(self.backend, self.context.workspace, files)
        names = [
            (rows["label"] == cluster.label, cluster.name)
            for cluster in map_clusters(conn, run)
            if cluster.label >= 0
        ]
        level = ibis.cases(*names, else_=NOISE) if names else ibis.literal(NOISE)
        return rows.select(PERSON, level=level)

    def _members(self, rule: Rule, start: int) -> LakeFile | None:
        """Find who was in a segment at a time, or work it out; none where it can't be told."""
        told = repr((rule, leaves_through(rule, self._segments), start))
        name = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
        with reader(self.context.engine).connect() as conn:
            files = live_files(conn, EXPERIMENT_LEVELS, name)
        if files:
            return files[0]
        people = self._people(start) if self._small else None
        if people is None:
            return None
        try:
            inside = people.members(rule).positions()
        except UserError:  # a trait that nobody had yet, such as a share of what was not sold
            return None
        return self._kept(name, people, inside)

    def _kept(self, name: str, people: Population, inside: Any) -> LakeFile:
        held = np.zeros(people.size, np.bool_)
        held[np.asarray(inside)] = True
        ids = people.columns.read(PERSON)
        target = self._target()
        pq.write_table(pa.table([ids, pa.array(held)], schema=_SCHEMA), target, compression="zstd")
        file = describe_file(self.context.workspace, target)
        with self.context.engine.begin() as conn:
            commit_files(
                conn,
                EXPERIMENT_LEVELS,
                [file],
                why="experiments by segment",
                at=self.context.now,
                snapshot=name,
            )
        return file

    def _people(self, start: int) -> Population | None:
        """Open everybody as of a time; none where nobody was there yet."""
        as_of = moment(start)
        file = self._weeks.get(start) or self._traits(as_of)
        self._weeks[start] = file
        if not file.rows:
            return None
        with reader(self.context.engine).connect() as conn:
            return open_population(
                self.context.workspace, conn, as_of=as_of, at=self.context.now, snapshot=file
            )

    def _traits(self, as_of: datetime) -> LakeFile:
        self.step.progress(0.0, f"traits as of {as_of:%Y-%m-%d}")
        backend, target = open_duckdb(memory_limit=MEMORY), self._target()
        with reader(self.context.engine).connect() as conn:
            events = read_events(backend, self.context.workspace, conn)
        made = trait_table(backend, events, as_of)
        write_snapshot(backend, made.table, target, self.step)
        return describe_file(self.context.workspace, target)

    def _target(self) -> Path:
        folder = self.context.workspace.lake / EXPERIMENT_LEVELS
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{uuid.uuid4().hex[:12]}.parquet"

    def _path(self, file: LakeFile) -> Path:
        return self.context.workspace.lake / file.path


def moved_at(conn: Connection, experiment: Experiment, now: datetime) -> datetime | None:
    """Say when the clusters or segments that results are given by changed last; none: never."""
    asked = [read_dimension(name) for name in experiment.dimensions]
    keys = {one.name for one in asked if one.kind == "segment"}
    times = [found.since for found in live(conn, SEGMENT, now) if found.key in keys] if keys else []
    if any(one.kind == "clusters" for one in asked):
        times += filter(None, [conn.scalar(select(func.max(cluster_runs.c.at)))])
    return max(times, default=None)


def weeks(first: int, last: int) -> list[int]:
    """Give the Mondays (microseconds, 00:00 UTC) from the one at or before `first` to `last`.

    Examples
    --------
    >>> monday = 4 * DAY  # 5 January 1970
    >>> weeks(monday - 1, monday + 8 * DAY) == [monday - 7 * DAY, monday, monday + 7 * DAY]
    True
    """
    week = 7 * DAY
    start = (first - 4 * DAY) // week * week + 4 * DAY
    return list(range(start, last + 1, week))
