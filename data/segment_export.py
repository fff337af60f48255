"""A segment for elsewhere: its rule as JSON or SQL, its people as CSV or Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import ibis
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from data.id_lists import list_files
from data.lake import EVENTS, MAP, TRAITS, LakeFile, live_files
from data.membership_files import ROW_GROUP, SCHEMA, member_files, members
from data.publications import Live
from data.schema import cluster_members
from data.segment_events import PERSON, EventTable
from data.segment_opening import live_segments, open_catalogue, open_population
from data.segment_query import SegmentTables, people_in
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA
from kindred.segments import rules as r
from kindred.segments.codec import document
from kindred.segments.rules import Rule
from kindred.segments.validate import check
from kindred.segments.walk import leaves_through

IDS: Final = pa.schema([SCHEMA.field(PERSON)])


def definition_json(
    rule: Rule, sentence: str, *, key: str | None = None, live: Live | None = None
) -> str:
    """Write a rule in its stored document, with what it is called; ``read_rule`` reads it back."""
    told: dict[str, Any] = {} if key is None else {"key": key}
    if live is not None:
        told |= {"name": live.name, "version": live.number, "published_at": live.since.isoformat()}
    return json.dumps(
        {**told, "sentence": sentence, **document(rule)}, ensure_ascii=False, indent=2
    )


def kept_members(
    workspace: Workspace, conn: Connection, live: Live
) -> Iterator[pa.RecordBatch] | None:
    """Stream the members of a live version as the last run left them.

    None where no run has worked out this very version, as right after it was published.
    """
    if live.key not in member_files(conn):
        return None
    batches = members(workspace, conn, live.key)
    first = next(batches, None)
    if first is None or (len(first) and first.column("version")[0].as_py() != live.number):
        return None
    return _chained(first, batches)


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def found_members(
    workspace: Workspace, conn: Connection, rule: Rule, *, as_of: datetime, at: datetime
) -> Iterator[pa.RecordBatch]:
    """Work out whom a rule catches, and stream their ids.

    Raises
    ------
    RuleRefused
        With the path of every problem.
    """
    population = open_population(workspace, conn, as_of=as_of, at=at)
    check(rule, open_catalogue(conn, population))
    positions = population.members(rule).positions()
    ids = population.columns.read(PERSON).take(pa.array(positions))
    yield from pa.table([ids], schema=IDS).to_batches(max_chunksize=ROW_GROUP)


def write_members(batches: Iterator[pa.RecordBatch], form: str, to: BinaryIO) -> int:
    """Write people as ``csv`` or ``parquet``; gives how many. Memory stays that of a batch."""
    first = next(batches, None)
    schema = IDS if first is None else first.schema
    make: Any = pa_csv.CSVWriter if form == "csv" else pq.ParquetWriter
    rows = 0
    with make(to, schema) as writer:
        for batch in () if first is None else _chained(first, batches):
            writer.write_batch(batch)
            rows += len(batch)
    return rows


# --- SQL ------------------------------------------------------------------------------------------


def as_sql(
    workspace: Workspace, conn: Connection, rule: Rule, *, as_of: datetime, at: datetime
) -> str:
    """Write a rule as a script for DuckDB that selects its people from the lake's files.

    It reads what is live now, needs nothing but the files, and ends with one query of one column,
    ``person_id``. Percentiles are in it as the values at which they begin.

    Raises
    ------
    RuleRefused
        With the path of every problem.
    """
    population = open_population(workspace, conn, as_of=as_of, at=at)
    check(rule, open_catalogue(conn, population))
    context = population.complete([rule])
    leaves = leaves_through(rule, live_segments(conn, at))
    views = _views(workspace, conn, leaves)
    schema = ibis.Schema.from_pyarrow(pq.read_schema(_files(workspace, conn, TRAITS)[0]))
    tables = SegmentTables(
        ibis.table(schema, name="people"),
        EventTable(ibis.table(ibis.Schema.from_pyarrow(EVENT_SCHEMA), name="events")),
        {
            leaf.run: ibis.table({PERSON: "string", "cluster": "int64"}, name=_clusters(leaf.run))
            for leaf in leaves
            if isinstance(leaf, r.ClusterRule)
        },
        {
            leaf.list: ibis.table({PERSON: "string"}, name=_list(leaf.list))
            for leaf in leaves
            if isinstance(leaf, r.ListRule)
        },
    )
    query = people_in(rule, tables, context, as_of).order_by(PERSON)
    selected = str(ibis.to_sql(query, dialect="duckdb"))
    made = [f"CREATE TEMP VIEW {_quoted(name)} AS {body};" for name, body in views.items()]
    said = f"-- As of {as_of.isoformat()}; for DuckDB."
    return "\n".join([said, "SET TimeZone = 'UTC';", *made, f"{selected};", ""])


def _views(workspace: Workspace, conn: Connection, leaves: Sequence[r.Leaf]) -> dict[str, str]:
    made = {
        name: _reading(_files(workspace, conn, dataset))
        for name, dataset in (("people", TRAITS), ("events", EVENTS))
    }
    lists = list_files(conn)
    for leaf in leaves:
        if isinstance(leaf, r.ListRule):
            made[_list(leaf.list)] = _reading([_path(workspace, lists[leaf.list])])
        if isinstance(leaf, r.ClusterRule):
            made[_clusters(leaf.run)] = _labelled(workspace, conn, leaf.run)
    return made


def _labelled(workspace: Workspace, conn: Connection, run: int) -> str:
    rows = conn.execute(
        select(cluster_members.c.label, cluster_members.c.cluster_id).where(
            cluster_members.c.cluster_run_id == run, cluster_members.c.cluster_id.is_not(None)
        )
    )
    cases = " ".join(f"WHEN {int(row.label)} THEN {int(row.cluster_id)}" for row in rows)
    return (
        f"SELECT person_id, CASE label {cases} END AS cluster "  # noqa: S608 - numbers only
        f"FROM ({_reading(_files(workspace, conn, MAP, str(run)))})"
    )


def _files(workspace: Workspace, conn: Connection, dataset: str, snapshot: str = "") -> list[Path]:
    return [_path(workspace, file) for file in live_files(conn, dataset, snapshot)]


def _path(workspace: Workspace, file: LakeFile) -> Path:
    return (workspace.lake / file.path).resolve()


def _reading(paths: Sequence[Path]) -> str:
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false)"  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(key: str) -> str:
    return f"list {key}"


def _clusters(run: int) -> str:
    return f"clusters of run {run}"
