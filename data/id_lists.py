"""Uploaded lists of ids: kept as Parquet, read only where a rule asks for them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import ibis
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, Row, func, insert, select

from data import audit
from data.id_file import IdsRead, read_ids
from data.keys import slug
from data.lake import TRAITS, LakeFile, commit_files, describe_file, live_files
from data.membership_schema import id_lists
from data.schema import lake_files
from data.segment_events import PERSON
from data.segment_files import Views
from data.traits import people_ids
from data.workspace import Workspace
from kindred.errors import UserError

LISTS: Final = "lists"
_SCHEMA: Final = pa.schema([pa.field(PERSON, pa.string(), nullable=False)])
_TABLE: Final = ibis.Schema.from_pyarrow(_SCHEMA)

Source = Path | bytes | BinaryIO | IdsRead


def read_source(source: Source) -> IdsRead:
    """Read ids from a path, bytes or an open file; what was read already is given back.

    Raises
    ------
    UserError
        It can't be read, or holds no ids.
    """
    if isinstance(source, IdsRead):
        return source
    if isinstance(source, bytes):
        return read_ids(source)
    if not isinstance(source, Path):
        return read_ids(source.read())
    try:
        return read_ids(source.read_bytes())
    except OSError as error:
        raise UserError(f"{source} can't be read: {error.strerror}.", "Check the path.") from None


def save_list(
    workspace: Workspace,
    conn: Connection,
    name: str,
    source: Source,
    *,
    actor: audit.Actor,
    at: datetime,
    replace: bool = False,
) -> Row[Any]:
    """Keep a list of ids under a name; gives its row, with counts that add up.

    Parameters
    ----------
    source : Path, bytes, binary file or IdsRead
        Large files are better read before the transaction begins, by :func:`read_source`.
    replace : bool
        Take the place of a list of the same name: segments that use it then mean the new one.

    Raises
    ------
    UserError
        The name is taken, or there are no ids.
    """
    key, called = slug(name), name.strip()[:120]
    known = {row.key: row for row in lists(conn)}
    if key in known and not replace:
        raise UserError(
            f"There is a list “{known[key].name}” already.", "Choose another name, or replace it."
        )
    read = read_source(source)
    file = _write(workspace, read.ids)
    commit_files(conn, LISTS, [file], why=f"list {key}", at=at, snapshot=key, replace=True)
    counts = {
        "rows_read": read.rows,
        "blank": read.blank,
        "duplicate": read.duplicate,
        "invalid": read.invalid,
        "kept": read.kept,
        "known": _known_people(workspace, conn, read.ids),
        "encoding": read.encoding,
    }
    conn.execute(
        insert(id_lists).values(
            key=key, name=called, path=file.path, uploaded_at=at, uploaded_by=actor.name, **counts
        )
    )
    action = "list.replaced" if key in known else "list.uploaded"
    audit.record(conn, actor, action, f"list:{key}", {"name": called, **counts}, at=at)
    return next(row for row in lists(conn) if row.key == key)


def lists(conn: Connection) -> Sequence[Row[Any]]:
    """List what rules may name: the newest upload of each list, by name."""
    newest = select(func.max(id_lists.c.id)).group_by(id_lists.c.key)
    there = select(lake_files.c.path).where(
        lake_files.c.dataset == LISTS, lake_files.c.removed_in.is_(None)
    )
    return conn.execute(
        select(id_lists)
        .where(id_lists.c.id.in_(newest), id_lists.c.path.in_(there))
        .order_by(id_lists.c.name, id_lists.c.id)
    ).all()


def list_files(conn: Connection) -> dict[str, LakeFile]:
    """Find the file of each list."""
    rows = conn.execute(
        select(lake_files.c.snapshot, lake_files.c.path, lake_files.c.rows, lake_files.c.bytes)
        .where(lake_files.c.dataset == LISTS, lake_files.c.removed_in.is_(None))
        .order_by(lake_files.c.snapshot)
    )
    return {row.snapshot: LakeFile(row.path, row.rows, row.bytes) for row in rows}


@dataclass(frozen=True)
class LakeLists(Mapping[str, frozenset[str]]):
    """The ids of each list, read when they are asked for and then kept."""

    workspace: Workspace
    files: Mapping[str, LakeFile]
    _read: dict[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, key: str) -> frozenset[str]:
        """Read a list."""
        if key not in self._read:
            path = self.workspace.lake / self.files[key].path
            self._read[key] = frozenset(pq.read_table(path).column(PERSON).to_pylist())
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a list; reads nothing."""
        return key in self.files

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self.files)

    def __len__(self) -> int:
        """Count the lists."""
        return len(self.files)


@dataclass(frozen=True)
class ListTables(Mapping[str, ibis.Table]):
    """The lists as tables of ``person_id``, for queries."""

    views: Views
    files: Mapping[str, LakeFile]

    def __getitem__(self, key: str) -> ibis.Table:
        """Give the table of a list."""
        return self.views.over([self.files[key]], _TABLE)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a list; opens nothing."""
        return key in self.files

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self.files)

    def __len__(self) -> int:
        """Count the lists."""
        return len(self.files)


def _write(workspace: Workspace, ids: pa.Array) -> LakeFile:
    target = workspace.lake / LISTS / f"{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table([ids], schema=_SCHEMA), target, compression="zstd")
    return describe_file(workspace, target)


def _known_people(workspace: Workspace, conn: Connection, ids: pa.Array) -> int | None:
    """Count the ids of people of the last traits run; none where there was no run."""
    files = live_files(conn, TRAITS)
    if not files:
        return None
    people = people_ids(workspace.lake / files[0].path)
    return int(pc.sum(pc.is_in(ids, value_set=people.combine_chunks())).as_py() or 0)
