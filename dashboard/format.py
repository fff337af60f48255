"""Numbers, money, shares and times as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime


def count(value: float) -> str:
    """Write a whole number with thousands separated."""
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """Write a share of one as a percentage of two digits."""
    value = share * 100
    return (
        "0%"
        if value == 0
        else "<0.1%"
        if value < 0.1
        else f"{value:.1f}%"
        if value < 10
        else f"{value:.0f}%"
    )


def number(value: float, unit: str = "") -> str:
    """Write a number with three significant digits and its unit."""
    if not math.isfinite(value):
        return "unknown"
    if unit == "share":
        return percent(value)
    size = abs(value)
    text = (
        f"{value:,.0f}"
        if size >= 100 or value == round(value)
        else f"{value:,.1f}"
        if size >= 10
        else f"{value:,.2f}"
    )
    return f"{text} {unit}" if unit else text


def money(value: float, currency: str | None) -> str:
    """Write an amount of money, in thousands or millions where it is large."""
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if abs(value) >= size:
            return (
                f"{value / (1e3 if letter == 'k' else size):,.3g}{letter} {currency or ''}".strip()
            )
    return f"{value:,.0f} {currency or ''}".strip()


def instant(at: datetime) -> str:
    """Write a time, with its zone."""
    return at.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")
