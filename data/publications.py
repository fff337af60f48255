"""Publish, roll back and withdraw: one transaction with its audit and outbox rows, for every kind.

A *definition* has at most one draft, any number of immutable *versions*, and at most one standing
*publication*, which names the version that is live. The caller owns the transaction, so what
changes, why it changed and the news of it are kept together or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from data import audit
from data.definitions import Definition, definition
from data.publication_schema import (
    definitions,
    outbox,
    publications,
    version_references,
    versions,
)
from data.publication_terms import Act, Terms
from data.standing import PUBLISHED, Live, live, news, standing
from kindred.errors import UserError

# Whoever publishes also reads what is live, on which terms: all of it is had here.
__all__ = [
    "PUBLISHED",
    "ROLLED_BACK",
    "SUPERSEDED",
    "WITHDRAWN",
    "Act",
    "Live",
    "Terms",
    "dependants",
    "live",
    "news",
    "previous_version",
    "publish",
    "roll_back",
    "standing",
    "withdraw",
]

ROLLED_BACK: Final = "rolled_back"
SUPERSEDED: Final = "superseded"
WITHDRAWN: Final = "withdrawn"


def publish(
    conn: Connection,
    kind: str,
    key: str,
    act: Act,
    *,
    revision: int,
    sentence: str,
    uses: Sequence[tuple[str, str]] = (),
    terms: Terms | None = None,
    evidence: Mapping[str, Any] | None = None,
) -> int:
    """Make the draft the next version and let it be live.

    Parameters
    ----------
    revision : int
        Of the definition, as the publisher saw it: what was not seen is not published.
    uses : sequence of (kind, key)
        The definitions that the body refers to; each must be live.
    evidence : mapping
        What the publisher saw: size, share, as of.

    Returns
    -------
    int
        The version's number.
    """
    subject = definition(conn, kind, key, lock=True)
    subject.require(revision)
    if subject.draft is None:
        raise UserError(
            f"“{subject.name}” has no draft that differs from its last version.",
            "Change it first, or roll back to an earlier version.",
        )
    _require_live(conn, subject, uses)
    number = 1 + int(
        conn.scalar(
            select(func.coalesce(func.max(versions.c.number), 0)).where(
                versions.c.definition_id == subject.id
            )
        )
        or 0
    )
    version_id = _add_version(conn, subject, number, act, sentence, evidence or {})
    if uses:
        conn.execute(
            insert(version_references),
            [{"version_id": version_id, "kind": k, "key": u} for k, u in sorted(set(uses))],
        )
    conn.execute(
        update(definitions)
        .where(definitions.c.id == subject.id)
        .values(draft=None, revision=subject.revision + 1)
    )
    _let_live(conn, subject, version_id, number, PUBLISHED, act, terms or Terms())
    return number


def roll_back(conn: Connection, kind: str, key: str, number: int, act: Act) -> None:
    """Let an earlier version be live again, on the terms it last had."""
    subject = definition(conn, kind, key, lock=True)
    version_id = conn.scalar(
        select(versions.c.id).where(
            versions.c.definition_id == subject.id, versions.c.number == number
        )
    )
    if version_id is None:
        raise UserError(
            f"“{subject.name}” has no version {number}.", "Choose one from its history."
        )
    standing = _standing(conn, subject.id)
    if standing is not None and standing.version_id == version_id:
        raise UserError(f"Version {number} is live already.", "Choose another version.")
    uses = conn.execute(
        select(version_references.c.kind, version_references.c.key).where(
            version_references.c.version_id == version_id
        )
    )
    _require_live(conn, subject, [(row.kind, row.key) for row in uses])
    last = conn.execute(
        select(publications)
        .where(publications.c.version_id == version_id)
        .order_by(publications.c.id.desc())
        .limit(1)
    ).one()
    terms = Terms(last.valid_from, last.valid_until, last.browser)
    _let_live(conn, subject, version_id, number, ROLLED_BACK, act, terms)


def previous_version(conn: Connection, kind: str, key: str) -> int:
    """Name the version that was live before the one that is, or that was withdrawn last.

    Raises
    ------
    UserError
        No other version was ever live.
    """
    subject = definition(conn, kind, key)
    standing = _standing(conn, subject.id)
    query = (
        select(versions.c.number)
        .join_from(publications, versions, publications.c.version_id == versions.c.id)
        .where(publications.c.definition_id == subject.id, publications.c.ended_at.is_not(None))
        .order_by(publications.c.id.desc())
        .limit(1)
    )
    if standing is not None:
        query = query.where(publications.c.version_id != standing.version_id)
    number = conn.scalar(query)
    if number is None:
        raise UserError(
            f"No other version of “{subject.name}” was ever live.",
            "There is nothing to go back to.",
        )
    return int(number)


def withdraw(conn: Connection, kind: str, key: str, act: Act) -> None:
    """Let nothing of this definition be live any more; refused while live versions use it."""
    subject = definition(conn, kind, key, lock=True)
    if _standing(conn, subject.id) is None:
        raise UserError(f"“{subject.name}” is not live.", "There is nothing to withdraw.")
    users = dependants(conn, kind, key)
    if users:
        names = ", ".join(f"“{user}”" for user in users)
        raise UserError(
            f"“{subject.name}” can't be withdrawn: {names} would break, for it is used there.",
            "Change or withdraw these first.",
        )
    _end_standing(conn, subject.id, WITHDRAWN, act)
    _tell(conn, subject, WITHDRAWN, None, act)


def dependants(conn: Connection, kind: str, key: str) -> list[str]:
    """Name the definitions whose live version uses this one."""
    rows = conn.scalars(
        select(definitions.c.name)
        .join(publications, publications.c.definition_id == definitions.c.id)
        .join(version_references, version_references.c.version_id == publications.c.version_id)
        .where(
            publications.c.ended_at.is_(None),
            version_references.c.kind == kind,
            version_references.c.key == key,
        )
        .order_by(definitions.c.name)
    )
    return list(rows)


def _standing(conn: Connection, definition_id: int) -> Row[Any] | None:
    return conn.execute(
        select(publications).where(
            publications.c.definition_id == definition_id, publications.c.ended_at.is_(None)
        )
    ).one_or_none()


def _require_live(conn: Connection, subject: Definition, uses: Sequence[tuple[str, str]]) -> None:
    for kind, key in sorted(set(uses)):
        used = conn.scalar(
            select(publications.c.id)
            .join(definitions, publications.c.definition_id == definitions.c.id)
            .where(
                definitions.c.kind == kind,
                definitions.c.key == key,
                publications.c.ended_at.is_(None),
            )
        )
        if used is None:
            raise UserError(
                f"“{subject.name}” uses the {kind} “{key}”, which is not live.",
                f"Publish “{key}” first, or take it out.",
            )


def _add_version(
    conn: Connection,
    subject: Definition,
    number: int,
    act: Act,
    sentence: str,
    evidence: Mapping[str, Any],
) -> int:
    added = conn.execute(
        insert(versions).values(
            definition_id=subject.id,
            number=number,
            body=subject.draft,
            sentence=sentence,
            evidence=dict(evidence),
            at=act.at,
            author=act.actor.name,
        )
    ).inserted_primary_key
    assert added is not None
    return int(added[0])


def _let_live(
    conn: Connection,
    subject: Definition,
    version_id: int,
    number: int,
    action: str,
    act: Act,
    terms: Terms,
) -> None:
    _end_standing(conn, subject.id, SUPERSEDED, act)
    conn.execute(
        insert(publications).values(
            definition_id=subject.id,
            version_id=version_id,
            action=action,
            at=act.at,
            actor=act.actor.name,
            why=act.why,
            valid_from=terms.valid_from,
            valid_until=terms.valid_until,
            browser=terms.browser,
        )
    )
    _tell(conn, subject, action, number, act)


def _end_standing(conn: Connection, definition_id: int, ended_as: str, act: Act) -> None:
    conn.execute(
        update(publications)
        .where(publications.c.definition_id == definition_id, publications.c.ended_at.is_(None))
        .values(ended_at=act.at, ended_as=ended_as, ended_by=act.actor.name, ended_why=act.why)
    )


def _tell(conn: Connection, subject: Definition, action: str, number: int | None, act: Act) -> None:
    conn.execute(
        insert(outbox).values(
            at=act.at, kind=subject.kind, key=subject.key, action=action, version=number
        )
    )
    audit.record(
        conn,
        act.actor,
        f"{subject.kind}.{action}",
        f"{subject.kind}:{subject.key}",
        {"version": number, "why": act.why},
        at=act.at,
    )
