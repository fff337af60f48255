"""The best condition on each column, from histograms: an interval, a set of values, unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import UNKNOWN, WIDTH

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDS: Final = 12  # of the ratio's climb; it is there after three or four
TWO_ENDS: Final = 0.004  # what a second end of an interval must add to the score
MOST_LISTED: Final = 12  # values of one condition, beyond which nobody reads it


@dataclass(frozen=True)
class Score:
    """The F-measure of what is caught, beside what other parts of a rule catch already.

    Parameters
    ----------
    people : float
        How many are picked.
    beta : float
        How much recall counts against precision: 1 for as much.
    hits, misses : float
        The picked and the others whom other parts catch.
    """

    people: float
    beta: float = 1.0
    hits: float = 0.0
    misses: float = 0.0

    def of(self, hits: Any, misses: Any) -> Any:
        """Give (1 + β²) · hits / (β² · people + caught), elementwise.

        Examples
        --------
        >>> Score(people=10).of(5, 0)
        0.6666666666666666
        """
        weight = 1 + self.beta**2
        caught = self.hits + self.misses + hits + misses
        return weight * (self.hits + hits) / (self.beta**2 * self.people + caught)


@dataclass(frozen=True)
class Cuts:
    """The best condition on each of T columns.

    Parameters
    ----------
    score : array of shape (T,)
    allowed : array of bool, shape (T, WIDTH)
        The bins that pass.
    """

    score: Floats
    allowed: Flags


def best_cuts(hits: Floats, misses: Floats, ordered: Flags, score: Score) -> Cuts:
    """Find each column's best condition.

    Parameters
    ----------
    hits, misses : array of shape (T, WIDTH)
        How many of the picked and of the others are in each bin.
    ordered : array of bool, shape (T,)
        Which columns are numbers.
    """
    known_hits, known_misses = hits[:, :UNKNOWN], misses[:, :UNKNOWN]
    found = np.empty(len(hits))
    allowed = np.zeros((len(hits), WIDTH), np.bool_)
    for which, find in ((ordered, _intervals), (~ordered, _sets)):
        if which.any():
            found[which], allowed[which, :UNKNOWN] = find(
                known_hits[which], known_misses[which], score
            )
    unknown = score.of(hits[:, UNKNOWN], misses[:, UNKNOWN])
    better = unknown > found
    allowed[better] = np.arange(WIDTH) == UNKNOWN
    return Cuts(np.where(better, unknown, found), allowed)


def _intervals(hits: Floats, misses: Floats, score: Score) -> tuple[Floats, Flags]:
    """Find the best interval, with one end only unless the other adds something."""
    start, end, both = _two_ended(hits, misses, score)
    up, down = _upto(hits), _upto(misses)
    one = score.of(up, down)[:, 1:]
    two = score.of(up[:, -1:] - up, down[:, -1:] - down)[:, :-1]
    rows = np.arange(len(hits))
    last, first = one.argmax(axis=1), two.argmax(axis=1)
    low, high = one[rows, last], two[rows, first]
    single = np.maximum(low, high)
    keep = both > single + TWO_ENDS
    start = np.where(keep, start, np.where(low >= high, 0, first))
    end = np.where(keep, end, np.where(low >= high, last, hits.shape[1] - 1))
    place = np.arange(hits.shape[1])
    inside = (place >= start[:, None]) & (place <= end[:, None])
    return np.where(keep, both, single), inside


def _two_ended(hits: Floats, misses: Floats, score: Score) -> tuple[Any, Any, Floats]:
    """Climb to the interval of the best ratio, all columns at once.

    To beat a ratio r, an interval's sum of (1 + β²) · hits − r · caught must be the largest, which
    one pass finds. Sources: Dinkelbach, *On nonlinear fractional programming*, Management Science
    13(7), 1967; Kadane's pass in Bentley, *Programming pearls*, CACM 27(9), 1984.
    """
    weight, caught = 1 + score.beta**2, hits + misses
    up, down = _upto(hits), _upto(misses)
    ratio = score.of(up[:, -1], down[:, -1])
    rows, place = np.arange(len(hits)), np.arange(hits.shape[1] + 1)
    start, end = np.zeros(len(hits), np.intp), np.full(len(hits), hits.shape[1] - 1)
    for _ in range(ROUNDS):
        so_far = _upto(weight * hits - ratio[:, None] * caught)
        lowest = np.minimum.accumulate(so_far, axis=1)
        where = np.maximum.accumulate(np.where(so_far == lowest, place, 0), axis=1)
        last = (so_far[:, 1:] - lowest[:, :-1]).argmax(axis=1)
        first = where[rows, last]
        found = score.of(
            up[rows, last + 1] - up[rows, first], down[rows, last + 1] - down[rows, first]
        )
        better = found > ratio + 1e-12
        if not better.any():
            break
        start, end = np.where(better, first, start), np.where(better, last, end)
        ratio = np.where(better, found, ratio)
    return start, end, ratio


def _sets(hits: Floats, misses: Floats, score: Score) -> tuple[Floats, Flags]:
    """Find the best set of values, by the same climb: those that raise the ratio are in."""
    weight, caught = 1 + score.beta**2, hits + misses
    inside = caught > 0
    ratio = score.of(hits.sum(axis=1), misses.sum(axis=1))
    for _ in range(ROUNDS):
        chosen = weight * hits > ratio[:, None] * caught
        found = score.of((hits * chosen).sum(axis=1), (misses * chosen).sum(axis=1))
        better = found > ratio + 1e-12
        if not better.any():
            break
        inside = np.where(better[:, None], chosen, inside)
        ratio = np.where(better, found, ratio)
    inside = _few(inside, hits)
    return score.of((hits * inside).sum(axis=1), (misses * inside).sum(axis=1)), inside


def _few(inside: Flags, hits: Floats) -> Flags:
    """Leave out values that hold next to none of those caught; of a long list, keep the largest."""
    held = hits * inside
    inside = inside & (held >= 0.003 * held.sum(axis=1, keepdims=True))
    left_out = (~inside & (hits > 0)).sum(axis=1)
    long = (inside.sum(axis=1) > MOST_LISTED) & (left_out > MOST_LISTED)
    if long.any():
        least = np.sort(hits * inside, axis=1)[:, -MOST_LISTED]
        inside[long] &= hits[long] >= least[long, None]
    return inside


def _upto(values: Floats) -> Floats:
    """Add up along the bins, beginning with 0: shape (T, bins + 1)."""
    return np.concatenate((np.zeros((len(values), 1)), np.cumsum(values, axis=1)), axis=1)
