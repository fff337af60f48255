"""Bins that pass as a condition of the rule language, with numbers that people can read."""

from __future__ import annotations

from math import ceil, floor, isinf, log10
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import UNKNOWN, Bins, CategoryColumn, Column, NumberColumn
from kindred.segments.rules import TraitRule

# Of a bin, by which an end may be moved to be a rounder number; never past the edge itself, where
# many people may stand.
NEAR: Final = 0.3

Flags = NDArray[np.bool_]


def leaf(column: Column, bins: Bins, allowed: Flags) -> TraitRule:
    """Write the bins of a column that pass as a condition.

    Parameters
    ----------
    allowed : array of bool, shape (WIDTH,)
        A run of neighbours where the column is a number; known values, or unknown alone.
    """
    if allowed[UNKNOWN]:
        return TraitRule(column.name, "is_not_set")
    inside = np.flatnonzero(allowed[: bins.count])
    if len(inside) == bins.count:
        return TraitRule(column.name, "is_set")
    if isinstance(column, NumberColumn):
        return _interval(column, bins, int(inside[0]), int(inside[-1]))
    return _among(column, bins, inside)


def _interval(column: NumberColumn, bins: Bins, first: int, last: int) -> TraitRule:
    low = None if first == 0 else _start(column, bins, first)
    high = None if last == bins.count - 1 else _end(column, bins, last)
    if low is None:
        return TraitRule(column.name, "lte", high)
    if high is None:
        return TraitRule(column.name, "gte", low)
    return TraitRule(column.name, "between", (low, max(low, high)))


def _start(column: NumberColumn, bins: Bins, first: int) -> float | int:
    """Give the smallest value that passes."""
    edge, before = bins.edges[first], bins.edges[first - 1]
    if column.whole:
        return int(edge)
    return roundest(edge - (0.5 if bins.exact else NEAR) * (edge - before), edge)


def _end(column: NumberColumn, bins: Bins, last: int) -> float | int:
    """Give the largest value that passes; the next bin's smallest no longer does."""
    edge, after = bins.edges[last], bins.edges[last + 1]
    if column.whole:
        return int(edge) if bins.exact else int(after) - 1
    if bins.exact:
        return roundest(edge, (edge + after) / 2)
    return roundest(after - NEAR * (after - edge), np.nextafter(after, edge))


def _among(column: CategoryColumn, bins: Bins, inside: NDArray[np.intp]) -> TraitRule:
    out = np.setdiff1d(np.arange(bins.count), inside)
    rest_is_in = bins.rest and len(bins.places) in inside
    if rest_is_in or (not bins.rest and len(out) < len(inside)):
        return _listed(column, "not_in", bins.places[out].tolist())
    return _listed(column, "in", bins.places[inside].tolist())


def _listed(column: CategoryColumn, op: Literal["in", "not_in"], places: list[int]) -> TraitRule:
    values = tuple(column.values[place] for place in places)
    if len(values) > 1:
        return TraitRule(column.name, op, values)
    return TraitRule(column.name, "eq" if op == "in" else "ne", values[0])


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
    for digits in range(start, start - 20, -1):
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
