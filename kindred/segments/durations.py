"""Lengths of time and instants as rules write them: ISO 8601, of fixed length, never months."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from kindred.errors import UserError

DAY: Final = 86_400_000_000  # microseconds
LONGEST_DAYS: Final = 36_525  # a hundred years
_MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ACCEPTED: Final = "Write a length such as P30D, P2W, PT6H or P1DT12H; months have no fixed length."
ACCEPTED_TIMES: Final = "Write a day (2026-11-01, from midnight UTC) or 2026-11-01T09:30:00+01:00."

_DURATION: Final = re.compile(
    r"P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_DAY_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@lru_cache(4096)
def duration(text: str) -> timedelta:
    """Read a length of time.

    Raises
    ------
    UserError
        It is no duration, is nothing, has months or years, or is longer than a hundred years.

    Examples
    --------
    >>> duration("P1DT12H")
    datetime.timedelta(days=1, seconds=43200)
    """
    found = _DURATION.fullmatch(text)
    if not found or not any(found.groups()):
        raise UserError(f"{text!r} is not a length of time.", ACCEPTED)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    length = timedelta(days=7 * weeks + days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < length <= timedelta(days=LONGEST_DAYS):
        raise UserError(
            f"{text!r} is no window: it is nothing, or longer than a hundred years.", ACCEPTED
        )
    return length


@lru_cache(4096)
def instant(text: str) -> datetime:
    """Read a time with its zone, in UTC; a bare day is its midnight in UTC.

    Examples
    --------
    >>> instant("2026-11-01T01:00:00+02:00")
    datetime.datetime(2026, 10, 31, 23, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = datetime.fromisoformat(text)
        if _DAY_ONLY.fullmatch(text):
            return moment.replace(tzinfo=UTC)
        if moment.tzinfo is None:
            raise UserError(f"{text!r} has no time zone.", ACCEPTED_TIMES)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UserError(f"{text!r} is not a time.", ACCEPTED_TIMES) from error


def micros(moment: datetime) -> int:
    """Count the microseconds since 1970 in UTC, exactly."""
    return (moment - EPOCH) // _MICROSECOND


def length(text: str) -> int:
    """Read a length of time, in microseconds."""
    return duration(text) // timedelta(microseconds=1)


def moment(count: int) -> datetime:
    """Turn microseconds since 1970 back into a time."""
    return EPOCH + timedelta(microseconds=count)


def in_words(text: str) -> str:
    """Say a length of time in English.

    Examples
    --------
    >>> in_words("P1DT12H"), in_words("P14D")
    ('1 day and 12 hours', '14 days')
    """
    left = duration(text)
    parts = []
    days, seconds = left.days, left.seconds
    for unit, count in (
        ("day", days),
        ("hour", seconds // 3600),
        ("minute", seconds // 60 % 60),
        ("second", seconds % 60),
    ):
        if count:
            parts.append(f"{count:,} {unit}{'s' if count != 1 else ''}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
