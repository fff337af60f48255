"""Numbers that are added up: whole millionths, so that no order of adding changes a sum.

Floating-point sums depend on their order, and an engine that scans in parallel adds in any. Held
in whole millionths, sums are exact on every interpreter and merge from days to windows.
"""

from __future__ import annotations

from math import floor
from typing import Any, Final

MILLION: Final = 1_000_000
LARGEST: Final = 1e9  # beyond it, either way, a property is no amount


def millionths(value: Any) -> int | None:
    """Give an amount in whole millionths, halves up; None where it is no amount.

    Examples
    --------
    >>> millionths(19.99), millionths("19.99"), millionths(float("nan"))
    (19990000, None, None)
    """
    if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:
        return None
    return floor(float(value) * MILLION + 0.5)
