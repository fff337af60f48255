"""What a contest says of each model: metrics with intervals, curves, groups, and who beats whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend import metrics
from kindred.recommend.diversity import diversity
from kindred.recommend.evaluation import Interval, activity, interval, intervals, paired
from kindred.recommend.judge import Judged, Task
from kindred.recommend.recipes import POPULARITY
from kindred.recommend.training import Contest

K: Final = 10
CURVE: Final = (1, 2, 3, 5, 7, 10, 15, 20)
LEAST_PEOPLE: Final = 10  # of a group, for its quality to be told
ACTIVITY: Final = {
    "none before": "No history",
    "little": "Little history",
    "some": "Some history",
    "much": "Much history",
}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GroupOutcome:
    """A model's NDCG for some of the people."""

    kind: str
    key: str
    name: str
    quality: Interval


@dataclass(frozen=True)
class Outcome:
    """What is known of a model.

    Parameters
    ----------
    ndcg : array of shape (n,)
        Person by person, for pairs.
    """

    name: str
    metrics: Mapping[str, Interval]
    curve: tuple[tuple[int, float], ...]
    groups: tuple[GroupOutcome, ...]
    ndcg: Floats


@dataclass(frozen=True)
class Pair:
    """One model's NDCG less another's, over the same people."""

    one: str
    other: str
    difference: Interval


def outcomes(
    found: Contest, groups: Mapping[str, Mapping[str, tuple[str, NDArray[np.bool_]]]]
) -> dict[str, Outcome]:
    """Tell of each model, the best by NDCG first.

    Parameters
    ----------
    groups : mapping of kind to key to (name, flags of shape (U,))
        Of all people, of whom some were judged.
    """
    mine = _groups(found, groups)
    told = {name: _outcome(name, judged, found.task, mine) for name, judged in found.judged.items()}
    return dict(sorted(told.items(), key=lambda item: -_mean(item[1])))


def pairs(told: Mapping[str, Outcome], live: str | None = None) -> list[Pair]:
    """Compare the best with every other, every other with popularity and with the live one."""
    names = list(told)
    wanted = [(names[0], other) for other in names[1:]]
    for base in (POPULARITY, live):
        if base is not None and base in told:
            wanted += [(name, base) for name in names if name != base]
    return [
        Pair(one, other, paired(told[one].ndcg, told[other].ndcg).absolute)
        for one, other in dict.fromkeys(wanted)
    ]


def _outcome(
    name: str,
    judged: Judged,
    task: Task,
    groups: list[tuple[str, str, str, NDArray[np.bool_]]],
) -> Outcome:
    counts = metrics.wanted(task.positives)
    lists = judged.lists[:, :K]
    hit = metrics.hits(lists, task.positives)
    ndcg = metrics.ndcg(hit, counts)
    wanted_popularity = _wanted_popularity(task)
    people: dict[str, Floats] = {
        "ndcg": ndcg,
        "precision": metrics.precision(hit, counts),
        "recall": metrics.recall(hit, counts),
        "map": metrics.average_precision(hit, counts),
        "mrr": metrics.reciprocal_rank(hit, counts),
        "auc": judged.people["auc"],
        "novelty": metrics.novelty(lists, task.popularity),
        "diversity": diversity(lists, task.described),
        "popularity_bias": metrics.listed_popularity(lists, task.popularity) - wanted_popularity,
    }
    whole = dict(intervals(people))
    items = task.positives.shape[1]
    for key, value in (
        ("coverage", metrics.coverage(lists, items)),
        ("gini", metrics.gini(lists, items)),
    ):
        whole[key] = Interval(float(value), None, None, len(lists))
    curve = tuple((k, _at(judged.lists, task, counts, k)) for k in CURVE)
    told = [
        GroupOutcome(kind, key, label, interval(ndcg[flags]))
        for kind, key, label, flags in groups
        if int((flags & ~np.isnan(ndcg)).sum()) >= LEAST_PEOPLE
    ]
    return Outcome(name, whole, curve, tuple(told), ndcg)


def _at(lists: NDArray[np.int64], task: Task, counts: Floats, k: int) -> float:
    return float(np.nanmean(metrics.ndcg(metrics.hits(lists[:, :k], task.positives), counts)))


def _wanted_popularity(task: Task) -> Floats:
    """Give the mean popularity of what each person wanted."""
    sums = np.asarray(task.positives @ task.popularity)
    counts = np.diff(task.positives.indptr)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _groups(
    found: Contest, groups: Mapping[str, Mapping[str, tuple[str, NDArray[np.bool_]]]]
) -> list[tuple[str, str, str, NDArray[np.bool_]]]:
    history: Any = np.diff(found.task.crowd.history.indptr)
    place, names = activity(history)
    told: list[tuple[str, str, str, NDArray[np.bool_]]] = [
        ("activity", name, ACTIVITY[name], place == at) for at, name in enumerate(names)
    ]
    for kind, members in groups.items():
        for key, (label, flags) in members.items():
            told.append((kind, key[:120], label[:120], flags[found.people]))
    return told


def _mean(told: Outcome) -> float:
    value = told.metrics["ndcg"].value
    return value if value is not None else -1.0
