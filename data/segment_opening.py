"""Open what rules are evaluated over: the last traits run, events, days, clusters, segments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import ibis
import numpy as np
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from data.day_aggregates import (
    NUMBERS_SCHEMA,
    PERSON_NUMBERS,
    events_by_day,
)
from data.id_lists import LakeLists, ListTables, list_files
from data.lake import MAP, TRAITS, LakeFile, live_files, open_duckdb, read_dataset
from data.publications import live
from data.schema import cluster_members
from data.segment_columns import TraitColumns
from data.segment_events import PERSON
from data.segment_files import DayFiles, EventFiles, Views
from data.segment_measures import MeasureReader
from data.segment_population import Population
from data.segment_query import POSITION, SegmentTables
from data.traits import declarations, latest_run, read_columns
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments.catalogue import Catalogue
from kindred.segments.context import Context
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule

MEMORY: Final = "3GB"
_MAP: Final = ibis.schema({PERSON: "string", "label": "int16"})


def open_population(
    workspace: Workspace,
    conn: Connection,
    *,
    as_of: datetime | None = None,
    at: datetime | None = None,
    snapshot: LakeFile | None = None,
    backend: Backend | None = None,
) -> Population:
    """Open everybody of the last traits run.

    Parameters
    ----------
    as_of : datetime, optional
        End of all windows; else the traits run's own time. Traits are those of the run in any case.
    at : datetime, optional
        Of the wall clock, by which what is published is valid; else `as_of`.
    snapshot : LakeFile, optional
        Traits of another time, with the same declarations; else the last run's.

    Raises
    ------
    UserError
        No traits have been computed.
    """
    run = latest_run(conn)
    file = snapshot or next(iter(live_files(conn, TRAITS)), None)
    if run is None or file is None:
        raise UserError("No traits have been computed yet.", "Run: python -m pipelines traits")
    backend = backend or open_duckdb(memory_limit=MEMORY)
    views = Views(backend, workspace)
    people = _people(backend, workspace, file)
    days = events_by_day(conn)
    clusters, lists = ClusterTables.of(conn, views), list_files(conn)
    events = EventFiles(views, days)
    reader = MeasureReader(
        run=backend.to_pyarrow,
        size=file.rows,
        events=events,
        places=ibis.table({PERSON: "string", POSITION: "int32"}, name="places"),
        place_of_number=_place_of_number(backend, workspace, live_files(conn, PERSON_NUMBERS)),
        days=DayFiles.of(conn, views, days),
    )
    moment = as_of or run.as_of
    context = Context(
        segments=live_segments(conn, at or moment),
        lists=LakeLists(workspace, lists),
        cluster_runs=frozenset(clusters),
        traits={trait.name: trait.type for trait in declarations(run)},
    )
    tables = SegmentTables(people, events, clusters, ListTables(views, lists))
    path = workspace.lake / file.path
    columns = TraitColumns(lambda name: read_columns(path, [name]).column(name))
    return Population(backend, tables, reader, columns, file.rows, moment, context)


def live_segments(conn: Connection, at: datetime) -> dict[str, Rule]:
    """Read the rules of the segments that are live."""
    return {found.key: read_rule(found.body) for found in live(conn, "segment", at)}


def open_catalogue(conn: Connection, population: Population) -> Catalogue:
    """List what a rule may speak of."""
    names = population.run(population.event_names()).column("event").to_pylist()
    rows = conn.execute(
        select(cluster_members.c.cluster_run_id, cluster_members.c.cluster_id).where(
            cluster_members.c.cluster_id.is_not(None)
        )
    )
    clusters: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        clusters[row.cluster_run_id].append(row.cluster_id)
    return Catalogue(
        traits=population.context.traits,
        events=dict.fromkeys(names),
        clusters={run: clusters.get(run, []) for run in population.context.cluster_runs},
        segments=population.context.segments,
        lists=frozenset(population.context.lists),
    )


@dataclass(frozen=True)
class ClusterTables(Mapping[int, ibis.Table]):
    """The clusters of each run whose map is kept: ``person_id`` and ``cluster``."""

    views: Views
    files: Mapping[int, LakeFile]
    labels: Mapping[int, Mapping[int, int]]

    @classmethod
    def of(cls, conn: Connection, views: Views) -> ClusterTables:
        """Look up which runs have a map, and which cluster each of their labels is."""
        labels: dict[int, dict[int, int]] = defaultdict(dict)
        for row in conn.execute(select(cluster_members)):
            if row.cluster_id is not None:
                labels[row.cluster_run_id][row.label] = row.cluster_id
        found = {run: live_files(conn, MAP, str(run)) for run in labels}
        return cls(views, {run: files[0] for run, files in found.items() if files}, labels)

    def __getitem__(self, run: int) -> ibis.Table:
        """Give the table of a run."""
        table = self.views.over([self.files[run]], _MAP)
        named = [(table["label"] == label, cluster) for label, cluster in self.labels[run].items()]
        return table.select(PERSON, cluster=ibis.cases(*named, else_=None).cast("int64"))

    def __iter__(self) -> Iterator[int]:
        """Walk the runs."""
        return iter(self.files)

    def __len__(self) -> int:
        """Count the runs."""
        return len(self.files)


def _people(backend: Backend, workspace: Workspace, file: LakeFile) -> ibis.Table:
    """Open the snapshot with each row's number, and keep who is where."""
    path = workspace.lake / file.path
    con = backend.con
    listed = con.read_parquet(str(path), file_row_number=True)
    columns = f"* EXCLUDE (file_row_number), file_row_number::INTEGER AS {POSITION}"
    listed.project(columns).create_view("people")
    con.execute("CREATE TABLE places AS SELECT person_id, position FROM people")
    schema = ibis.Schema.from_pyarrow(pq.read_schema(path))
    return ibis.table({**schema, POSITION: "int32"}, name="people")


def _place_of_number(
    backend: Backend, workspace: Workspace, files: list[LakeFile]
) -> NDArray[np.int32]:
    """Find the position of the person with each number; −1 for who is not in the snapshot."""
    numbered = sum(file.rows for file in files)
    found: NDArray[np.int32] = np.full(numbered, -1, np.int32)
    if not numbered:
        return found
    numbers: Any = read_dataset(backend, workspace, files, NUMBERS_SCHEMA)
    places = ibis.table({PERSON: "string", POSITION: "int32"}, name="places")
    both = backend.to_pyarrow(numbers.join(places, PERSON).select("number", POSITION))
    found[both.column("number").to_numpy()] = both.column(POSITION).to_numpy()
    return found
