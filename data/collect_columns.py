"""Collected events as the lake's columns, built a column at a time.

Handing Arrow a list of dictionaries costs ten times as much: it looks for every member of a struct
in each of them, and most events bring three or four of twenty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from kindred.events import CONTEXT, EVENT_SCHEMA, PROPERTIES, TIMESTAMP
from kindred.intake import Event

_TEXT: Final = pa.string()


def event_table(events: Sequence[Event], received_at: Sequence[int]) -> pa.Table:
    """Give events as a table of :data:`kindred.events.EVENT_SCHEMA`, in their order.

    Parameters
    ----------
    events : sequence of Event, of length n
    received_at : sequence of int, of length n
        Microseconds since 1970.
    """
    columns = {
        "messageId": pa.array([event.message_id for event in events], _TEXT),
        "type": pa.array([event.type for event in events], _TEXT),
        "userId": pa.array([event.user_id for event in events], _TEXT),
        "anonymousId": pa.array([event.anonymous_id for event in events], _TEXT),
        "timestamp": pa.array([event.timestamp for event in events], TIMESTAMP),
        "receivedAt": pa.array(received_at, TIMESTAMP),
        "event": pa.array([event.event for event in events], _TEXT),
        "properties": _struct([event.properties for event in events], PROPERTIES),
        "traits": pa.array([event.traits for event in events], _TEXT),
        "context": _struct([event.context for event in events], CONTEXT),
    }
    return pa.table([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)


def _struct(rows: Sequence[Mapping[str, Any] | None], wanted: pa.StructType) -> pa.StructArray:
    """Turn mappings into a struct's columns; members that none of them has cost nothing."""
    there = set().union(*(row for row in rows if row))
    filled = [row or {} for row in rows]
    members = [
        pa.array([row.get(member.name) for row in filled], member.type)
        if member.name in there
        else pa.nulls(len(rows), member.type)
        for member in wanted
    ]
    missing = pa.array([row is None for row in rows], pa.bool_())
    return pa.StructArray.from_arrays(members, fields=list(wanted), mask=missing)
