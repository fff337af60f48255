"""Round numbers: where two bins may be parted anywhere in between, the number people would say."""

from __future__ import annotations

from math import ceil, floor, isinf, log10
from typing import Final

from kindred.segments.distil_columns import Bins

# Of a bin, by which an end may be moved to be a rounder number; never past the edge itself, where
# many people may stand.
NEAR: Final = 0.3
_FEWEST: Final = -300  # below, a power of ten is no longer exact


def share_of_gap(bins: Bins) -> float:
    """Say how much of a bin an end may be moved into; between two values that are known, half."""
    return 0.5 if bins.exact else NEAR


def roundest(low: float, high: float) -> float | int:
    """Give the number from `low` to `high` that has the fewest digits.

    Examples
    --------
    >>> roundest(0.1287, 0.1343), roundest(97.2, 104.9), roundest(-3.5, 2.0)
    (0.13, 100, 0)
    """
    if low <= 0 <= high:
        return 0
    if isinf(low) or isinf(high) or low == high:
        return _plain(high if isinf(low) else low)
    if high < 0:
        return -roundest(-high, -low)
    start = floor(log10(high)) + 1
    for digits in range(start, max(start - 20, _FEWEST), -1):
        for step in (5, 2, 1):
            found = _multiple(low, high, digits, step)
            if found is not None:
                return found
    return _plain(low)


def _multiple(low: float, high: float, digits: int, step: int) -> float | int | None:
    """Find a multiple of step · 10^digits within, the one nearest to the middle."""
    unit = step * 10.0**digits
    first, last = ceil(low / unit), floor(high / unit)
    if first > last:
        return None
    middle = min(max(round((low + high) / 2 / unit), first), last)
    found = round(middle * unit, max(-digits, 0))
    return _plain(found) if low <= found <= high else None


def _plain(number: float) -> float | int:
    whole = float(number).is_integer() and abs(number) < 1 << 53
    return int(number) if whole else float(number)
