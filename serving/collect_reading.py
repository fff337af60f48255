"""The events of a request, one by one: taken in as canonical events, or refused and why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from data.collect_log import Refused
from kindred import intake
from kindred.intake import Event
from kindred.sent_values import instant_of
from serving.mending import mended

MOST_EVENT_BYTES: Final = 32 << 10
EXAMPLE_CHARACTERS: Final = 400
BAD_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
read_object: Final = msgspec.json.Decoder(dict[str, Any]).decode


def sorted_out(
    sent: list[msgspec.Raw],
    now: int,
    sent_at: int | None,
    context: Mapping[str, Any] | None,
    kind: str | None,
) -> tuple[list[Event], list[Refused], list[int]]:
    """Part the events that may go in from those that may not; gives the latter's places, too."""
    events, refused, places = [], [], []
    for place, raw in enumerate(sent):
        found = _read(bytes(raw), now, sent_at, context, kind)
        if isinstance(found, Event):
            events.append(found)
        else:
            refused.append(Refused(found, begin(bytes(raw))))
            places.append(place)
    return events, refused, places


def _read(
    raw: bytes, now: int, sent_at: int | None, context: Mapping[str, Any] | None, kind: str | None
) -> Event | str:
    """Read one event; where it may not go in, the reason."""
    if len(raw) > MOST_EVENT_BYTES:
        return intake.TOO_LARGE
    try:
        given = _event(raw)
        # Only what has that many brackets at all is looked through.
        if raw.count(b"{") + raw.count(b"[") > intake.MOST_LEVELS and intake.is_deep(given):
            return intake.TOO_DEEP
        event = intake.canonical_event(
            given,
            received_at=now,
            sent_at=instant_of(given.get("sentAt")) if sent_at is None else sent_at,
            new_id=_new_id,
            kind=kind,
            context=context,
        )
    except UnicodeDecodeError:
        return intake.NO_TEXT
    except RecursionError:
        return intake.TOO_DEEP
    except msgspec.MsgspecError:
        return intake.NO_OBJECT
    return intake.refusal(event, now) or event


def _event(raw: bytes) -> dict[str, Any]:
    try:
        return read_object(raw)
    except msgspec.DecodeError:
        return read_object(mended(raw))  # a number beyond all that are, say


def begin(raw: bytes) -> str:
    """Give how something began that can't be used, to show it."""
    return raw[: 4 * EXAMPLE_CHARACTERS].decode("utf-8", "replace")[:EXAMPLE_CHARACTERS]


def _new_id() -> str:
    return f"kindred-{uuid.uuid4()}"
