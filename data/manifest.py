"""The lake's manifest: which Parquet files are live, in which version of which data set.

It loads no engine, so that what only asks for counts or versions starts at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from data.schema import lake_files, lake_versions

EVENTS = "events"
CATALOGUE = "catalogue"
REJECTED = "rejected"
TRAITS = "traits"
MAP = "map"
COMPACTED = "compact"  # why files came to stand for others with the same rows
_Live: TypeAlias = Select[tuple[str, int, int, str | None]]


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


def live_files(conn: Connection, dataset: str, snapshot: str = "") -> list[LakeFile]:
    """List the live files of a data set, in the order of day and path."""
    return _files(conn, _live(dataset, snapshot))


def live_files_of(conn: Connection, dataset: str, whys: Sequence[str]) -> list[LakeFile]:
    """List those of the live files that commits with one of these reasons brought."""
    version = lake_files.c.added_in == lake_versions.c.version
    query = _live(dataset).join(lake_versions, version).where(lake_versions.c.why.in_(whys))
    return _files(conn, query)


def _files(conn: Connection, query: _Live) -> list[LakeFile]:
    return [LakeFile(row.path, row.rows, row.bytes, row.day) for row in conn.execute(query)]


def _live(dataset: str, snapshot: str = "") -> _Live:
    return (
        select(lake_files.c.path, lake_files.c.rows, lake_files.c.bytes, lake_files.c.day)
        .where(
            lake_files.c.dataset == dataset,
            lake_files.c.snapshot == snapshot,
            lake_files.c.removed_in.is_(None),
        )
        .order_by(lake_files.c.day, lake_files.c.path)
    )


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


def replace_files(
    conn: Connection,
    dataset: str,
    gone: Sequence[LakeFile],
    added: Sequence[LakeFile],
    *,
    why: str,
    at: datetime,
) -> bool:
    """Let files stand for others that hold the same rows; false where one of these is gone already.

    The caller rolls back where it is told false.
    """
    version = commit_files(conn, dataset, added, why=why, at=at)
    ended = conn.execute(
        update(lake_files)
        .where(
            lake_files.c.dataset == dataset,
            lake_files.c.path.in_([file.path for file in gone]),
            lake_files.c.removed_in.is_(None),
        )
        .values(removed_in=version)
    )
    return int(ended.rowcount) == len(gone)


def replaced_files(
    conn: Connection, whys: Sequence[str], since: datetime, until: datetime
) -> list[str]:
    """List the paths of files that others came to stand for between two times."""
    rows = conn.scalars(
        select(lake_files.c.path)
        .join(lake_versions, lake_versions.c.version == lake_files.c.removed_in)
        .where(
            lake_versions.c.why.in_(whys),
            lake_versions.c.at >= since,
            lake_versions.c.at < until,
        )
    )
    return list(rows)


def replaced_between(conn: Connection, dataset: str, since: datetime, until: datetime) -> list[str]:
    """List the paths of a data set's files that ceased to count between two times."""
    rows = conn.scalars(
        select(lake_files.c.path)
        .join(lake_versions, lake_versions.c.version == lake_files.c.removed_in)
        .where(
            lake_files.c.dataset == dataset,
            lake_versions.c.at >= since,
            lake_versions.c.at < until,
        )
    )
    return list(rows)


def newest_addition(
    conn: Connection, dataset: str, *, until: str | None = None, without: Sequence[str] = ()
) -> int:
    """Give the version at which a live file was last added to a data set; 0: there is none.

    Parameters
    ----------
    until : str, optional
        Only files of this day, ``YYYY-MM-DD``, and earlier ones, or of no day.
    without : sequence of str
        Not what was added for these reasons.
    """
    query = (
        select(func.max(lake_files.c.added_in))
        .join(lake_versions, lake_versions.c.version == lake_files.c.added_in)
        .where(
            lake_files.c.dataset == dataset,
            lake_files.c.removed_in.is_(None),
            lake_versions.c.why.not_in(without),
        )
    )
    if until is not None:
        query = query.where(or_(lake_files.c.day.is_(None), lake_files.c.day <= until))
    return int(conn.scalar(query) or 0)
