"""Lists as distilling reads them: a person has several values, so they are ranked, not binned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import Flags, RankedColumn, Rows

MOST_RANKED: Final = 12  # values of one condition
MOST_ALONE: Final = 6  # values looked at one by one, for who has all of several
MOST_LOOKED_AT: Final = 40  # of the values that most people have


@dataclass(frozen=True)
class ListColumn:
    """A list of each person.

    Parameters
    ----------
    codes : array of int
        Places in `values`, person after person.
    lengths : array of int, shape (n,)
        How many of `codes` are each person's; negative where unknown.
    """

    name: str
    codes: NDArray[np.integer]
    lengths: NDArray[np.integer]
    values: Sequence[str] | Sequence[float]


def ranked(column: ListColumn, picked: Flags, weight: float) -> list[RankedColumn]:
    """Rank values by how many of those who have them are picked.

    Gives one column for who has any of the best values, one for who has none of the worst, and one
    for each of a few values alone.

    Parameters
    ----------
    picked : array of bool, shape (n,)
    weight : float
        How many each of the others stands for.
    """
    places = _common(column, picked)
    if not len(places):
        return []
    has = _held(column, places)
    hits = has[picked].sum(axis=0)
    misses = has[~picked].sum(axis=0) * weight
    precision = hits / np.maximum(hits + misses, 1e-9)
    f1 = 2 * hits / (picked.sum() + hits + misses)
    enough = hits >= (max(2, picked.sum() / 500) if len(picked) >= 20 else 1)
    best = np.argsort(-np.where(enough, precision, -1.0), kind="stable")[: int(enough.sum())]
    worst = np.argsort(precision, kind="stable")
    alone = best[np.argsort(-f1[best], kind="stable")][:MOST_ALONE]
    orders = [(best[:MOST_RANKED], True), (worst[:MOST_RANKED], False)]
    orders += [(alone[i : i + 1], True) for i in range(len(alone)) if len(alone) > 1]
    unknown = column.lengths < 0
    return [
        RankedColumn(
            column.name,
            np.where(unknown, -1, _first(has[:, order])),
            [column.values[place] for place in places[order]],
            wanted,
        )
        for order, wanted in orders
        if len(order)
    ]


def _common(column: ListColumn, picked: Flags) -> Rows:
    """Choose the values that most of the picked or most of the others have."""
    whose = np.repeat(picked, np.maximum(column.lengths, 0))
    found = []
    for codes in (column.codes[whose], column.codes[~whose]):
        counts = np.bincount(codes, minlength=len(column.values))
        most = np.argsort(-counts, kind="stable")[:MOST_LOOKED_AT]
        found.append(most[counts[most] > 0])
    return np.unique(np.concatenate(found))


def _held(column: ListColumn, places: Rows) -> Flags:
    """Tell who has which of some values: shape (n, values)."""
    place_of = np.full(len(column.values), -1, np.intp)
    place_of[places] = np.arange(len(places))
    rows = np.repeat(np.arange(len(column.lengths)), np.maximum(column.lengths, 0))
    at = place_of[column.codes]
    has = np.zeros((len(column.lengths), len(places)), np.bool_)
    has[rows[at >= 0], at[at >= 0]] = True
    return has


def _first(has: Flags) -> Rows:
    """Find the first value that each has; their number where there is none."""
    return np.asarray(np.where(has.any(axis=1), has.argmax(axis=1), has.shape[1]))
