"""Numbers as the fields of a condition show and read them."""

from __future__ import annotations

import math
from typing import Any

from dashboard.format import percent


def with_share(value: Any, shares: dict[Any, float]) -> str:
    """Write a value with how common it is."""
    shown = "(empty)" if value == "" else str(value)
    return f"{shown} · {percent(shares[value])}" if value in shares else shown


def step(value: float) -> float:
    """Step by a tenth of the value's size."""
    size = abs(value)
    return 1.0 if size in (0.0, 1.0) else float(10 ** math.floor(math.log10(size) - 0.01))


def digits(value: float) -> str:
    """Give the format that shows a number whole, or with the digits that it has."""
    return "%.0f" if value.is_integer() and abs(value) < 1e15 else "%.6g"


def number_in(text: Any) -> float | int | None:
    """Read what was typed as a number; nothing where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value
