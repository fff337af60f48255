"""Bring a table of events to the canonical columns, and say of each row whether it may go in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import ibis
import ibis.expr.datatypes as dt

from kindred import intake
from kindred.errors import UserError
from kindred.events import EVENT_SCHEMA, TYPES
from kindred.segments.durations import moment

CLOCK_SKEW: Final = timedelta(days=intake.SKEW_DAYS)
REASON: Final = "reason"
NEEDED: Final = ("messageId", "type", "timestamp")


def canonical(table: ibis.Table) -> ibis.Table:
    """Select the canonical columns, cast; those that are not there become null.

    A time without a zone is read as UTC. A value that can't be cast becomes null, which
    :func:`with_reason` then finds where it matters.

    Raises
    ------
    UserError
        A column without which no row could go in is not there.
    """
    missing = [name for name in NEEDED if name not in table.columns]
    if not {"userId", "anonymousId"} & set(table.columns):
        missing.append("userId (or anonymousId)")
    if missing:
        raise UserError(
            f"It has no column {', '.join(missing)}.",
            f"Canonical events have: {', '.join(EVENT_SCHEMA.names)}. "
            f"This file has: {', '.join(table.columns)}.",
        )
    types = dict(ibis.Schema.from_pyarrow(EVENT_SCHEMA).items())
    return table.select(
        **{
            name: _as(table[name], wanted) if name in table.columns else ibis.null(wanted)
            for name, wanted in types.items()
        }
    )


def unknown_columns(table: ibis.Table) -> list[str]:
    """Name the columns that are not canonical and will not be read."""
    return [name for name in table.columns if name not in EVENT_SCHEMA.names]


def with_reason(events: ibis.Table, now: datetime) -> ibis.Table:
    """Add the column ``reason``: null where the event may go in, else why it may not.

    `kindred.intake.refusal` says the same of one event.
    """
    earliest = ibis.timestamp(moment(intake.EARLIEST).isoformat())
    latest = ibis.timestamp((now + CLOCK_SKEW).isoformat())
    revenue = events["properties"]["revenue"]
    reason = ibis.cases(
        (_blank(events["messageId"]), intake.NO_MESSAGE_ID),
        (events["timestamp"].isnull(), intake.NO_TIMESTAMP),
        (events["timestamp"] < earliest, intake.TOO_EARLY),
        (events["timestamp"] > latest, intake.TOO_LATE),
        (_blank(events["userId"]) & _blank(events["anonymousId"]), intake.NOBODY),
        (events["type"].isnull() | ~events["type"].isin(TYPES), intake.NO_TYPE),
        ((events["type"] == "track") & _blank(events["event"]), intake.NO_NAME),
        (revenue.isnan() | revenue.isinf(), intake.NO_REVENUE),
        else_=None,
    )
    return events.mutate(**{REASON: reason.cast("string")})


def _blank(column: ibis.Value) -> ibis.Value:
    return column.isnull() | (column.strip() == "")


def _as(value: ibis.Value, wanted: dt.DataType) -> ibis.Value:
    """Cast a value, struct members one by one, so that what is not there is null."""
    found = value.type()
    if found.copy(nullable=True) == wanted.copy(nullable=True):
        return value
    if isinstance(wanted, dt.Struct) and isinstance(found, dt.Struct):
        made = ibis.struct(
            {
                name: _as(value[name], member) if name in found.names else ibis.null(member)
                for name, member in wanted.items()
            }
        )
        return ibis.ifelse(value.isnull(), ibis.null(wanted), made)
    if isinstance(wanted, dt.Array) and isinstance(found, dt.Array):
        return value.map(lambda member: _as(member, wanted.value_type))
    if isinstance(wanted, dt.Timestamp) and isinstance(found, dt.Timestamp):
        return value.cast(wanted)  # DuckDB's zone is UTC here
    if isinstance(wanted, (dt.Struct, dt.Array)):
        return ibis.null(wanted)
    return value.try_cast(wanted)
