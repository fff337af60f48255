"""What steering costs: NDCG of the same people's lists with and without the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend.item_filters import Fields
from kindred.recommend.metrics import ndcg
from kindred.recommend.steer import Candidates, steer
from kindred.recommend.steering import IDENTITY, BlendRule, PinRule, Steering

K: Final = 10
RESAMPLES: Final = 1_000
SEED: Final = 1
Floats = NDArray[np.float64]
_NONE: Final = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Sample:
    """People of a test: what the model would show them, and what they wanted afterwards.

    Parameters
    ----------
    candidates : array of shape (P, C)
        Places of items, best first; −1 beyond a list's end.
    scores : array of shape (P, C)
    bought_days_ago : array of shape (P, C)
        NaN where the person had not bought the item before the test.
    wanted : tuple of P arrays
        Places of the items that they wanted.
    parts : mapping of model to array of shape (P, C)
        Scores of the model's parts.
    """

    candidates: NDArray[np.integer[Any]]
    scores: Floats
    bought_days_ago: Floats
    wanted: tuple[NDArray[np.integer[Any]], ...]
    parts: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Catalogue:
    """What rules ask of all items, by place; `vectors` say which are alike."""

    ids: NDArray[np.object_]
    fields: Fields
    vectors: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class Cost:
    """NDCG without and with rules, over the same people; its difference with a 95 % interval."""

    before: float
    after: float
    low: float
    high: float
    people: int

    @property
    def difference(self) -> float:
        """What the rules change: below zero is what they cost."""
        return self.after - self.before


@dataclass(frozen=True)
class Costs:
    """What all rules cost together, and each beside all others."""

    whole: Cost
    each: tuple[Cost, ...]


def costs(
    sample: Sample, steering: Steering, catalogue: Catalogue, k: int = K, *, each: bool = True
) -> Costs | None:
    """Measure what rules cost in NDCG@k.

    None where nobody in the sample wanted anything, and where a blend's weights are among the rules
    and the sample holds no scores of the models that they weigh: 0 would be a lie.
    """
    unknown = {name for rule in steering.of(BlendRule) for name in rule.weights} - set(sample.parts)
    if unknown or not any(len(wanted) for wanted in sample.wanted):
        return None
    plain = qualities(sample, IDENTITY, catalogue, k)
    steered = qualities(sample, steering, catalogue, k)
    alone = []
    for place in range(len(steering.rules) if each else 0):
        others = Steering(tuple(r for at, r in enumerate(steering.rules) if at != place))
        without = qualities(sample, others, catalogue, k) if others.rules else plain
        alone.append(_compared(without, steered))
    return Costs(_compared(plain, steered), tuple(alone))


def qualities(sample: Sample, steering: Steering, catalogue: Catalogue, k: int = K) -> Floats:
    """Give the NDCG@k of each person who wanted something, with the rules."""
    pins = {item for rule in steering.of(PinRule) for item in rule.items}
    pinned = np.flatnonzero([item in pins for item in catalogue.ids]) if pins else _NONE
    found = []
    for row, wanted in enumerate(sample.wanted):
        if not len(wanted):
            continue
        places = sample.candidates[row][sample.candidates[row] >= 0]
        if steering.rules:
            places = np.concatenate([places, pinned[~np.isin(pinned, places)]])
            candidates = _candidates(sample, row, places, catalogue)
            shown = [each.row for each in steer(candidates, steering, k).shown]
            places = places[np.asarray(shown, dtype=np.int64)]
        found.append(_ndcg(places[:k], wanted, k))
    return np.asarray(found)


def _ndcg(shown: NDArray[np.integer[Any]], wanted: NDArray[np.integer[Any]], k: int) -> float:
    hit = np.zeros((1, k), dtype=np.bool_)
    hit[0, : len(shown)] = np.isin(shown, wanted)
    return float(ndcg(hit, np.array([float(len(wanted))]))[0])


def _candidates(
    sample: Sample, row: int, places: NDArray[np.integer[Any]], catalogue: Catalogue
) -> Candidates:
    # What is pinned but was no candidate is shown whatever its score: it gets the lowest there is.
    n = len(places)
    vectors = catalogue.vectors

    def own(values: Floats, beyond: float) -> Floats:
        known = values[row][:n]
        return np.concatenate([known, np.full(n - len(known), beyond)])

    lowest = float(sample.scores[row].min(initial=0.0))
    return Candidates(
        items=catalogue.ids[places],
        scores=own(sample.scores, lowest),
        fields={name: column[places] for name, column in catalogue.fields.items()},
        bought_days_ago=own(sample.bought_days_ago, np.nan),
        vectors=None if vectors is None else vectors[places],
        parts={name: own(scores, 0.0) for name, scores in sample.parts.items()},
    )


def _compared(before: Floats, after: Floats) -> Cost:
    """Compare paired qualities, with a bootstrap over people from a fixed seed."""
    difference = after - before
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[drawn].mean(axis=1), [0.025, 0.975])
    return Cost(float(before.mean()), float(after.mean()), float(low), float(high), len(before))
