"""Read what is live: the publications that stand, and what serving has not heard of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from data.publication_schema import definitions, outbox, publications, versions
from data.publication_terms import Terms

PUBLISHED: Final = "published"


@dataclass(frozen=True)
class Live:
    """A version that is live."""

    kind: str
    key: str
    name: str
    number: int
    body: Mapping[str, Any]
    sentence: str
    since: datetime
    actor: str
    terms: Terms
    evidence: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""
    action: str = PUBLISHED


def live(conn: Connection, kind: str, at: datetime) -> list[Live]:
    """List what is live and valid at a time, by key."""
    return [found for found in standing(conn, kind) if found.terms.hold(at)]


def standing(conn: Connection, kind: str | None = None) -> list[Live]:
    """List every publication that stands, also one whose time has not come or is over."""
    query = (
        select(definitions.c.kind, definitions.c.key, definitions.c.name)
        .add_columns(versions.c.number, versions.c.body, versions.c.sentence, versions.c.evidence)
        .add_columns(publications.c.at, publications.c.actor, publications.c.why)
        .add_columns(publications.c.action, publications.c.valid_from, publications.c.valid_until)
        .add_columns(publications.c.browser)
        .join_from(publications, definitions, publications.c.definition_id == definitions.c.id)
        .join(versions, publications.c.version_id == versions.c.id)
        .where(publications.c.ended_at.is_(None))
        .order_by(definitions.c.kind, definitions.c.key)
    )
    if kind is not None:
        query = query.where(definitions.c.kind == kind)
    return [
        Live(
            row.kind,
            row.key,
            row.name,
            row.number,
            row.body,
            row.sentence,
            row.at,
            row.actor,
            Terms(row.valid_from, row.valid_until, row.browser),
            row.evidence,
            row.why,
            row.action,
        )
        for row in conn.execute(query)
    ]


def news(conn: Connection, after: int, limit: int = 1000) -> Sequence[Row[Any]]:
    """Read the outbox after a row's id: what serving has not heard of yet."""
    return conn.execute(
        select(outbox).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit)
    ).all()
