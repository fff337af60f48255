"""One event as an SDK sends it → the canonical event, or the reason why it may not go in.

`data/canonical.py` says the same of a table of events; a property test holds the two equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from kindred.events import CONTEXT, PRODUCT, PROPERTIES, TYPES
from kindred.segments.durations import micros
from kindred.sent_values import (
    id_of,
    instant_of,
    integer_of,
    is_blank,
    json_of,
    label_of,
    number_of,
    revenue_of,
    text_of,
)

NO_MESSAGE_ID: Final = "it has no messageId"
NO_TIMESTAMP: Final = "it has no timestamp that can be read"
TOO_EARLY: Final = "its timestamp lies before 1990"
TOO_LATE: Final = "its timestamp lies in the future"
NOBODY: Final = "it names nobody"
NO_TYPE: Final = "its type is none of the six"
NO_NAME: Final = "a track event has no name"
NO_REVENUE: Final = "its revenue is no finite number"
NO_OBJECT: Final = "it is no JSON object"
NO_TEXT: Final = "it is not valid UTF-8"
TOO_LARGE: Final = "it is larger than 32 KB"
TOO_DEEP: Final = "it is nested deeper than 64 levels"

EARLIEST: Final = micros(datetime(1990, 1, 1, tzinfo=UTC))
MOST_LEVELS: Final = 64
SKEW_DAYS: Final = 2  # by which a clock may be ahead after correction
_DAY: Final = 86_400_000_000


class Event(msgspec.Struct, array_like=True):
    """A canonical event; the members are the columns of :data:`kindred.events.EVENT_SCHEMA`.

    Parameters
    ----------
    timestamp : int or None
        Microseconds since 1970; none where it can't be read.
    properties, context : dict or None
        Typed members that are there, and ``other`` as JSON text.
    traits : str or None
        JSON text.
    """

    message_id: str | None
    type: str | None
    user_id: str | None
    anonymous_id: str | None
    timestamp: int | None
    event: str | None
    properties: dict[str, Any] | None = None
    traits: str | None = None
    context: dict[str, Any] | None = None

    @property
    def person(self) -> str:
        """Whose it is, until identities are merged."""
        return self.user_id if self.user_id is not None else self.anonymous_id or ""


def canonical_event(
    given: Mapping[str, Any],
    *,
    received_at: int,
    sent_at: int | None,
    new_id: Callable[[], str],
    kind: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Event:
    """Bring an event as it was sent to the canonical shape; nothing is refused yet.

    Parameters
    ----------
    given : mapping
        The decoded JSON object.
    received_at, sent_at : int
        Microseconds since 1970, by our clock and by the sender's. Where both are known, a clock
        that is off is put right: timestamp = received − (sent − original).
    new_id : callable
        Makes a messageId where the event brings none.
    kind : str, optional
        The type that the address says.
    context : mapping, optional
        Of the whole batch; the event's own goes before it.
    """
    type_ = kind or label_of(given.get("type"))
    own = given.get("context")
    about: Mapping[str, Any] = own if isinstance(own, dict) else {}
    if context:
        about = {**context, **about}
    sent_id = given.get("messageId")
    told = _traits(given, about, type_)
    return Event(
        new_id() if sent_id is None else label_of(sent_id),
        type_,
        id_of(given.get("userId")),
        id_of(given.get("anonymousId")),
        _timestamp(given, received_at, sent_at),
        label_of(given.get("event" if type_ == "track" else "name")),
        _properties(given, type_),
        json_of(told) if told else None,
        _context(about) if about else None,
    )


def refusal(event: Event, now: int) -> str | None:  # noqa: PLR0911 -- one line a reason
    """Say why an event may not go in; none where it may.

    Parameters
    ----------
    now : int
        Microseconds since 1970.
    """
    if is_blank(event.message_id):
        return NO_MESSAGE_ID
    at = event.timestamp
    if at is None:
        return NO_TIMESTAMP
    if at < EARLIEST:
        return TOO_EARLY
    if at > now + SKEW_DAYS * _DAY:
        return TOO_LATE
    if is_blank(event.user_id) and is_blank(event.anonymous_id):
        return NOBODY
    if event.type not in TYPES:
        return NO_TYPE
    if event.type == "track" and is_blank(event.event):
        return NO_NAME
    revenue = event.properties.get("revenue") if event.properties else None
    if revenue is not None and not math.isfinite(revenue):
        return NO_REVENUE
    return None


def is_deep(given: Any) -> bool:
    """Tell whether members hold members beyond what anything that reads them later would bear.

    Examples
    --------
    >>> is_deep({"a": [1, {"b": 2}]}), is_deep({"a": eval("[" * 64 + "]" * 64)})
    (False, True)
    """
    level = [given]
    for _ in range(MOST_LEVELS):
        level = [
            member
            for each in level
            for member in (each.values() if isinstance(each, dict) else each)
            if isinstance(member, dict | list)
        ]
        if not level:
            return False
    return True


def _timestamp(given: Mapping[str, Any], received_at: int, sent_at: int | None) -> int | None:
    sent = given.get("timestamp")
    if sent is None:
        sent = given.get("originalTimestamp")
    if sent is None:
        return received_at
    original = instant_of(sent)
    if original is None or sent_at is None:
        return original
    return received_at - (sent_at - original)


def _properties(given: Mapping[str, Any], type_: str | None) -> dict[str, Any] | None:
    sent = given.get("properties")
    known: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in sent.items() if isinstance(sent, dict) else ():
        read = _MEMBERS.get(name)
        if read is None:
            other[name] = value
        elif value is not None and (typed := read(value)) is not None:
            known[name] = typed
    also = _ALSO.get(type_ or "")
    if also is not None and given.get(also) is not None:
        other.setdefault(also, given[also])
    if type_ in ("page", "screen") and (category := text_of(given.get("category"))) is not None:
        known.setdefault("category", category)
    if other:
        known["other"] = json_of(other)
    return known or None


_ALSO: Final = {"group": "groupId", "alias": "previousId"}


def _context(about: Mapping[str, Any]) -> dict[str, Any] | None:
    known: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in about.items():
        if name in _CONTEXT and not isinstance(value, dict):
            if (typed := text_of(value)) is not None:
                known[name] = typed
        elif name != "traits":
            other[name] = value
    device, place = about.get("device"), about.get("location")
    if isinstance(device, dict) and (kind := text_of(device.get("type"))) is not None:
        known["device"] = kind
    if isinstance(place, dict) and (region := text_of(place.get("region"))) is not None:
        known.setdefault("region", region)
    if other:
        known["other"] = json_of(other)
    return known or None


def _traits(given: Mapping[str, Any], about: Mapping[str, Any], type_: str | None) -> Any:
    if type_ not in ("identify", "group"):
        return None
    told = given.get("traits")
    if told is None and type_ == "identify":
        told = about.get("traits")  # where some SDKs put them
    return told if isinstance(told, dict) else None


def _products(given: Any) -> list[dict[str, Any]] | None:
    if not isinstance(given, list):
        return None
    products = []
    for sent in given:
        if not isinstance(sent, dict):
            continue
        line: dict[str, Any] = {
            name: typed
            for name, read in _PRODUCT.items()
            if (typed := read(sent.get(name))) is not None
        }
        if "product_id" not in line and (sku := text_of(sent.get("sku"))) is not None:
            line["product_id"] = sku
        if "revenue" not in line and "price" in line and "quantity" in line:
            paid = line["price"] * line["quantity"]
            line.update({"revenue": paid} if math.isfinite(paid) else {})
        products.append(line)
    return products


_READERS: Final = {"string": text_of, "double": number_of, "int32": integer_of}
_PRODUCT: Final = {field.name: _READERS[str(field.type)] for field in PRODUCT}
_MEMBERS: Final[Mapping[str, Any]] = {
    **{f.name: _READERS[str(f.type)] for f in PROPERTIES if f.name not in ("products", "other")},
    "revenue": revenue_of,
    "products": _products,
}
_CONTEXT: Final = frozenset(field.name for field in CONTEXT) - {"other"}
