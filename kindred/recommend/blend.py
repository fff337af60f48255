"""Blend models: which weights on which route, learned from people who were held out.

Weights are those of ensemble selection with replacement (Caruana et al. 2004,
https://doi.org/10.1145/1015330.1015432): begin with the best model, add again and again whichever
makes the blend better by most, stop when none does. It hardly overfits, since nothing is fitted,
and a model that does not help is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.blocks import Crowd, block_scores, in_blocks
from kindred.recommend.exported import ROUTES
from kindred.recommend.forms import Form
from kindred.recommend.kernels import add_scaled
from kindred.recommend.metrics import ndcg

ROUNDS: Final = 12
POOL: Final = 100  # of each model's best items, which a blend's best are found among
LEAST: Final = 0.002  # of the metric, relative, that one more model must add
Scores = NDArray[np.float32]


def route_places(crowd: Crowd) -> NDArray[np.int64]:
    """Say by which of `ROUTES` each is recommended to, shape (n,)."""
    some = np.diff(crowd.history.indptr) > 0
    told = np.zeros(len(crowd), dtype=np.bool_)
    for values in crowd.features.values():
        told |= np.array([value is not None for value in values], dtype=np.bool_)
    return np.where(some, 0, np.where(told, 1, 2))


def scaled(scores: Scores, weight: float | NDArray[np.floating[Any]] = 1.0) -> Scores:
    """Bring rows to one scale: 0 is the mean item, `weight` the best; rows of NaN stay 0.

    Examples
    --------
    >>> scaled(np.array([[0, 2, 4], [np.nan] * 3], dtype=np.float32)).tolist()
    [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    found = np.zeros(scores.shape, dtype=np.float32)
    _add_scaled(scores, weight, np.arange(len(scores)), found)
    return found


def _add_scaled(
    scores: Scores, weight: float | NDArray[np.floating[Any]], rows: NDArray[np.int64], into: Scores
) -> None:
    if not scores.size:
        return
    middle = scores.mean(axis=1)
    span = scores.max(axis=1) - middle
    usable = np.isfinite(span) & (span > 1e-12)
    factor = np.where(usable, weight, 0.0) / np.where(usable, span, 1.0)
    add_scaled(scores, middle, factor.astype(np.float32), rows, into)


class Blending:
    """The sum of models' scores, each scaled and weighed by each person's route."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]], crowd: Crowd) -> None:
        self.scores: Scores = np.zeros((len(crowd), crowd.history.shape[1]), dtype=np.float32)
        self._weights = weights
        self._routes = route_places(crowd)

    def people(self, name: str) -> NDArray[np.int64]:
        """Give those by whose route a model counts."""
        return np.flatnonzero(self._weight(name))

    def add(self, name: str, scores: Scores) -> None:
        """Add a model's scores, of everybody or of :meth:`people` alone; NaN rows add nothing."""
        weight = self._weight(name)
        mine = np.flatnonzero(weight)
        own = scores if len(scores) == len(mine) else scores[mine]
        _add_scaled(own, weight[mine], mine, self.scores)

    def _weight(self, name: str) -> NDArray[np.float64]:
        return np.array([self._weights.get(route, {}).get(name, 0.0) for route in ROUTES])[
            self._routes
        ]


def blend_scores(
    forms: Mapping[str, Form], weights: Mapping[str, Mapping[str, float]], crowd: Crowd
) -> Scores:
    """Score all items for each by the blend of their route, shape (n, I)."""
    total = Blending(weights, crowd)
    for name, form in forms.items():
        mine = total.people(name)
        if len(mine):
            total.add(name, block_scores(form, crowd.part(mine)))
    return total.scores


@dataclass(frozen=True)
class Pool:
    """The items among which a blend's best are found, for people who were held out.

    Parameters
    ----------
    parts : array of shape (models, n, c)
        Each model's scaled scores of each person's candidates; −inf where a place is empty.
    hit : array of bool, shape (n, c)
        Which of them were wanted.
    counts : array of shape (n,)
        How many were wanted in all.
    """

    names: tuple[str, ...]
    parts: Scores
    hit: NDArray[np.bool_]
    counts: NDArray[np.float64]


def pool(
    forms: Mapping[str, Form],
    crowd: Crowd,
    positives: sparse.csr_array,
    barred: sparse.csr_array,
) -> Pool:
    """Take the best items of every model for each person, with all models' scores of them."""
    names = tuple(forms)
    parts, flags = [], []
    each = min(POOL, crowd.history.shape[1])
    for block in in_blocks(crowd):
        part = crowd.part(block)
        rows = np.arange(len(crowd))[block]
        forbidden = sparse.csr_array(barred[rows]).toarray() > 0
        values = [scaled(block_scores(forms[name], part)) for name in names]
        for scores in values:
            scores[forbidden] = -np.inf
        best = [np.argpartition(-scores, each - 1, axis=1)[:, :each] for scores in values]
        chosen = np.sort(np.concatenate(best, axis=1), axis=1)
        again = np.zeros(chosen.shape, dtype=np.bool_)
        again[:, 1:] = chosen[:, 1:] == chosen[:, :-1]
        line = np.arange(len(part))[:, None]
        picked = np.stack([scores[line, chosen] for scores in values])
        picked[:, again] = -np.inf
        wanted = sparse.csr_array(positives[rows]).toarray() > 0
        parts.append(picked)
        flags.append(wanted[line, chosen] & ~again)
    counts = np.diff(positives.indptr).astype(np.float64)
    return Pool(
        names,
        np.concatenate(parts, axis=1),
        np.concatenate(flags),
        np.where(counts > 0, counts, np.nan),
    )


def learn(given: Pool, *, k: int = 10) -> dict[str, float]:
    """Learn weights that add up to 1; those of models that don't help are not there.

    Returns
    -------
    dict of model to weight
        Strongest first; empty where nobody can be judged.
    """
    if not len(given.hit) or np.isnan(given.counts).all():
        return {}
    taken: Counter[int] = Counter()
    total = np.zeros(given.hit.shape, dtype=np.float32)
    reached = -1.0
    for _ in range(ROUNDS):
        quality = [_quality(total + part, given, k) for part in given.parts]
        best = int(np.argmax(quality))
        if quality[best] <= reached * (1 + LEAST):
            break
        reached = quality[best]
        taken[best] += 1
        total = total + given.parts[best]
    whole = sum(taken.values())
    return {given.names[place]: count / whole for place, count in taken.most_common()}


def _quality(scores: Scores, given: Pool, k: int) -> float:
    width = min(k, scores.shape[1])
    best = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    line = np.arange(len(scores))[:, None]
    order = np.argsort(-scores[line, best], axis=1, kind="stable")
    shown = best[line, order]
    hit = given.hit[line, shown]
    if width < k:
        hit = np.pad(hit, ((0, 0), (0, k - width)))
    return float(np.nanmean(ndcg(hit, given.counts)))


def strongest(weights: Mapping[str, float], names: Sequence[str]) -> dict[str, Any]:
    """Give weights in the order of `names`, for telling them."""
    return {name: round(weights[name], 3) for name in names if name in weights}
