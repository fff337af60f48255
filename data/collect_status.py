"""How collecting stands: what came, what waits, and how fresh what is served is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from data.api_keys import list_keys
from data.collect_log import log_folder, segments, size_of
from data.collect_moves import (
    Counts,
    positions,
    received_by_hour,
    received_since,
    refusals_since,
)
from data.collect_schema import collect_hours
from data.live_profiles import LiveProfiles, LiveState
from data.live_store import FOLDER, REDIS_VARIABLE, LiveStoreDown, open_live_store
from data.manifest import EVENTS, live_files
from data.workspace import Workspace
from kindred.errors import UserError

DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class CollectStatus:
    """What a screen tells of collected events.

    Parameters
    ----------
    last_day : Counts
        Received in the last 24 hours, to the hour; received = added + duplicates + rejected.
    by_key, by_hour, refusals : rows
        Of the last 24 hours, and of the last seven days.
    names : dict of a key's public id to its name
    waiting : int
        Bytes of the log that are not in the lake yet.
    last_hour : datetime or None
        The newest hour in which anything came.
    """

    last_day: Counts
    by_key: Sequence[Row[Any]]
    by_hour: Sequence[Row[Any]]
    refusals: Sequence[Row[Any]]
    names: dict[str, str]
    waiting: int
    last_hour: datetime | None
    lake_events: int
    lake_files: int
    first_day: date | None
    last_day_in_lake: date | None


def collect_status(conn: Connection, workspace: Workspace, now: datetime) -> CollectStatus:
    """Look at the store and at the log's folder."""
    since = (now - DAY).replace(minute=0, second=0, microsecond=0)
    by_key = received_since(conn, since)
    moved, folder = positions(conn), log_folder(workspace)
    files = live_files(conn, EVENTS)
    days = [date.fromisoformat(file.day) for file in files if file.day is not None]
    return CollectStatus(
        Counts(
            *(sum(int(row._mapping[name]) for row in by_key) for name in Counts.__annotations__)
        ),
        by_key,
        received_by_hour(conn, since),
        refusals_since(conn, (now - 7 * DAY).date().isoformat()),
        {key.public_id: key.name for key in list_keys(conn)},
        sum(max(size_of(folder / name) - moved.get(name, 0), 0) for name in segments(folder)),
        conn.scalar(select(func.max(collect_hours.c.hour))),
        sum(file.rows for file in files),
        len(files),
        min(days, default=None),
        max(days, default=None),
    )


def live_state(workspace: Workspace) -> LiveState | None:
    """Say how fresh live state is; none where there is none, or where it can't be reached."""
    if not (workspace.home / FOLDER).is_dir() and not os.environ.get(REDIS_VARIABLE):
        return None
    try:
        store = open_live_store(workspace)
    except (UserError, LiveStoreDown):
        return None
    try:
        return LiveProfiles(store).state()
    except LiveStoreDown:
        return None
    finally:
        store.close()
