"""People whose columns are cut into bins, and the conditions on them that a search tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import WIDTH, Bins

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Codes:
    """The bins of some people, laid out twice: by person to be counted, by column to be tested.

    Parameters
    ----------
    by_person : array of int, shape (people, T)
        Column t's are counted from t · `WIDTH`.
    by_column : array of uint8, shape (T, people)
    """

    by_person: NDArray[np.intp]
    by_column: NDArray[np.uint8]

    @classmethod
    def of(cls, bins: Sequence[Bins], rows: Rows) -> Codes:
        """Put columns side by side."""
        by_column = np.stack([one.codes[rows].astype(np.uint8) for one in bins])
        offsets = np.arange(len(bins)) * WIDTH
        return cls(np.ascontiguousarray(by_column.T) + offsets, by_column)

    def __len__(self) -> int:
        """Count the people."""
        return len(self.by_person)

    def part(self, rows: Rows) -> Codes:
        """Keep some people."""
        return Codes(self.by_person[rows], self.by_column[:, rows])

    def counts(self, rows: Flags) -> Floats:
        """Count some people by bin: shape (T, WIDTH)."""
        if 2 * np.count_nonzero(rows) > len(rows):  # fewer are left out than are counted
            return self._everybody - self._counted(~rows)
        return self._counted(rows)

    @cached_property
    def _everybody(self) -> Floats:
        return self._counted(np.ones(len(self), np.bool_))

    def _counted(self, rows: Flags) -> Floats:
        columns = len(self.by_column)
        taken = self.by_person[np.flatnonzero(rows)]
        counts = np.bincount(taken.ravel(), minlength=columns * WIDTH)
        return counts.reshape(columns, WIDTH).astype(np.float64)


@dataclass(frozen=True)
class Coded:
    """People whose columns are cut into bins.

    Parameters
    ----------
    hits, misses : Codes
        Of the picked and of the others.
    weight : float
        How many of the others each one stands for.
    shapes : array of int, shape (T,)
        Which bins of each column one condition may take: a `Shape`.
    """

    hits: Codes
    misses: Codes
    weight: float
    shapes: NDArray[np.int8]

    @classmethod
    def of(cls, bins: Sequence[Bins], picked: Flags, weight: float) -> Coded:
        """Put columns side by side."""
        shapes = np.array([one.shape for one in bins], np.int8)
        hits, misses = np.flatnonzero(picked), np.flatnonzero(~picked)
        return cls(Codes.of(bins, hits), Codes.of(bins, misses), weight, shapes)

    def part(self, hits: Flags, misses: Flags) -> Coded:
        """Keep some people."""
        kept = self.hits.part(np.flatnonzero(hits)), self.misses.part(np.flatnonzero(misses))
        return Coded(*kept, self.weight, self.shapes)

    def counts(self, hits: Flags, misses: Flags) -> tuple[Floats, Floats]:
        """Count some people, the picked and the others, by bin: two of shape (T, WIDTH)."""
        return self.hits.counts(hits), self.misses.counts(misses) * self.weight


@dataclass(frozen=True)
class Condition:
    """The bins of one column that pass.

    Parameters
    ----------
    allowed : array of bool, shape (WIDTH,)
    """

    column: int
    allowed: Flags

    def holds(self, codes: Codes) -> Flags:
        """Say of which people it holds."""
        return np.asarray(self.allowed.take(codes.by_column[self.column]))


Term = tuple[Condition, ...]  # all of these
Terms = tuple[Term, ...]  # any of these


def caught(terms: Terms, codes: Codes) -> Flags:
    """Say which people some conditions catch."""
    found = np.zeros(len(codes), np.bool_)
    for term in terms:
        found |= all_hold(term, codes)
    return found


def all_hold(term: Term, codes: Codes) -> Flags:
    """Say of which people all conditions of a list hold."""
    found = np.ones(len(codes), np.bool_)
    for condition in term:
        found &= condition.holds(codes)
    return found
