"""The event lake: Parquet files, a manifest in the store that says which are live, one reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection, func, insert, select, update

from data.schema import lake_files, lake_versions
from data.workspace import Workspace
from kindred.events import CATALOGUE_SCHEMA, EVENT_SCHEMA

EVENTS = "events"
CATALOGUE = "catalogue"
REJECTED = "rejected"
TRAITS = "traits"
MAP = "map"


@dataclass(frozen=True)
class LakeFile:
    """One Parquet file of the lake.

    Parameters
    ----------
    path : str
        Below the lake's folder, with forward slashes.
    rows, bytes : int
        Counts.
    day : str or None
        ``YYYY-MM-DD`` in UTC where the data set is partitioned by day.
    """

    path: str
    rows: int
    bytes: int
    day: str | None = None


def describe_file(workspace: Workspace, path: Path, day: str | None = None) -> LakeFile:
    """Read a finished Parquet file's footer into a :class:`LakeFile`."""
    rows = int(pq.read_metadata(path).num_rows)
    return LakeFile(path.relative_to(workspace.lake).as_posix(), rows, path.stat().st_size, day)


def live_files(conn: Connection, dataset: str, snapshot: str = "") -> list[LakeFile]:
    """List the live files of a data set, in the order of day and path."""
    rows = conn.execute(
        select(lake_files.c.path, lake_files.c.rows, lake_files.c.bytes, lake_files.c.day)
        .where(
            lake_files.c.dataset == dataset,
            lake_files.c.snapshot == snapshot,
            lake_files.c.removed_in.is_(None),
        )
        .order_by(lake_files.c.day, lake_files.c.path)
    )
    return [LakeFile(row.path, row.rows, row.bytes, row.day) for row in rows]


def dataset_version(conn: Connection, dataset: str = EVENTS) -> int:
    """Give the version that results and caches carry: the last commit to `dataset`, else 0."""
    version = conn.scalar(
        select(func.max(lake_versions.c.version)).where(lake_versions.c.dataset == dataset)
    )
    return int(version or 0)


def commit_files(
    conn: Connection,
    dataset: str,
    added: Sequence[LakeFile],
    *,
    why: str,
    at: datetime,
    snapshot: str = "",
    replace: bool = False,
) -> int:
    """Make finished files live, and with `replace` end all earlier ones of the same snapshot.

    Returns
    -------
    int
        The new version of the data set.
    """
    version = conn.execute(
        insert(lake_versions).values(dataset=dataset, at=at, why=why)
    ).inserted_primary_key
    assert version is not None
    if replace:
        conn.execute(
            update(lake_files)
            .where(
                lake_files.c.dataset == dataset,
                lake_files.c.snapshot == snapshot,
                lake_files.c.removed_in.is_(None),
            )
            .values(removed_in=version[0])
        )
    if added:
        conn.execute(
            insert(lake_files),
            [
                {
                    "dataset": dataset,
                    "snapshot": snapshot,
                    "path": file.path,
                    "day": file.day,
                    "rows": file.rows,
                    "bytes": file.bytes,
                    "added_in": version[0],
                }
                for file in added
            ],
        )
    return int(version[0])


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
