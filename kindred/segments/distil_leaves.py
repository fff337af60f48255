"""Bins that pass as a condition of the rule language, with numbers that people can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import (
    UNKNOWN,
    Bins,
    CategoryColumn,
    Column,
    NumberColumn,
    RankedColumn,
    TimeColumn,
)
from kindred.segments.distil_numbers import NEAR, roundest, share_of_gap
from kindred.segments.distil_times import when
from kindred.segments.rules import AllRule, Rule, Scalar, TraitRule

Flags = NDArray[np.bool_]


def leaf(column: Column, bins: Bins, allowed: Flags) -> TraitRule:
    """Write the bins of a column that pass as a condition.

    Parameters
    ----------
    allowed : array of bool, shape (WIDTH,)
        A run of neighbours where the column is ordered; known values, or unknown alone.
    """
    if allowed[UNKNOWN]:
        return TraitRule(column.name, "is_not_set")
    inside = np.flatnonzero(allowed[: bins.count])
    if len(inside) == bins.count:
        return TraitRule(column.name, "is_set")
    if isinstance(column, NumberColumn):
        return _interval(column, bins, int(inside[0]), int(inside[-1]))
    if isinstance(column, TimeColumn):
        return when(column, bins, int(inside[0]), int(inside[-1]))
    if isinstance(column, RankedColumn):
        return _ranked(column, inside)
    return _among(column, bins, inside)


def together(found: Sequence[TraitRule]) -> Rule:
    """Write conditions that all hold; of one list, what each must hold becomes one condition."""
    alone: dict[str, list[TraitRule]] = {}
    for one in found:
        if one.op == "any_of" and isinstance(one.value, tuple) and len(one.value) == 1:
            alone.setdefault(one.trait, []).append(one)
    written: list[Rule] = []
    for one in found:
        same = alone.get(one.trait, [])
        if one not in same or len(same) < 2:
            written.append(one)
        elif one is same[0]:
            values = [value for each in same for value in _values(each)]
            written.append(TraitRule(one.trait, "all_of", tuple(dict.fromkeys(values))))
    return written[0] if len(written) == 1 else AllRule(tuple(written))


def _values(one: TraitRule) -> tuple[Scalar, ...]:
    return one.value if isinstance(one.value, tuple) else ()


def _ranked(column: RankedColumn, inside: NDArray[np.intp]) -> TraitRule:
    """Write the first values of a ranking as those sought, or as those that nobody has."""
    if column.wanted:
        return TraitRule(column.name, "any_of", tuple(column.values[: int(inside[-1]) + 1]))
    return TraitRule(column.name, "none_of", tuple(column.values[: int(inside[0])]))


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
    return roundest(edge - share_of_gap(bins) * (edge - before), edge)


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
