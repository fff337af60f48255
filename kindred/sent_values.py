"""One value as an SDK sends it, of whatever type: the number, text, id or time that is meant."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from kindred.segments.durations import micros

_LARGEST_INT32: Final = 2**31 - 1
_MILLISECONDS_FROM: Final = 1e11  # a bare number that large counts milliseconds, not seconds
_SPACE: Final = " \t\n\r\v\f"  # what engines trim
_encode: Final = msgspec.json.Encoder().encode


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


def number_of(given: Any) -> float | None:
    """Read a number, also one in a text; None where it is none."""
    if type(given) not in (int, float, str):
        return None
    try:
        number = float(given) if "_" not in str(given) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def revenue_of(given: Any) -> float | None:
    """Read the revenue; what is none becomes NaN, for which the event is refused."""
    number = number_of(given)
    return math.nan if number is None and given is not None else number


def integer_of(given: Any) -> int | None:
    """Read a whole number of 32 bits; None where it is none."""
    number = number_of(given)
    if number is None or number != int(number) or abs(number) > _LARGEST_INT32:
        return None
    return int(number)


def text_of(given: Any) -> str | None:
    """Read a text; a number or a flag becomes one, what has members becomes JSON."""
    if given is None or isinstance(given, str):
        return given
    return json_of(given)


def label_of(given: Any) -> str | None:
    """Read a text that names something, or a number that does; an empty one is as it came."""
    return given if isinstance(given, str) else id_of(given)


def id_of(given: Any) -> str | None:
    """Read an id: a text, or a number as some send it; blank is none."""
    if isinstance(given, str):
        return given if given and not given.isspace() else None
    if type(given) is int:
        return str(given)
    if type(given) is float and given.is_integer():
        return str(int(given))
    return None


def is_blank(text: str | None) -> bool:
    """Tell whether a text is none or nothing but space."""
    return text is None or not text.strip(_SPACE)


def json_of(given: Any) -> str:
    """Write a value as JSON."""
    return _encode(given).decode()
