"""Trait columns as distilling reads them: what is known of each person, cut into bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kindred.segments.check_values import LARGEST
from kindred.segments.durations import DAY

WIDTH: Final = 256  # codes of a column
UNKNOWN: Final = 255  # the code of those of whom it is not known
MOST_BINS: Final = 240  # of a number
LONGEST: Final = 36_500 * DAY  # from now, beyond which a time is as good as there
MOST_CATEGORIES: Final = 60  # of a text; the others are one

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class NumberColumn:
    """A number of each person.

    Parameters
    ----------
    values : array of shape (n,)
        NaN where unknown.
    whole : bool
        Whether all are whole numbers.
    """

    name: str
    values: NDArray[np.float64]
    whole: bool = False


@dataclass(frozen=True)
class CategoryColumn:
    """One of a few values of each person: a text, or true and false.

    Parameters
    ----------
    codes : array of int, shape (n,)
        Places in `values`; negative where unknown.
    """

    name: str
    codes: NDArray[np.integer]
    values: Sequence[str] | Sequence[bool]


@dataclass(frozen=True)
class TimeColumn:
    """A time of each person.

    Parameters
    ----------
    values : array of shape (n,)
        Microseconds after `as_of`, so negative of what is past; NaN where unknown.
    as_of : int
        Microseconds since 1970.
    """

    name: str
    values: NDArray[np.float64]
    as_of: int


@dataclass(frozen=True)
class RankedColumn:
    """Of a list that each person has, the first value in an order of merit; see `distil_lists`.

    Whoever has any of the first k values is then who has a code below k: one cut along an order,
    where values that people have several of fall into no bins of their own.

    Parameters
    ----------
    codes : array of int, shape (n,)
        Places in `values`, their number for lists without any of them; negative where unknown.
    wanted : bool
        Whether those who have such values are sought, or those who have none.
    """

    name: str
    codes: NDArray[np.integer]
    values: Sequence[str] | Sequence[float]
    wanted: bool


Column = NumberColumn | CategoryColumn | TimeColumn | RankedColumn


class Shape(IntEnum):
    """Which bins of a column one condition may take together."""

    ANY = 0
    RUN = 1  # neighbours
    HEAD = 2  # neighbours from the first
    TAIL = 3  # neighbours up to the last


@dataclass(frozen=True)
class Bins:
    """A column cut into bins.

    Parameters
    ----------
    codes : array of int, shape (n,)
        Each person's bin, `UNKNOWN` where unknown.
    edges : array of shape (bins,)
        Of a number: the smallest value of each bin; empty of a category.
    places : array of int, shape (bins,)
        Of a category: which value each bin is.
    rest : bool
        Whether the bin after those holds all other values.
    exact : bool
        Of a number: whether every value has a bin of its own.
    """

    codes: Rows
    edges: NDArray[np.float64]
    places: Rows
    rest: bool = False
    exact: bool = False
    shape: Shape = Shape.ANY

    @property
    def count(self) -> int:
        """How many bins there are, without that for unknown."""
        return len(self.edges) or len(self.places) + self.rest


def cut(column: Column, picked: Flags) -> Bins | None:
    """Cut a column into bins, of shape (n,); None where everybody is alike."""
    if isinstance(column, RankedColumn):
        bins = _ranked(column)
    elif isinstance(column, CategoryColumn):
        bins = _texts(column, picked)
    elif isinstance(column, TimeColumn):
        bins = _numbers(np.clip(column.values, -LONGEST, LONGEST), picked, apart=0.0)
    else:
        bins = _numbers(clipped(column), picked)
    return bins if (bins.codes != bins.codes[0]).any() else None


def clipped(column: NumberColumn) -> NDArray[np.float64]:
    """Give the values within what a rule may be compared with."""
    return np.clip(column.values, -LARGEST, LARGEST)


def _numbers(values: NDArray[np.float64], picked: Flags, apart: float | None = None) -> Bins:
    """Place edges at quantiles of those picked and of the others, half of them each.

    Parameters
    ----------
    apart : float, optional
        No bin holds values both below this one and from it on.
    """
    known = ~np.isnan(values)
    edges = np.unique(values[known])
    exact = len(edges) <= MOST_BINS
    if not exact:
        shares = np.linspace(0, 1, MOST_BINS // 2)
        parts = [
            np.quantile(part, shares, method="higher")
            for part in (values[known & picked], values[known & ~picked])
            if len(part)
        ]
        after = [] if apart is None else [edges[np.searchsorted(edges, apart) :][:1]]
        edges = np.unique(np.concatenate([edges[:1], *parts, *after]))
    codes = np.full(len(values), UNKNOWN, np.intp)
    codes[known] = np.searchsorted(edges, values[known], side="right") - 1
    return Bins(codes, edges, np.empty(0, np.intp), exact=exact, shape=Shape.RUN)


def _ranked(column: RankedColumn) -> Bins:
    codes = np.where(column.codes >= 0, column.codes, UNKNOWN).astype(np.intp)
    places = np.arange(len(column.values))
    shape = Shape.HEAD if column.wanted else Shape.TAIL
    return Bins(codes, np.empty(0), places, rest=True, shape=shape)


def _texts(column: CategoryColumn, picked: Flags) -> Bins:
    """Give those values a bin that enough of the picked have: others would be learned by heart."""
    counts = np.bincount(column.codes[picked & (column.codes >= 0)], minlength=len(column.values))
    people = int(picked.sum())
    enough = max(2 if people >= 20 else 1, people / 500)
    ranked = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    places = ranked[counts[ranked] >= enough]
    lookup = np.full(len(column.values) + 1, len(places), np.intp)
    lookup[places] = np.arange(len(places))
    lookup[-1] = UNKNOWN
    codes = lookup[np.where(column.codes >= 0, column.codes, len(column.values))]
    return Bins(codes, np.empty(0), places, bool((codes == len(places)).any()))
