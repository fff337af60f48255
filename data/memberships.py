"""Who belongs to which segment, in the store: what a run stands on, what it leaves, sizes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select
from sqlalchemy.exc import IntegrityError

from data import runs, traits
from data.audit import Actor
from data.id_lists import LISTS
from data.lake import LakeFile, commit_files, dataset_version
from data.membership_files import MEMBERSHIP_CHANGES, MEMBERSHIPS, member_files
from data.membership_schema import membership_runs, segment_sizes
from data.publication_schema import SEGMENT
from data.publications import Live, live
from kindred.errors import UserError

JOB: Final = "memberships"
HISTORY_JOB: Final = "segment_history"
REVISION: Final = 1  # raise it when the same inputs would give other files


@dataclass(frozen=True)
class Inputs:
    """What a run of the job stands on.

    Parameters
    ----------
    versions : list of Live
        The segments that are live, by key.
    files : dict of key to LakeFile
        Who was in, as the last run left it.
    last : Row or None
        The last run.
    trait_run : Row or None
    counted : set of (key, version)
        What was counted before.
    """

    as_of: datetime
    versions: list[Live]
    files: dict[str, LakeFile]
    last: Row[Any] | None
    trait_run: Row[Any] | None
    dataset_version: int
    counted: set[tuple[str, int]]
    fingerprint: str

    @property
    def fresh(self) -> bool:
        """Whether there is nothing to do: all is as it was, or there is no segment at all."""
        if not self.versions and not self.files:
            return True
        return self.last is not None and self.last.fingerprint == self.fingerprint


@dataclass(frozen=True)
class Counted:
    """A segment's size at a time.

    Parameters
    ----------
    size : int or None
        None where it could not be counted; then `error` says why.
    joined, left : int or None
        Since the time before; None where there is none to compare with.
    """

    key: str
    version: int | None
    as_of: datetime
    people: int
    size: int | None = None
    revenue_share: float | None = None
    joined: int | None = None
    left: int | None = None
    path: str | None = None
    backcast: bool = False
    error: str | None = None

    @property
    def share(self) -> float | None:
        """Of all people, 0 … 1."""
        return None if self.size is None else self.size / self.people if self.people else 0.0


@dataclass
class Computed:
    """What a run worked out; nothing is live until :func:`commit`.

    Parameters
    ----------
    files : dict of key to LakeFile or None
        Of segments whose members or version changed; None ends a segment's file.
    """

    sizes: list[Counted] = field(default_factory=list)
    files: dict[str, LakeFile | None] = field(default_factory=dict)
    changes: LakeFile | None = None

    @property
    def failed(self) -> dict[str, str]:
        """Why which segment could not be counted."""
        return {each.key: each.error for each in self.sizes if each.error is not None}


@dataclass(frozen=True)
class Sized(Counted):
    """A segment's size as screens read it; of one that failed, the last that was counted."""

    computed_at: datetime | None = None


def inputs(conn: Connection, as_of: datetime, at: datetime) -> Inputs:
    """Look up what a run would stand on.

    Parameters
    ----------
    as_of : datetime
        Of the workspace's clock: where windows end.
    at : datetime
        Of the wall clock, by which what is published is valid.
    """
    versions = live(conn, SEGMENT, at)
    trait_run = traits.latest_run(conn)
    last = conn.execute(
        select(membership_runs).order_by(membership_runs.c.id.desc()).limit(1)
    ).one_or_none()
    counted = conn.execute(
        select(segment_sizes.c.key, segment_sizes.c.version)
        .where(segment_sizes.c.size.is_not(None), segment_sizes.c.version.is_not(None))
        .distinct()
    )
    events = dataset_version(conn)
    given = [
        *(REVISION, as_of.isoformat(), events, dataset_version(conn, LISTS)),
        trait_run.id if trait_run else None,
        [[each.key, each.number] for each in versions],
    ]
    digest = hashlib.blake2b(json.dumps(given).encode(), digest_size=16).hexdigest()
    return Inputs(
        as_of,
        versions,
        member_files(conn),
        last,
        trait_run,
        events,
        {(row.key, row.version) for row in counted},
        digest,
    )


