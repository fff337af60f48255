"""Definitions and their drafts; two editors at once are told apart by a revision number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from data import audit
from data.publication_schema import definitions, publications, versions
from kindred.errors import UserError

KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class EditConflict(UserError):
    """Somebody else saved in the meantime; what they saved is left as it is.

    Parameters
    ----------
    by : str
        Who saved.
    at : datetime
        When, in UTC.
    """

    def __init__(self, name: str, by: str, at: datetime) -> None:
        self.by = by
        self.at = at
        super().__init__(
            f"{by} changed “{name}” at {at:%H:%M:%S} UTC on {at:%-d %B %Y}, after you opened it.",
            "Look at their version, then save yours over it or take theirs.",
        )


@dataclass(frozen=True)
class Definition:
    """Something that can be published: its particulars and its draft.

    Parameters
    ----------
    draft : mapping or None
        The body that the next version would have; none when nothing is to be published.
    revision : int
        Counts every saved change; a save names the revision it was made upon.
    """

    id: int
    kind: str
    key: str
    name: str
    owner: str
    tags: tuple[str, ...]
    notes: str
    draft: Mapping[str, Any] | None
    revision: int
    updated_at: datetime
    updated_by: str

    def require(self, revision: int) -> None:
        """Refuse, with who and when, unless `revision` is the current one."""
        if revision != self.revision:
            raise EditConflict(self.name, self.updated_by, self.updated_at)


def create(
    conn: Connection,
    kind: str,
    key: str,
    name: str,
    body: Mapping[str, Any],
    *,
    actor: audit.Actor,
    at: datetime,
    tags: Sequence[str] = (),
    notes: str = "",
) -> Definition:
    """Begin a definition, with its first draft."""
    if not KEY.fullmatch(key):
        raise UserError(
            f"{key!r} can't be a key.",
            "Use up to 64 small letters, digits, - and _, and begin with a letter.",
        )
    if not name.strip():
        raise UserError("It has no name.", "Give it the name that people will know it by.")
    taken = conn.scalar(
        select(definitions.c.name).where(definitions.c.kind == kind, definitions.c.key == key)
    )
    if taken is not None:
        raise UserError(f"The key {key!r} belongs to “{taken}”.", "Choose another key.")
    conn.execute(
        insert(definitions).values(
            kind=kind,
            key=key,
            name=name.strip(),
            owner=actor.name,
            tags=list(tags),
            notes=notes,
            draft=dict(body),
            revision=1,
            created_at=at,
            updated_at=at,
            updated_by=actor.name,
        )
    )
    audit.record(conn, actor, f"{kind}.created", f"{kind}:{key}", {"name": name}, at=at)
    return definition(conn, kind, key)


def save(
    conn: Connection,
    kind: str,
    key: str,
    *,
    revision: int,
    actor: audit.Actor,
    at: datetime,
    **changes: Any,
) -> Definition:
    """Change draft, name, owner, tags or notes, upon the revision that the editor opened.

    Raises
    ------
    EditConflict
        Somebody saved since; nothing is changed.
    """
    unknown = set(changes) - {"draft", "name", "owner", "tags", "notes"}
    if unknown:
        raise TypeError(f"not particulars of a definition: {sorted(unknown)}")
    changed = conn.execute(
        update(definitions)
        .where(
            definitions.c.kind == kind,
            definitions.c.key == key,
            definitions.c.revision == revision,
        )
        .values(revision=revision + 1, updated_at=at, updated_by=actor.name, **changes)
    )
    current = definition(conn, kind, key)
    if changed.rowcount == 0:
        raise EditConflict(current.name, current.updated_by, current.updated_at)
    detail = {"revision": revision + 1, "changed": sorted(changes)}
    audit.record(conn, actor, f"{kind}.saved", f"{kind}:{key}", detail, at=at)
    return current


def definition(conn: Connection, kind: str, key: str, *, lock: bool = False) -> Definition:
    """Find one, or say which there are.

    With `lock` whoever locks it next waits for this transaction's end. SQLite's writers queue
    anyway, and it knows no such clause.
    """
    query = select(definitions).where(definitions.c.kind == kind, definitions.c.key == key)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        known = conn.scalars(
            select(definitions.c.key)
            .where(definitions.c.kind == kind)
            .order_by(definitions.c.key)
            .limit(10)
        ).all()
        some = f"There are: {', '.join(known)}." if known else "There is none yet."
        raise UserError(f"There is no {kind} called {key!r}.", some)
    return _definition(row)


def all_definitions(conn: Connection, kind: str, limit: int = 1000) -> list[Definition]:
    """List the definitions of a kind, last changed first."""
    rows = conn.execute(
        select(definitions)
        .where(definitions.c.kind == kind)
        .order_by(definitions.c.updated_at.desc(), definitions.c.id.desc())
        .limit(limit)
    )
    return [_definition(row) for row in rows]


def version_body(conn: Connection, kind: str, key: str, number: int) -> Mapping[str, Any]:
    """Read the immutable body of a version."""
    body: Mapping[str, Any] | None = conn.scalar(
        select(versions.c.body)
        .join(definitions, versions.c.definition_id == definitions.c.id)
        .where(definitions.c.kind == kind, definitions.c.key == key, versions.c.number == number)
    )
    if body is None:
        raise UserError(f"{key!r} has no version {number}.", "Choose one from its history.")
    return body


def version_history(conn: Connection, kind: str, key: str) -> Sequence[Row[Any]]:
    """List a definition's versions, newest first."""
    return conn.execute(
        select(versions)
        .join(definitions, versions.c.definition_id == definitions.c.id)
        .where(definitions.c.kind == kind, definitions.c.key == key)
        .order_by(versions.c.number.desc())
    ).all()


def publication_history(
    conn: Connection, kind: str | None = None, key: str | None = None, limit: int = 200
) -> Sequence[Row[Any]]:
    """List what was live from when until when, newest first; of all, a kind or one definition."""
    query = (
        select(publications)
        .add_columns(definitions.c.kind, definitions.c.key, definitions.c.name)
        .add_columns(versions.c.number, versions.c.sentence)
        .join_from(publications, definitions, publications.c.definition_id == definitions.c.id)
        .join(versions, publications.c.version_id == versions.c.id)
        .order_by(publications.c.id.desc())
        .limit(limit)
    )
    if kind is not None:
        query = query.where(definitions.c.kind == kind)
    if key is not None:
        query = query.where(definitions.c.key == key)
    return conn.execute(query).all()


def _definition(row: Row[Any]) -> Definition:
    return Definition(
        row.id,
        row.kind,
        row.key,
        row.name,
        row.owner,
        tuple(row.tags),
        row.notes,
        row.draft,
        row.revision,
        row.updated_at,
        row.updated_by,
    )
