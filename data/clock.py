"""The workspace's clock: live, or fixed at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from data.schema import workspace_facts


def as_of(conn: Connection, now: datetime) -> datetime:
    """Give the time that the workspace calls now.

    A job pins it at its start, a screen uses the last run's, serving takes it per request.
    """
    fixed = conn.scalar(select(workspace_facts.c.clock_fixed_at))
    return fixed or now
