"""When it is time for the job ``keep_up``, which a worker asks for by itself.

In a workspace whose clock is fixed, only events from before that time change anything, so those
that are collected now ask for nothing; in one whose clock is live, windows move even while nothing
comes in, so a day is the longest that results wait.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, select

from data import runs
from data.audit import Actor
from data.collect_moves import JOINED
from data.engine import reader
from data.manifest import COMPACTED, EVENTS, newest_addition
from data.schema import trait_runs
from data.workspace import facts
from kindred.errors import UserError

JOB: Final = "keep_up"
VARIABLE: Final = "KINDRED_KEEP_UP_MINUTES"
MINUTES: Final = 10
RESTS: Final = 3  # times as long as the last run took, so that others find the worker free
SILENCE: Final = timedelta(days=1)
KINDRED: Final = Actor("Kindred")


def interval(environment: Mapping[str, str] | None = None) -> timedelta | None:
    """Read how often a worker asks for it, at most; none where it never does.

    Raises
    ------
    UserError
        ``KINDRED_KEEP_UP_MINUTES`` is no number of minutes.
    """
    text = (os.environ if environment is None else environment).get(VARIABLE, "").strip()
    if not text:
        return timedelta(minutes=MINUTES)
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise UserError(
            f"{text!r} is no number of minutes.", "Give 1 or more; 0 turns it off.", VARIABLE
        )
    return timedelta(minutes=int(text)) if int(text) else None


def ask_where_due(engine: Engine, every: timedelta, now: datetime) -> int | None:
    """Ask for a run if it is time for one; gives its number."""
    with reader(engine).connect() as conn:
        if not is_due(conn, every, now):
            return None
    with engine.begin() as conn:
        if not is_due(conn, every, now):  # another worker was quicker
            return None
        return runs.enqueue(conn, JOB, {}, actor=KINDRED, at=now)


def is_due(conn: Connection, every: timedelta, now: datetime) -> bool:
    """Tell whether there is something to bring up to date, and it was left alone long enough."""
    for job in (JOB, "refresh"):
        if runs.is_waiting(conn, job):
            return False
        last = runs.latest(conn, job)
        if last is not None and last.finished_at is not None:
            took = last.finished_at - (last.started_at or last.finished_at)
            if now < last.finished_at + max(every, RESTS * took):
                return False
    return _is_behind(conn, now)


def _is_behind(conn: Connection, now: datetime) -> bool:
    known = facts(conn)
    if known is None:
        return False
    fixed, last = known.clock_fixed_at, _last_traits(conn)
    # A day's file counts where some of the day lies before the clock.
    until = None if fixed is None else (fixed - timedelta(microseconds=1)).date().isoformat()
    newest = newest_addition(conn, EVENTS, until=until, without=(COMPACTED, JOINED))
    if newest > (last.dataset_version if last is not None else 0):
        return True
    return fixed is None and last is not None and now - last.as_of > SILENCE


def _last_traits(conn: Connection) -> Any:
    columns = trait_runs.c.dataset_version, trait_runs.c.as_of
    return conn.execute(select(*columns).order_by(trait_runs.c.id.desc()).limit(1)).one_or_none()
