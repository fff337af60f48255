"""Judge ways of scoring: lists for all held out, their metrics, and what lists are like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend import metrics
from kindred.recommend.auc import Standing
from kindred.recommend.blocks import Crowd, over_blocks, rows_of
from kindred.recommend.diversity import diversity
from kindred.recommend.topk import best

RANKED: Final = 10_000  # people by whom AUC is measured, at most
_CELLS: Final = 2_000_000  # scores of a block: 8 MB
_MOST_PEOPLE: Final = 512  # of a block

Scorer = Callable[[Crowd], NDArray[np.float32]]
Scorers = Callable[[Crowd], Iterable[tuple[str, NDArray[np.float32]]]]
_Part = tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]


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

    def slice(self, block: slice) -> Task:
        """Take people who stand together, without copying what is known of them."""
        return Task(
            self.crowd.slice(block),
            rows_of(self.positives, block),
            rows_of(self.barred, block),
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


def judge(scorer: Scorer, task: Task, k: int, *, with_auc: bool = True) -> Judged:
    """Draw up everybody's list and judge it."""
    return judge_each(lambda crowd: [("", scorer(crowd))], task, k, with_auc=with_auc)[""]


def judge_each(
    scorers: Scorers, task: Task, k: int, *, with_auc: bool = True, ranked: int | None = None
) -> dict[str, Judged]:
    """Judge several ways of scoring the same people.

    What they share is done once for each block of people; two blocks are worked on at a time.

    Parameters
    ----------
    scorers : callable of Crowd to pairs of (name, scores)
        One after the other, so that no more than two models' scores need be held. It is called from
        several threads at once.
    with_auc : bool
        Whether to rank the whole catalogue, which takes longer than finding the best.
    ranked : int, optional
        For how many people at most, evenly apart; `RANKED` where nothing is said.
    """
    items = task.positives.shape[1]
    apart = max(1, -(-len(task.crowd) // (ranked or RANKED))) if with_auc else 0

    def work(block: slice) -> dict[str, _Part]:
        part = task.slice(block)
        those = _Ranked.of(part, block.start, apart) if apart else None
        return {name: _part(own, part, k, those) for name, own in scorers(part.crowd)}

    size = max(1, min(_MOST_PEOPLE, _CELLS // max(items, 1)))
    parts = list(over_blocks(len(task.crowd), size, work)) or [work(slice(0, 0))]
    return {name: _together([part[name] for part in parts], items) for name in parts[0]}


@dataclass(frozen=True)
class _Ranked:
    """Those of a block for whom the whole catalogue is ranked, and what is held against what."""

    rows: NDArray[np.int64]
    standing: Standing

    @classmethod
    def of(cls, task: Task, start: int, apart: int) -> _Ranked:
        """Take every so many, counted over all blocks."""
        rows = np.arange(-start % apart, len(task.crowd), apart)
        positives, barred = (sparse.csr_array(each[rows]) for each in (task.positives, task.barred))
        return cls(rows, Standing.of(positives, barred))


def _part(scores: NDArray[np.float32], task: Task, k: int, ranked: _Ranked | None) -> _Part:
    lists = best(scores, task.barred, k)
    hit, counts = metrics.hits(lists, task.positives), metrics.wanted(task.positives)
    auc = np.full(len(lists), np.nan)
    if ranked is not None:
        some = scores[ranked.rows]
        some[np.isnan(some[:, 0])] = 0.0  # of whom nothing is said: all items stand alike
        auc[ranked.rows] = ranked.standing.auc(some)
    people = {
        "ndcg": metrics.ndcg(hit, counts),
        "precision": metrics.precision(hit, counts),
        "recall": metrics.recall(hit, counts),
        "map": metrics.average_precision(hit, counts),
        "mrr": metrics.reciprocal_rank(hit, counts),
        "auc": auc,
        "novelty": metrics.novelty(lists, task.popularity),
        "diversity": diversity(lists, task.described),
        "popularity": metrics.listed_popularity(lists, task.popularity),
    }
    return lists, people


def _together(parts: list[_Part], items: int) -> Judged:
    lists = np.concatenate([own for own, _ in parts])
    people = {name: np.concatenate([own[name] for _, own in parts]) for name in parts[0][1]}
    whole = {"coverage": metrics.coverage(lists, items), "gini": metrics.gini(lists, items)}
    return Judged(lists, people, whole)
