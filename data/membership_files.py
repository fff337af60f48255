"""The members of segments in the lake: one file a segment, and one of who joined and left a run."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from data.lake import LakeFile, describe_file, live_files
from data.schema import lake_files
from data.segment_events import PERSON
from data.workspace import Workspace
from kindred.errors import UserError

MEMBERSHIPS: Final = "memberships"  # its snapshots are the segments' keys
MEMBERSHIP_CHANGES: Final = "membership_changes"
JOINED: Final = "joined"
LEFT: Final = "left"
ROW_GROUP: Final = 65_536

_TIME: Final = pa.timestamp("us", tz="UTC")
SCHEMA: Final = pa.schema(
    [
        pa.field(PERSON, pa.string(), nullable=False),
        pa.field("since", _TIME, nullable=False),  # as of the run at which the person joined
        pa.field("version", pa.int32(), nullable=False),  # by whose rule the person is in
    ]
)
CHANGES_SCHEMA: Final = pa.schema(
    [
        pa.field("segment", pa.string(), nullable=False),
        pa.field(PERSON, pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),  # joined | left
        pa.field("at", _TIME, nullable=False),  # as of the run
        pa.field("version", pa.int32(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Compared:
    """A segment's members beside those it had before.

    Parameters
    ----------
    members : pyarrow.Table
        As it is kept, sorted by person.
    joined, left : array of string
    """

    members: pa.Table
    joined: pa.Array
    left: pa.Array


def compare(
    ids: pa.Array, before: pa.Table | None, *, as_of: datetime, version: int | None
) -> Compared:
    """Tell who joined and left, and since when those who are in have been.

    Parameters
    ----------
    ids : array of string
        Who is in now, sorted.
    version : int or None
        None where nothing is live any more, so nobody is in.
    """
    were = _column(before, PERSON, pa.string())
    before_since: Any = _column(before, "since", _TIME).cast(pa.int64()).to_numpy()
    since = np.full(len(ids), pa.scalar(as_of, _TIME).value, np.int64)
    # One look-up, of those who were in, tells both who left and who is new.
    place: Any = pc.fill_null(pc.index_in(were, value_set=ids), -1).to_numpy()
    stayed = place >= 0
    since[place[stayed]] = before_since[stayed]
    new = np.ones(len(ids), np.bool_)
    new[place[stayed]] = False
    versions = pa.repeat(pa.scalar(version or 0, pa.int32()), len(ids))
    return Compared(
        pa.table([ids, pa.array(since).cast(_TIME), versions], schema=SCHEMA),
        ids.filter(pa.array(new)),
        were.filter(pa.array(~stayed)),
    )


def _column(table: pa.Table | None, name: str, kind: pa.DataType) -> pa.Array:
    return pa.array([], kind) if table is None else table.column(name).combine_chunks()


class Writer:
    """Writes the files of a run; none is left behind where the run does not end well."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._written: list[Path] = []
        self._changes: pq.ParquetWriter | None = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._changes is not None:
            self._changes.close()
        if kind is not None:
            for path in self._written:
                path.unlink(missing_ok=True)

    def members(self, key: str, table: pa.Table) -> LakeFile:
        """Write a segment's members."""
        target = self._target(Path(MEMBERSHIPS) / f"segment={key}")
        pq.write_table(table, target, compression="zstd", row_group_size=ROW_GROUP)
        return describe_file(self._workspace, target)

    def changed(self, key: str, found: Compared, *, as_of: datetime, version: int) -> None:
        """Add who joined and left a segment."""
        for change, ids in ((JOINED, found.joined), (LEFT, found.left)):
            if not len(ids):
                continue
            if self._changes is None:
                target = self._target(Path(MEMBERSHIP_CHANGES))
                self._changes = pq.ParquetWriter(target, CHANGES_SCHEMA, compression="zstd")
            same = [(key, pa.string()), (change, pa.string()), (as_of, _TIME)]
            segment, what, at = (pa.repeat(pa.scalar(v, kind), len(ids)) for v, kind in same)
            number = pa.repeat(pa.scalar(version, pa.int32()), len(ids))
            columns = [segment, ids, what, at, number]
            self._changes.write_table(pa.table(columns, schema=CHANGES_SCHEMA), ROW_GROUP)

    def changes(self) -> LakeFile | None:
        """Finish the file of changes; none where nobody joined or left."""
        if self._changes is None:
            return None
        self._changes.close()
        path = next(p for p in self._written if p.parent.name == MEMBERSHIP_CHANGES)
        return describe_file(self._workspace, path)

    def _target(self, folder: Path) -> Path:
        target = self._workspace.lake / folder / f"{uuid.uuid4().hex[:12]}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        self._written.append(target)
        return target


def member_files(conn: Connection) -> dict[str, LakeFile]:
    """Find the live file of each segment that has one."""
    rows = conn.execute(
        select(lake_files.c.snapshot, lake_files.c.path, lake_files.c.rows, lake_files.c.bytes)
        .where(lake_files.c.dataset == MEMBERSHIPS, lake_files.c.removed_in.is_(None))
        .order_by(lake_files.c.snapshot)
    )
    return {row.snapshot: LakeFile(row.path, row.rows, row.bytes) for row in rows}


def read_members(workspace: Workspace, file: LakeFile) -> pa.Table:
    """Read a segment's members as the run before left them."""
    return pq.read_table(workspace.lake / file.path, columns=SCHEMA.names)


def member_since(workspace: Workspace, file: LakeFile, person: str) -> datetime | None:
    """Say since when a person is a member; none for who is not. Reads one row group at most."""
    found = pq.read_table(
        workspace.lake / file.path, columns=["since"], filters=[(PERSON, "==", person)]
    )
    return found.column("since")[0].as_py() if found.num_rows else None


def members(
    workspace: Workspace, conn: Connection, key: str, rows: int = ROW_GROUP
) -> Iterator[pa.RecordBatch]:
    """Stream a segment's members by ``person_id``, with since when and by which version.

    Raises
    ------
    UserError
        Nobody has worked them out yet.
    """
    files = live_files(conn, MEMBERSHIPS, key)
    if not files:
        raise UserError(
            f"The members of {key!r} have not been worked out.",
            "Publish it, then run: python -m pipelines memberships",
        )
    return _batches(workspace.lake / files[0].path, rows)


def _batches(path: Path, rows: int) -> Iterator[Any]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=SCHEMA.names)


def members_after(file: pq.ParquetFile, after: str, limit: int) -> Iterator[pa.RecordBatch]:
    """Stream at most `limit` members whose ids come after `after`, in order; then close the file.

    Only the row groups that may hold them are read.
    """
    with file:
        left = limit
        for group in range(file.metadata.num_row_groups):
            statistics = file.metadata.row_group(group).column(0).statistics
            if statistics is not None and statistics.has_min_max and statistics.max <= after:
                continue
            rows = file.read_row_group(group, columns=SCHEMA.names)
            rows = rows.filter(pc.greater(rows.column(PERSON), after)).slice(0, left)
            yield from rows.to_batches(max_chunksize=5_000)
            left -= rows.num_rows
            if left <= 0:
                return
