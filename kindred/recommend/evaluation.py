"""Judge models by what people wanted later: metrics with intervals, groups, and pairs of models.

Intervals are percentile bootstraps over people, with Poisson weights (Hanley & MacGibbon 2006,
https://doi.org/10.1016/j.cmpb.2006.04.006): one product of matrices for all resamples at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, factorial
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 400
_BLOCK: Final = 50  # resamples at once: their weights are people × 50

Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)

# What 16 random bits stand for as a Poisson number of mean 1: drawn so, it takes a tenth as long.
_POISSON: Final = np.searchsorted(
    np.cumsum([exp(-1.0) / factorial(n) for n in range(9)]), (np.arange(65_536) + 0.5) / 65_536
).astype(np.float64)


@dataclass(frozen=True)
class Interval:
    """A mean over people, and where it may lie.

    Parameters
    ----------
    value, low, high : float or None
        None where nobody can be judged.
    people : int
        Of whom it is a mean.
    """

    value: float | None
    low: float | None
    high: float | None
    people: int

    def as_json(self) -> dict[str, float | None]:
        """Give value, low and high."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Difference:
    """One model less another, over the same people.

    Parameters
    ----------
    relative : Interval
        The difference over the other's mean; None values where that is 0.
    better : float
        The share of resamples in which the first is better.
    """

    absolute: Interval
    relative: Interval
    better: float


def interval(values: Floats, *, level: float = 0.95, seed: int = 0) -> Interval:
    """Give the mean of what is known, with its bootstrap interval.

    Examples
    --------
    >>> interval(np.array([0.5, 0.5, np.nan]))
    Interval(value=0.5, low=0.5, high=0.5, people=2)
    """
    return intervals({"": values}, level=level, seed=seed)[""]


def intervals(
    values: Mapping[Key, Floats], *, level: float = 0.95, seed: int = 0
) -> dict[Key, Interval]:
    """Give each metric's mean and interval; the same resamples of people serve all metrics.

    Parameters
    ----------
    values : mapping of metric to array of shape (n,)
        NaN where somebody can't be judged by it.
    """
    names = list(values)
    if not names or not len(values[names[0]]):
        return {name: Interval(None, None, None, 0) for name in names}
    table = np.stack([np.asarray(values[name], dtype=np.float64) for name in names], axis=1)
    known = ~np.isnan(table)
    filled, counts = np.where(known, table, 0.0), known.sum(axis=0)
    draws = _resampled(filled, known.astype(np.float64), seed)
    found: dict[Key, Interval] = {}
    for place, name in enumerate(names):
        if not counts[place]:
            found[name] = Interval(None, None, None, 0)
            continue
        ends = np.quantile(draws[:, place], [(1 - level) / 2, (1 + level) / 2])
        mean = float(filled[:, place].sum() / counts[place])
        low, high = min(float(ends[0]), mean), max(float(ends[1]), mean)
        found[name] = Interval(mean, low, high, int(counts[place]))
    return found


def intervals_of(
    models: Mapping[str, Mapping[str, Floats]], *, level: float = 0.95, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Give :func:`intervals` of several models over the same people, from resamples drawn once."""
    whole = {(name, each): v for name, own in models.items() for each, v in own.items()}
    found = intervals(whole, level=level, seed=seed)
    return {name: {each: found[name, each] for each in own} for name, own in models.items()}


def paired(one: Floats, other: Floats, *, level: float = 0.95, seed: int = 0) -> Difference:
    """Compare two models person by person.

    Examples
    --------
    >>> found = paired(np.array([0.4, 0.6]), np.array([0.3, 0.5]))
    >>> round(found.absolute.value, 3), round(found.relative.value, 3), found.better
    (0.1, 0.25, 1.0)
    """
    both = ~(np.isnan(one) | np.isnan(other))
    if not both.any():
        nothing = Interval(None, None, None, 0)
        return Difference(nothing, nothing, 0.5)
    pair = np.stack([one[both] - other[both], other[both]], axis=1)
    draws = _resampled(pair, np.ones(pair.shape), seed)
    tails = [(1 - level) / 2, (1 + level) / 2]
    mean, base, n = float(pair[:, 0].mean()), float(pair[:, 1].mean()), int(both.sum())
    low, high = (float(end) for end in np.quantile(draws[:, 0], tails))
    better = float((draws[:, 0] > 0).mean() + 0.5 * (draws[:, 0] == 0).mean())
    relative = Interval(None, None, None, n)
    if base > 0:
        ratios = draws[:, 0] / np.where(draws[:, 1] > 0, draws[:, 1], np.nan)
        ends = np.nanquantile(ratios, tails)
        relative = Interval(mean / base, float(ends[0]), float(ends[1]), n)
    return Difference(Interval(mean, min(low, mean), max(high, mean), n), relative, better)


def by_group(
    values: Floats, groups: NDArray[np.integer], names: Sequence[str]
) -> list[tuple[str, Interval]]:
    """Give a metric within each group that holds somebody; −1 is in none."""
    found = []
    for place, name in enumerate(names):
        own = values[groups == place]
        if len(own) and not np.isnan(own).all():
            found.append((name, interval(own)))
    return found


def activity(counts: NDArray[np.integer]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Part people by how many interactions they have, in thirds of those who have any.

    Returns
    -------
    groups : array of shape (n,)
    names : tuple of str
    """
    some = counts[counts > 0]
    ends = np.quantile(some, [1 / 3, 2 / 3]) if len(some) else np.zeros(2)
    groups = np.where(counts == 0, 0, 1 + np.searchsorted(ends, counts, side="left"))
    return groups.astype(np.int64), ("none before", "little", "some", "much")


def _resampled(values: Floats, known: Floats, seed: int) -> Floats:
    """Give each resample's weighted means, shape (RESAMPLES, metrics)."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(0, RESAMPLES, _BLOCK):
        weights = _POISSON[rng.integers(0, len(_POISSON), (_BLOCK, len(values)), dtype=np.uint16)]
        sizes = weights @ known
        parts.append((weights @ values) / np.where(sizes > 0, sizes, np.nan))
    drawn = np.concatenate(parts)
    # A resample in which nobody can be judged says nothing: it counts as the mean itself.
    means = values.sum(axis=0) / np.maximum(known.sum(axis=0), 1.0)
    return np.where(np.isnan(drawn), means, drawn)
