"""The event lake: Parquet files opened through one reader; what is live stands in the manifest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data.manifest import (
    CATALOGUE,
    EVENTS,
    MAP,
    REJECTED,
    TRAITS,
    LakeFile,
    commit_files,
    dataset_version,
    live_files,
)
from data.workspace import Workspace
from kindred.events import CATALOGUE_SCHEMA, EVENT_SCHEMA

ROW_GROUP: Final = 122_880  # rows
__all__ = [
    "CATALOGUE",
    "EVENTS",
    "MAP",
    "REJECTED",
    "ROW_GROUP",
    "TRAITS",
    "LakeFile",
    "commit_files",
    "dataset_version",
    "describe_file",
    "live_files",
    "open_duckdb",
    "person_id",
    "read_catalogue",
    "read_dataset",
    "read_events",
    "stream",
]


def describe_file(workspace: Workspace, path: Path, day: str | None = None) -> LakeFile:
    """Read a finished Parquet file's footer into a :class:`LakeFile`."""
    rows = int(pq.read_metadata(path).num_rows)
    return LakeFile(path.relative_to(workspace.lake).as_posix(), rows, path.stat().st_size, day)


def open_duckdb(memory_limit: str | None = None, threads: int | None = None) -> Backend:
    """Start an embedded DuckDB in memory, behind Ibis, whose clock is UTC."""
    backend = ibis.duckdb.connect()
    settings: dict[str, str | int] = {"TimeZone": "UTC", "preserve_insertion_order": "false"}
    if memory_limit:
        settings["memory_limit"] = memory_limit
    if threads:
        settings["threads"] = threads
    connection: duckdb.DuckDBPyConnection = backend.con
    for name, value in settings.items():
        connection.execute(f"SET {name} = '{value}'")
    return backend


def read_dataset(
    backend: Backend,
    workspace: Workspace,
    files: Iterable[LakeFile],
    schema: pa.Schema | None = None,
) -> ibis.Table:
    """Open lake files as one Ibis table; with none, an empty table of `schema`."""
    paths = [str(workspace.lake / file.path) for file in files]
    if paths:
        return backend.read_parquet(paths)
    if schema is None:
        raise LookupError("no live file, and no schema to make an empty table of")
    return ibis.memtable(schema.empty_table())


def read_events(backend: Backend, workspace: Workspace, conn: Connection) -> ibis.Table:
    """Open all live events."""
    return read_dataset(backend, workspace, live_files(conn, EVENTS), EVENT_SCHEMA)


def read_catalogue(backend: Backend, workspace: Workspace, conn: Connection) -> ibis.Table:
    """Open the live catalogue of items."""
    return read_dataset(backend, workspace, live_files(conn, CATALOGUE), CATALOGUE_SCHEMA)


def person_id(events: ibis.Table) -> ibis.Value:
    """Say who a person is until identities are merged: ``userId``, else ``anonymousId``."""
    return ibis.coalesce(events["userId"], events["anonymousId"])


def stream(backend: Backend, table: ibis.Table, rows: int) -> pa.RecordBatchReader:
    """Run a query and read its result in batches of at most `rows`.

    Ibis 12's own ``to_pyarrow_batches`` calls a method that DuckDB 2.0 took away.
    """
    return backend.con.sql(ibis.to_sql(table, dialect="duckdb")).to_arrow_reader(rows)
