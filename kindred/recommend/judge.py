"""Judge one way of scoring: lists for all held out, their metrics, and what lists are like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend import metrics
from kindred.recommend.blocks import Crowd, in_blocks

AUC_PEOPLE: Final = 2_000  # the first of them: AUC sorts the whole catalogue for each

Scorer = Callable[[Crowd], NDArray[np.float32]]


@dataclass(frozen=True)
class Task:
    """Whom to recommend to, and what would have been right.

    Parameters
    ----------
    crowd : Crowd
        People with at least one positive.
    positives, barred : csr arrays of shape (n, I)
        What they wanted later, and what must not be recommended to them.
    popularity : array of shape (I,)
        The share of people who dealt with each item before.
    described : csr array of shape (I, T)
        What items are like, rows of length one.
    """

    crowd: Crowd
    positives: sparse.csr_array
    barred: sparse.csr_array
    popularity: NDArray[np.float64]
    described: sparse.csr_array

    def part(self, rows: NDArray[np.int64]) -> Task:
        """Take some of the people."""
        return Task(
            self.crowd.part(rows),
            sparse.csr_array(self.positives[rows]),
            sparse.csr_array(self.barred[rows]),
            self.popularity,
            self.described,
        )


@dataclass(frozen=True)
class Judged:
    """What came of it.

    Parameters
    ----------
    lists : array of shape (n, k)
        −1 where a list ends early.
    people : mapping of metric to array of shape (n,)
    whole : mapping of metric to float
        Of all lists together.
    """

    lists: NDArray[np.int64]
    people: Mapping[str, NDArray[np.float64]]
    whole: Mapping[str, float]


def best(scores: NDArray[np.float32], barred: sparse.csr_array, k: int) -> NDArray[np.int64]:
    """Give the k best items of each row, best first, none that is barred; −1 where none is left.

    Equal scores within a list go by place, so that it is the same every time.

    Examples
    --------
    >>> bar = sparse.csr_array(np.array([[0.0, 0.0, 1.0]]))
    >>> best(np.array([[1.0, 2.0, 3.0]], dtype=np.float32), bar, 3).tolist()
    [[1, 0, -1]]
    """
    values = np.where(np.isnan(scores), -np.inf, scores).astype(np.float32)
    line = np.repeat(np.arange(len(values)), np.diff(barred.indptr))
    values[line, barred.indices] = -np.inf
    width = min(k, values.shape[1])
    chosen = np.sort(np.argpartition(-values, width - 1, axis=1)[:, :width], axis=1)
    rows = np.arange(len(values))[:, None]
    order = np.argsort(-values[rows, chosen], axis=1, kind="stable")
    lists = np.take_along_axis(chosen, order, axis=1).astype(np.int64)
    lists[np.isneginf(values[rows, lists])] = -1
    if width < k:
        lists = np.pad(lists, ((0, 0), (0, k - width)), constant_values=-1)
    return lists


def judge(scorer: Scorer, task: Task, k: int, *, with_auc: bool = True) -> Judged:
    """Draw up everybody's list and judge it."""
    lists, ranks = [], []
    left = AUC_PEOPLE if with_auc else 0
    for block in in_blocks(task.crowd):
        rows = np.arange(len(task.crowd))[block]
        scores = scorer(task.crowd.part(block))
        barred = sparse.csr_array(task.barred[rows])
        lists.append(best(scores, barred, k))
        few = min(len(rows), left)
        found = np.full(len(rows), np.nan)
        if few:
            own = sparse.csr_array(task.positives[rows[:few]])
            some = sparse.csr_array(barred[np.arange(few)])
            found[:few] = metrics.auc(np.nan_to_num(scores[:few], nan=0.0), own, some)
        ranks.append(found)
        left -= few
    every = np.concatenate(lists) if lists else np.empty((0, k), dtype=np.int64)
    auc = np.concatenate(ranks) if ranks else np.empty(0)
    return _judged(every, auc, task)


def _judged(lists: NDArray[np.int64], auc: NDArray[np.float64], task: Task) -> Judged:
    items = task.positives.shape[1]
    hit, counts = metrics.hits(lists, task.positives), metrics.wanted(task.positives)
    people = {
        "ndcg": metrics.ndcg(hit, counts),
        "precision": metrics.precision(hit, counts),
        "recall": metrics.recall(hit, counts),
        "map": metrics.average_precision(hit, counts),
        "mrr": metrics.reciprocal_rank(hit, counts),
        "auc": auc,
        "novelty": metrics.novelty(lists, task.popularity),
        "diversity": metrics.diversity(lists, task.described),
        "popularity": metrics.listed_popularity(lists, task.popularity),
    }
    whole = {"coverage": metrics.coverage(lists, items), "gini": metrics.gini(lists, items)}
    return Judged(lists, people, whole)
