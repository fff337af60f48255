"""Conditions on times: bins of a time trait as a window that moves along, or as days that stand."""

from __future__ import annotations

from math import ceil, floor
from typing import Final

from kindred.segments.distil_columns import Bins, TimeColumn
from kindred.segments.distil_numbers import roundest, share_of_gap
from kindred.segments.durations import DAY, moment
from kindred.segments.rules import TraitRule

_SECOND: Final = 1_000_000
_UNITS: Final = ((DAY, "P{}D"), (3600 * _SECOND, "PT{}H"), (60 * _SECOND, "PT{}M"))


def when(column: TimeColumn, bins: Bins, first: int, last: int) -> TraitRule:
    """Write a run of bins, from `first` to `last`, as a condition.

    What reaches up to now is ``within_last``, what begins with now ``within_next``; both keep
    their meaning tomorrow. All else is said by dates.
    """
    edges, end = bins.edges, last + 1 if last + 1 < len(bins.edges) else None
    ends_now = edges[last] < 0 and (end is None or edges[end] >= 0)
    if first and ends_now:
        low, high = _cut(bins, first)
        return TraitRule(column.name, "within_last", _length(-high, -low))
    if end is not None and edges[first] >= 0 and (not first or edges[first - 1] < 0):
        return TraitRule(column.name, "within_next", _length(*_cut(bins, end)))
    if end is None:
        return TraitRule(column.name, "after", _instant(column, *_cut(bins, first)))
    before = _instant(column, *_cut(bins, end))
    if not first:
        return TraitRule(column.name, "before", before)
    after = _instant(column, *_cut(bins, first))
    return TraitRule(column.name, "between", (after, before))


def _cut(bins: Bins, place: int) -> tuple[float, float]:
    """Say between which times a bin may be parted from the one before."""
    edge, before = float(bins.edges[place]), float(bins.edges[place - 1])
    return edge - share_of_gap(bins) * (edge - before), edge


def _length(shortest: float, longest: float) -> str:
    """Write the roundest length of time between two, in microseconds; whole days if any are."""
    for unit, form in _UNITS:
        if ceil(shortest / unit) <= floor(longest / unit):
            return form.format(max(int(roundest(ceil(shortest / unit), floor(longest / unit))), 1))
    return f"PT{max(ceil(shortest / _SECOND), 1)}S"


def _instant(column: TimeColumn, earliest: float, latest: float) -> str:
    """Write the roundest time between two: a day's beginning if there is one."""
    start, end = ceil(column.as_of + earliest), floor(column.as_of + latest)
    for unit, _ in (*_UNITS, (_SECOND, "")):
        found = end // unit * unit
        if found >= start:
            return moment(found).date().isoformat() if unit == DAY else _written(found)
    return _written(end)


def _written(count: int) -> str:
    """Write a time in microseconds since 1970."""
    found = moment(count)
    exact = "microseconds" if found.microsecond else "seconds"
    return found.replace(tzinfo=None).isoformat(timespec=exact) + "Z"
