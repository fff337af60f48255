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
_LARGEST_INT32: Final = 2**31 - 1
_MILLISECONDS_FROM: Final = 1e11  # a bare number that large counts milliseconds, not seconds


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
    type_ = kind or _text(given.get("type"))
    own = given.get("context")
    about: Mapping[str, Any] = own if isinstance(own, dict) else {}
    if context:
        about = {**context, **about}
    sent_id = given.get("messageId")
    told = _traits(given, about, type_)
    return Event(
        new_id() if sent_id is None else _text(sent_id),
        type_,
        _id(given.get("userId")),
        _id(given.get("anonymousId")),
        _timestamp(given, received_at, sent_at),
        _text(given.get("event" if type_ == "track" else "name")),
        _properties(given, type_),
        _json(told) if told else None,
        _context(about) if about else None,
    )


def refusal(event: Event, now: int) -> str | None:  # noqa: PLR0911 -- one line a reason
    """Say why an event may not go in; none where it may.

    Parameters
    ----------
    now : int
        Microseconds since 1970.
    """
    if _blank(event.message_id):
        return NO_MESSAGE_ID
    at = event.timestamp
    if at is None:
        return NO_TIMESTAMP
    if at < EARLIEST:
        return TOO_EARLY
    if at > now + SKEW_DAYS * _DAY:
        return TOO_LATE
    if _blank(event.user_id) and _blank(event.anonymous_id):
        return NOBODY
    if event.type not in TYPES:
        return NO_TYPE
    if event.type == "track" and _blank(event.event):
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


def instant_of(given: Any) -> int | None:
    """Read a time as SDKs send it: ISO 8601 (without a zone it is UTC), or seconds or milliseconds.

    Examples
    --------
    >>> instant_of("1970-01-01T00:00:01.5Z"), instant_of(1.5), instant_of("soon")
    (1500000, 1500000, None)
    """
    if isinstance(given, str):
        try:
            moment = datetime.fromisoformat(given.strip())
            return micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            return None
    if type(given) in (int, float):
        seconds = given / 1000 if abs(given) >= _MILLISECONDS_FROM else given
        return round(seconds * 1e6) if abs(seconds) < 1e11 else None
    return None


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
    if type_ in ("page", "screen") and (category := _plain(given.get("category"))) is not None:
        known.setdefault("category", category)
    if other:
        known["other"] = _json(other)
    return known or None


_ALSO: Final = {"group": "groupId", "alias": "previousId"}


def _context(about: Mapping[str, Any]) -> dict[str, Any] | None:
    known: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in about.items():
        if name in _CONTEXT and not isinstance(value, dict):
            if (typed := _plain(value)) is not None:
                known[name] = typed
        elif name != "traits":
            other[name] = value
    device, place = about.get("device"), about.get("location")
    if isinstance(device, dict) and (kind := _plain(device.get("type"))) is not None:
        known["device"] = kind
    if isinstance(place, dict) and (region := _plain(place.get("region"))) is not None:
        known.setdefault("region", region)
    if other:
        known["other"] = _json(other)
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
        if "product_id" not in line and (sku := _plain(sent.get("sku"))) is not None:
            line["product_id"] = sku
        if "revenue" not in line and "price" in line and "quantity" in line:
            paid = line["price"] * line["quantity"]
            line.update({"revenue": paid} if math.isfinite(paid) else {})
        products.append(line)
    return products


def _number(given: Any) -> float | None:
    """Read a number, also one in a text; None where it is none."""
    if type(given) not in (int, float, str):
        return None
    try:
        number = float(given) if "_" not in str(given) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _revenue(given: Any) -> float | None:
    """Read the revenue; what is none becomes NaN, for which the event is refused."""
    number = _number(given)
    return math.nan if number is None and given is not None else number


def _integer(given: Any) -> int | None:
    number = _number(given)
    if number is None or number != int(number) or abs(number) > _LARGEST_INT32:
        return None
    return int(number)


def _plain(given: Any) -> str | None:
    """Read a text; a number or a flag becomes one, what has members becomes JSON."""
    if given is None or isinstance(given, str):
        return given
    return _json(given)


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else _id(given)


def _id(given: Any) -> str | None:
    """Read an id: a text, or a number as some send it; blank is none."""
    if isinstance(given, str):
        return given if given and not given.isspace() else None
    if type(given) is int:
        return str(given)
    if type(given) is float and given.is_integer():
        return str(int(given))
    return None


def _blank(text: str | None) -> bool:
    return text is None or not text.strip(_SPACE)


def _json(given: Any) -> str:
    return _encode(given).decode()


_SPACE: Final = " \t\n\r\v\f"  # what engines trim
_encode: Final = msgspec.json.Encoder().encode
_READERS: Final = {"string": _plain, "double": _number, "int32": _integer}
_PRODUCT: Final = {field.name: _READERS[str(field.type)] for field in PRODUCT}
_MEMBERS: Final[Mapping[str, Any]] = {
    **{f.name: _READERS[str(f.type)] for f in PROPERTIES if f.name not in ("products", "other")},
    "revenue": _revenue,
    "products": _products,
}
_CONTEXT: Final = frozenset(field.name for field in CONTEXT) - {"other"}
