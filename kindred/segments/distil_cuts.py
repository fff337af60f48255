"""The best condition on each column, from histograms: an interval, a set of values, unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.segments.distil_columns import UNKNOWN, WIDTH, Shape

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


def best_cuts(hits: Floats, misses: Floats, shapes: NDArray[np.integer], score: Score) -> Cuts:
    """Find each column's best condition.

    Parameters
    ----------
    hits, misses : array of shape (T, WIDTH)
        How many of the picked and of the others are in each bin.
    shapes : array of int, shape (T,)
        Which bins of each column one condition may take: a :class:`Shape`.
    """
    found = np.empty(len(hits))
    allowed = np.zeros((len(hits), WIDTH), np.bool_)
    for shape, find in _FINDERS:
        which = np.flatnonzero(shapes == shape)
        if len(which):
            known_hits, known_misses = hits[which, :UNKNOWN], misses[which, :UNKNOWN]
            # Most columns have far fewer bins than the widest may have.
            anybody = np.any(known_hits + known_misses, axis=0)
            used = int(np.flatnonzero(anybody).max(initial=0)) + 1
            score_of, bins = find(known_hits[:, :used], known_misses[:, :used], score)
            found[which] = score_of
            allowed[which, :used] = bins
            if shape in _OPEN:  # what ends with the last bin that anybody is in has no end
                allowed[which, used:UNKNOWN] = bins[:, -1:]
    unknown = score.of(hits[:, UNKNOWN], misses[:, UNKNOWN])
    better = unknown > found
    allowed[better] = np.arange(WIDTH) == UNKNOWN
    return Cuts(np.where(better, unknown, found), allowed)


def _intervals(hits: Floats, misses: Floats, score: Score) -> tuple[Floats, Flags]:
    """Find the best interval, with one end only unless the other adds something."""
    up, down = _upto(hits), _upto(misses)
    last, low = _head(up, down, score)
    first, high = _tail(up, down, score)
    single = np.maximum(low, high)
    start, end, both = _two_ended(hits, misses, single, score)
    keep = both > single + TWO_ENDS
    start = np.where(keep, start, np.where(low >= high, 0, first))
    end = np.where(keep, end, np.where(low >= high, last, hits.shape[1] - 1))
    return np.where(keep, both, single), _between(start, end, hits.shape[1])


def _heads(hits: Floats, misses: Floats, score: Score) -> tuple[Floats, Flags]:
    """Find the best run of bins that begins with the first."""
    last, found = _head(_upto(hits), _upto(misses), score)
    return found, _between(np.zeros_like(last), last, hits.shape[1])


def _tails(hits: Floats, misses: Floats, score: Score) -> tuple[Floats, Flags]:
    """Find the best run of bins that ends with the last."""
    first, found = _tail(_upto(hits), _upto(misses), score)
    return found, _between(first, np.full_like(first, hits.shape[1] - 1), hits.shape[1])


def _head(up: Floats, down: Floats, score: Score) -> tuple[NDArray[np.intp], Floats]:
    scores = score.of(up, down)[:, 1:]
    last = scores.argmax(axis=1)
    return last, scores[np.arange(len(up)), last]


def _tail(up: Floats, down: Floats, score: Score) -> tuple[NDArray[np.intp], Floats]:
    scores = score.of(up[:, -1:] - up, down[:, -1:] - down)[:, :-1]
    first = scores.argmax(axis=1)
    return first, scores[np.arange(len(up)), first]


def _between(first: NDArray[np.intp], last: NDArray[np.intp], bins: int) -> Flags:
    place = np.arange(bins)
    return (place >= first[:, None]) & (place <= last[:, None])


def _two_ended(
    hits: Floats, misses: Floats, least: Floats, score: Score
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Climb to the interval of the best ratio, from one that is to be beaten, all columns at once.

    To beat a ratio r, an interval's sum of (1 + β²) · hits − r · caught must be the largest, which
    one pass finds. Sources: Dinkelbach, *On nonlinear fractional programming*, Management Science
    13(7), 1967; Kadane's pass in Bentley, *Programming pearls*, CACM 27(9), 1984.
    """
    weight, caught = 1 + score.beta**2, hits + misses
    up, down = _upto(hits), _upto(misses)
    ratio = least.copy()
    start, end = np.zeros(len(hits), np.intp), np.full(len(hits), hits.shape[1] - 1)
    climbing = np.arange(len(hits))  # the columns whose ratio still rises
    for _ in range(ROUNDS):
        gain = weight * hits[climbing] - ratio[climbing, None] * caught[climbing]
        first, last = _largest_sums(gain)
        found = score.of(
            up[climbing, last + 1] - up[climbing, first],
            down[climbing, last + 1] - down[climbing, first],
        )
        better = found > ratio[climbing] + 1e-12
        climbing = climbing[better]
        if not len(climbing):
            break
        start[climbing], end[climbing] = first[better], last[better]
        ratio[climbing] = found[better]
    return start, end, ratio


def _largest_sums(gain: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the run of bins with the largest sum in each row, its first and its last."""
    so_far = _upto(gain)
    lowest = np.minimum.accumulate(so_far, axis=1)
    last = (so_far[:, 1:] - lowest[:, :-1]).argmax(axis=1)
    # The run begins where what came before it was lowest.
    before = np.arange(so_far.shape[1]) <= last[:, None]
    return np.where(before, so_far, np.inf).argmin(axis=1), last


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


_FINDERS: Final = (
    (Shape.ANY, _sets),
    (Shape.RUN, _intervals),
    (Shape.HEAD, _heads),
    (Shape.TAIL, _tails),
)
_OPEN: Final = frozenset({Shape.RUN, Shape.TAIL})
