"""Totals and daily counts of a workspace: computed by Ibis, kept in the store, read by screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import ibis
from sqlalchemy import Connection, Row, insert, select

from data.lake import person_id
from data.schema import daily_summaries, summaries
from kindred.events import ORDER_COMPLETED


def totals(events: ibis.Table, as_of: datetime) -> ibis.Table:
    """Count everything before `as_of`, and what lies at or after it; one row."""
    clock = ibis.timestamp(as_of.isoformat())
    seen = events["timestamp"] < clock
    order = seen & (events["event"] == ORDER_COMPLETED)
    return events.aggregate(
        people=person_id(events).nunique(where=seen),
        events=events.count(where=seen),
        later=events.count(where=~seen),
        orders=events.count(where=order),
        revenue=events["properties"]["revenue"].sum(where=order).fill_null(0.0),
        first_event_at=events["timestamp"].min(where=seen),
        last_event_at=events["timestamp"].max(where=seen),
    )


def by_day(events: ibis.Table, as_of: datetime) -> ibis.Table:
    """Count events, people, new people, orders and revenue of each UTC day before `as_of`.

    People are new on the day of their first event.
    """
    clock = ibis.timestamp(as_of.isoformat())
    seen = events.filter(events["timestamp"] < clock)
    person_days = seen.group_by(
        person=person_id(seen), day=seen["timestamp"].strftime("%Y-%m-%d")
    ).aggregate(
        events=seen.count(),
        orders=seen.count(where=seen["event"] == ORDER_COMPLETED),
        revenue=seen["properties"]["revenue"].sum(where=seen["event"] == ORDER_COMPLETED),
    )
    first = person_days.group_by("person").aggregate(day=person_days["day"].min())
    new = first.group_by("day").aggregate(new_people=first.count())
    days = person_days.group_by("day").aggregate(
        events=person_days["events"].sum(),
        people=person_days.count(),
        orders=person_days["orders"].sum(),
        revenue=person_days["revenue"].sum().fill_null(0.0),
    )
    joined = days.left_join(new, "day")
    return joined.select(
        "day",
        "events",
        "people",
        "orders",
        "revenue",
        new_people=joined["new_people"].fill_null(0),
    ).order_by("day")


def save_summary(
    conn: Connection,
    counted: Mapping[str, Any],
    days: Sequence[Mapping[str, Any]],
    *,
    run_id: int | None,
    at: datetime,
    as_of: datetime,
    dataset_version: int,
    items: int,
) -> int:
    """Keep totals and days; gives the summary's id."""
    added = conn.execute(
        insert(summaries).values(
            run_id=run_id,
            at=at,
            as_of=as_of,
            dataset_version=dataset_version,
            items=items,
            **{name: counted[name] for name in _TOTALS},
        )
    ).inserted_primary_key
    assert added is not None
    if days:
        conn.execute(
            insert(daily_summaries), [{"summary_id": int(added[0]), **day} for day in days]
        )
    return int(added[0])


_TOTALS = ("people", "events", "orders", "revenue", "first_event_at", "last_event_at")


def latest_summaries(conn: Connection, limit: int = 2) -> Sequence[Row[Any]]:
    """Read the newest summary and those before it: what changed is their difference."""
    query = select(summaries).order_by(summaries.c.id.desc()).limit(limit)
    return conn.execute(query).all()


def daily(conn: Connection, summary_id: int, last: int = 1_100) -> Sequence[Row[Any]]:
    """Read the newest `last` days of a summary, the oldest first."""
    newest = (
        select(daily_summaries)
        .where(daily_summaries.c.summary_id == summary_id)
        .order_by(daily_summaries.c.day.desc())
        .limit(last)
        .subquery()
    )
    return conn.execute(select(newest).order_by(newest.c.day)).all()
