"""The audit log: who did what to what, when; rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from data.schema import audit_log


@dataclass(frozen=True)
class Actor:
    """Who acts; unverified until sign-in exists."""

    name: str
    verified: bool = False


def record(
    conn: Connection,
    actor: Actor,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    *,
    at: datetime,
) -> None:
    """Add a row, in the transaction of what it records."""
    conn.execute(
        insert(audit_log).values(
            at=at,
            actor=actor.name,
            verified=actor.verified,
            action=action,
            subject=subject,
            detail=dict(detail),
        )
    )


def history(conn: Connection, subject: str | None = None, limit: int = 200) -> Sequence[Row[Any]]:
    """Read the newest rows, of one subject or of all."""
    query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit_log.c.subject == subject)
    return conn.execute(query).all()
