"""Numbers, money, shares and times as people read them; pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta

_PERCENT = "\N{NO-BREAK SPACE}%"
_TAKEN = re.compile(r"[\\`*_\[\]$~#<]|:(?=[A-Za-z])")  # what Markdown or Streamlit take as theirs
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def count(value: float) -> str:
    """Write a whole number with thousands separated.

    Examples
    --------
    >>> count(1234567)
    '1,234,567'
    """
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """Write a share of one as a percentage of two digits, before a no-break space.

    Examples
    --------
    >>> print(percent(0.0724), percent(0.7251), percent(0.0004), percent(-0.0004), percent(0))
    7.2 % 73 % <0.1 % −<0.1 % 0 %
    """
    sign, value = "−" if share < 0 else "", abs(share) * 100
    if value == 0:
        return f"0{_PERCENT}"
    if value < 0.1:
        return f"{sign}<0.1{_PERCENT}"
    return f"{sign}{value:.1f}{_PERCENT}" if value < 9.95 else f"{sign}{value:,.0f}{_PERCENT}"


def change(now: float, before: float) -> str | None:
    """Write a relative change with its sign; none where there is nothing to compare with.

    Examples
    --------
    >>> print(change(110, 100), change(95, 100), change(3, 0), change(5, 5))
    +10 % −5.0 % None 0 %
    """
    if before == 0 or not (math.isfinite(now) and math.isfinite(before)):
        return None
    relative = (now - before) / abs(before)
    return f"+{percent(relative)}" if relative > 0 else percent(relative)


def number(value: float, unit: str = "") -> str:
    """Write a number with three significant digits and its unit.

    Examples
    --------
    >>> print(number(1234.5, "days"), number(12.34), number(1.2345), number(0.5, "share"))
    1,234 days 12.3 1.23 50 %
    """
    if not math.isfinite(value):
        return "unknown"
    if unit == "share":
        return percent(value)
    size = abs(value)
    text = (
        f"{size:,.0f}"
        if size >= 100 or value == round(value)
        else f"{size:,.1f}"
        if size >= 10
        else f"{size:,.2f}"
        if size >= 0.1
        else f"{size:.2g}"
    )
    return f"{'−' if value < 0 else ''}{text}{' ' + unit if unit else ''}"


def money(value: float, currency: str | None) -> str:
    """Write an amount of money, in thousands or millions where it is large.

    Examples
    --------
    >>> money(4593000, "USD"), money(45931, "EUR"), money(45.9, "EUR"), money(250, None)
    ('4.59m USD', '45.9k EUR', '45.90 EUR', '250')
    """
    sign, size = "−" if value < 0 else "", abs(value)
    for bound, letter, by in ((1e9, "bn", 1e9), (1e6, "m", 1e6), (1e4, "k", 1e3)):
        if size >= bound:
            text = f"{size / by:.3g}" if size / by < 999.5 else f"{size / by:,.0f}"
            return f"{sign}{text}{letter} {currency or ''}".strip()
    text = f"{size:,.0f}" if size >= 100 or size == round(size) else f"{size:,.2f}"
    return f"{sign}{text} {currency or ''}".strip()


def quantity(value: float, unit: str, currency: str | None) -> str:
    """Write a trait's value in its unit, which may be ``share`` or ``currency``.

    Examples
    --------
    >>> print(quantity(3.0, "currency", "USD"), quantity(0.25, "share", None))
    3 USD 25 %
    """
    if not math.isfinite(value):
        return "unknown"
    if unit == "currency" or (currency is not None and unit == currency):
        return money(value, currency)
    if unit == "hour":
        return f"{int(value) % 24:02d}:{int(value % 1 * 60):02d}"
    return number(value, unit)


def instant(at: datetime) -> str:
    """Write a time, with its zone.

    Examples
    --------
    >>> instant(datetime(2026, 11, 3, 9, 5, tzinfo=UTC))
    '3 Nov 2026, 09:05 UTC'
    """
    return at.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def day(at: date) -> str:
    """Write a day; of a time, the day it is in UTC.

    Examples
    --------
    >>> day(datetime(2026, 11, 3, tzinfo=UTC))
    '3 Nov 2026'
    """
    if isinstance(at, datetime):
        at = at.astimezone(UTC)
    return at.strftime("%-d %b %Y")


def duration(length: timedelta | float) -> str:
    """Write a length of time, from seconds to days.

    Examples
    --------
    >>> duration(0.42), duration(7.61), duration(93), duration(3700), duration(200_000)
    ('0.4 s', '7.6 s', '1 min 33 s', '1 h 1 min', '2 d 7 h')
    """
    seconds = length.total_seconds() if isinstance(length, timedelta) else float(length)
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    whole = round(seconds)
    for unit, name, part, part_name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit} {name}" + (f" {rest} {part_name}" if rest else "")
    return f"{whole // _MINUTE} min" + (f" {whole % _MINUTE} s" if whole % _MINUTE else "")


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago something was.

    Examples
    --------
    >>> now = datetime(2026, 11, 23, tzinfo=UTC)
    >>> [ago(now - timedelta(seconds=s), now) for s in (3, 60, 7_300, 90_000, 9e6)]
    ['just now', '1 minute ago', '2 hours ago', '1 day ago', 'on 10 Aug 2026']
    """
    seconds = (now - at).total_seconds()
    if seconds < 45:
        return "just now"
    for unit, name, most in ((_MINUTE, "minute", 60), (_HOUR, "hour", 24), (_DAY, "day", 30)):
        amount = max(1, round(seconds / unit))
        if amount < most:
            return f"{amount} {name}{'' if amount == 1 else 's'} ago"
    return f"on {day(at)}"


def verbatim(text: str) -> str:
    r"""Write text, in Markdown, so that nothing in it is taken for Markdown.

    Examples
    --------
    >>> print(verbatim("Tip: 5 $ [a_b] *x* :red"))
    Tip: 5 \$ \[a\_b\] \*x\* \:red
    """
    return _TAKEN.sub(r"\\\g<0>", text)