def commit(
    conn: Connection,
    given: Inputs,
    done: Computed,
    *,
    people: int,
    run_id: int | None,
    at: datetime,
) -> None:
    """Make a run's files live and keep its sizes, in the caller's transaction.

    Raises
    ------
    UserError
        Another run was quicker, so that joins and leaves would be counted twice.
    """
    assert given.trait_run is not None
    row = {
        "run_id": run_id,
        "follows": given.last.id if given.last else 0,
        "at": at,
        "as_of": given.as_of,
        "dataset_version": given.dataset_version,
        "trait_run_id": given.trait_run.id,
        "people": people,
        "fingerprint": given.fingerprint,
    }
    try:
        added = conn.execute(insert(membership_runs).values(**row)).inserted_primary_key
    except IntegrityError:
        raise UserError(
            "Another run worked out memberships meanwhile.", "Run it once more."
        ) from None
    assert added is not None
    for key, file in done.files.items():
        files, why = ([file], "memberships") if file else ([], "no longer live")
        commit_files(conn, MEMBERSHIPS, files, why=why, at=at, snapshot=key, replace=True)
    if done.changes is not None:
        commit_files(conn, MEMBERSHIP_CHANGES, [done.changes], why="memberships", at=at)
    _keep(conn, done.sizes, added[0], at=at, dataset_version=given.dataset_version)


def _keep(
    conn: Connection, sizes: Sequence[Counted], run: int, *, at: datetime, dataset_version: int
) -> None:
    if sizes:
        same = {"membership_run_id": run, "computed_at": at, "dataset_version": dataset_version}
        conn.execute(insert(segment_sizes), [{**_values(each), **same} for each in sizes])


def lacking_history(conn: Connection, at: datetime) -> list[Live]:
    """List the live versions that were counted, but not yet for times before that."""
    rows = conn.execute(
        select(segment_sizes.c.key, segment_sizes.c.version, segment_sizes.c.backcast)
        .where(segment_sizes.c.version.is_not(None))
        .where(segment_sizes.c.size.is_not(None) | segment_sizes.c.backcast)
        .distinct()
    ).all()
    now = {(row.key, row.version) for row in rows if not row.backcast}
    before = {(row.key, row.version) for row in rows if row.backcast}
    return [one for one in live(conn, SEGMENT, at) if (one.key, one.number) in now - before]


def keep_history(
    conn: Connection, sizes: Sequence[Counted], *, at: datetime, dataset_version: int
) -> None:
    """Keep sizes of times before a version was first counted, beside the last run's."""
    run = conn.scalar(select(func.max(membership_runs.c.id)))
    assert run is not None
    _keep(conn, sizes, run, at=at, dataset_version=dataset_version)


def _values(counted: Counted) -> dict[str, Any]:
    return {name: getattr(counted, name) for name in _COUNTED}


_COUNTED: Final = tuple(Counted.__dataclass_fields__)


def latest_sizes(conn: Connection) -> dict[str, Sized]:
    """Read the size of every segment that was live at the last run, by key.

    Where its last count failed, ``error`` says why, and the numbers are those of the count before.
    """
    newest = select(func.max(segment_sizes.c.id)).group_by(segment_sizes.c.key)
    newest = newest.where(segment_sizes.c.backcast.is_(False))
    good = newest.where(segment_sizes.c.size.is_not(None))
    rows = conn.execute(
        select(segment_sizes)
        .where(segment_sizes.c.id.in_(newest.union(good)))
        .order_by(segment_sizes.c.id)
    )
    found: dict[str, Sized] = {}
    for row in rows:
        before = found.get(row.key)
        if row.size is None and before is not None and before.version is not None:
            found[row.key] = _sized(before, error=row.error)
        else:
            found[row.key] = _sized(row)
    return {key: sized for key, sized in found.items() if sized.version is not None}


def _sized(row: Any, **changes: Any) -> Sized:
    values = {name: getattr(row, name) for name in (*_COUNTED, "computed_at")}
    return Sized(**{**values, **changes})


def size_history(conn: Connection, key: str, last: int = 400) -> list[Sized]:
    """Read a segment's sizes over time, oldest first; of one time only the newest count.

    Before its first real count stand those that its newest version would have had.
    """
    rows: Sequence[Row[Any]] = conn.execute(
        select(segment_sizes)
        .where(segment_sizes.c.key == key, segment_sizes.c.size.is_not(None))
        .order_by(segment_sizes.c.id.desc())
        .limit(last)
    ).all()
    real = {row.as_of: row for row in reversed(rows) if not row.backcast}
    if not real:
        return []
    start, version = min(real), next(row.version for row in rows)
    before = {
        row.as_of: row
        for row in rows
        if row.backcast and row.version == version and row.as_of < start
    }
    return [_sized(row) for _, row in sorted({**before, **real}.items())]


def request_memberships(conn: Connection, actor: Actor, at: datetime) -> int | None:
    """Ask for a run, after what is live has changed; gives its id, where one is needed.

    None where one waits already, or where there are no traits yet, so that nobody could be in. A
    run that goes on may have looked before the change, so it does not count.
    """
    if runs.is_queued(conn, JOB) or traits.latest_run(conn) is None:
        return None
    return runs.enqueue(conn, JOB, {}, actor=actor, at=at)
