"""The best k items of many people, as quick as two cores can.

Blocks of people meet all items in one product of matrices (the items' bias folded in as a column),
what was seen is crossed out, and the best are found without ordering the rest: the catalogue is
parted into groups, and only the k groups whose own best is highest can hold any of the k best.
Threads each take a block with one BLAS thread: two BLAS threads inside one block halve the speed
on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.blocks import over_blocks, rows_of
from kindred.recommend.forms import Factors

BLOCK: Final = 64  # people: their scores of 20,000 items are 5 MB, about what a core's cache holds
_LEAST_GROUPS: Final = 4  # times k; with fewer there is nothing to gain by groups

Places = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Ranker:
    """A factor model, laid out for ranking.

    Parameters
    ----------
    people : array of shape (U, d)
        Float32; may be memory-mapped.
    items : array of shape (d + 1, I)
        Vectors of items as columns, their biases below.
    """

    people: NDArray[np.floating[Any]]
    items: Scores

    @classmethod
    def of(cls, form: Factors) -> Ranker:
        """Lay a form out; a person's own bias moves no list and is left out."""
        bias = np.asarray(form.bias, dtype=np.float32)[None, :]
        vectors = np.asarray(form.items, dtype=np.float32).T
        return cls(form.people, np.ascontiguousarray(np.concatenate([vectors, bias])))

    def top(
        self, rows: NDArray[np.integer[Any]], k: int, barred: sparse.csr_array | None = None
    ) -> tuple[Places, Scores]:
        """Rank one block.

        Parameters
        ----------
        barred : csr array of shape (n, I), optional
            What each of `rows` may not be shown.

        Returns
        -------
        places, scores : arrays of shape (n, k)
            Best first; −1 and −inf where nothing is left to show.
        """
        vectors = np.asarray(self.people[rows], dtype=np.float32)
        ones = np.ones((len(vectors), 1), dtype=np.float32)
        scores = np.concatenate([vectors, ones], axis=1) @ self.items
        if barred is not None:
            _cross_out(scores, barred)
        places = largest(scores, k)
        return places, np.where(places >= 0, _at(scores, np.maximum(places, 0)), -np.inf)


def top_k(
    ranker: Ranker, k: int, seen: sparse.csr_array | None = None, *, threads: int = 2
) -> Iterator[tuple[slice, Places, Scores]]:
    """Rank everybody, block by block and in order; memory does not grow with their number.

    Parameters
    ----------
    seen : csr array of shape (U, I), optional
        What each person may not be shown.

    Yields
    ------
    people, places, scores
        The rows of a block, and what :meth:`Ranker.top` gives for them.
    """

    def rank(block: slice) -> tuple[slice, Places, Scores]:
        rows = np.arange(block.start, block.stop)
        return (block, *ranker.top(rows, k, None if seen is None else rows_of(seen, block)))

    yield from over_blocks(len(ranker.people), BLOCK, rank, threads=threads)


def best(scores: Scores, barred: sparse.csr_array, k: int) -> Places:
    """Give the k best items of each row, best first, none that is barred; −1 where none is left.

    Equal scores go by place, so that it is the same every time. NaN stands for no score: it is
    never among the best.

    Examples
    --------
    >>> bar = sparse.csr_array(np.array([[0.0, 0.0, 1.0]]))
    >>> best(np.array([[1.0, 2.0, 3.0]], dtype=np.float32), bar, 3).tolist()
    [[1, 0, -1]]
    """
    if not barred.nnz:
        if len(scores) > 1 and scores.strides[0] == 0:  # everybody gets the same
            return np.repeat(best(scores[:1], barred[:1], k), len(scores), axis=0)
        return largest(np.ascontiguousarray(scores, dtype=np.float32), k)
    values = np.array(scores, dtype=np.float32, order="C")
    _cross_out(values, barred)
    return largest(values, k)


def largest(values: Scores, k: int) -> Places:
    """Find the places of the k largest of each row, largest first; equal ones go by place.

    −inf and NaN are never among them: −1 stands where a row has nothing left.

    Examples
    --------
    >>> largest(np.array([[2.0, 7.0, 7.0], [np.nan, 1.0, -np.inf]], dtype=np.float32), 2).tolist()
    [[1, 2], [1, -1]]
    """
    n, width = values.shape
    found: Places = np.full((n, k), -1, dtype=np.int64)
    if not n or not width or not k:
        return found
    k = min(k, width)
    pool, tops = _pool(values, k)
    if np.isnan(tops).any():  # a group's best is NaN as soon as one of its items is
        values = np.where(np.isnan(values), np.float32(-np.inf), values)
        pool, tops = _pool(values, k)
    own = _at(values, pool)
    places = _at(pool, np.argpartition(-own, k - 1, axis=1)[:, :k])
    _settle(values, places, own, tops)
    places.sort(axis=1)
    scores = _at(values, places)
    order = np.argsort(-scores, axis=1, kind="stable")
    found[:, :k] = _at(np.where(np.isneginf(scores), -1, places), order)
    return found


def _pool(values: Scores, k: int) -> tuple[Places, Scores]:
    """Give places among which the k largest of each row lie, and the best of every group.

    The items of a group lie a fixed distance apart, so that all groups' maxima are taken by vector
    instructions. A group that is not among the k highest holds nothing above the k highest
    groups' maxima, which are k items already.
    """
    n, width = values.shape
    each = int(np.sqrt(width / k))
    groups = width // each
    if groups < _LEAST_GROUPS * k:
        return np.broadcast_to(np.arange(width), (n, width)), values
    tops = values[:, : groups * each].reshape(n, each, groups).max(axis=1)
    chosen = np.argpartition(-tops, k - 1, axis=1)[:, :k]
    inside = (chosen[:, None, :] + groups * np.arange(each)[None, :, None]).reshape(n, -1)
    if groups * each == width:
        return inside, tops
    rest = np.broadcast_to(np.arange(groups * each, width), (n, width - groups * each))
    tops = np.concatenate([tops, values[:, groups * each :]], axis=1)
    return np.concatenate([inside, rest], axis=1), tops


def _settle(values: Scores, places: Places, own: Scores, tops: Scores) -> None:
    """Where several items tie for the last places, let the first of the catalogue have them."""
    scores = _at(values, places)
    last = scores.min(axis=1, keepdims=True)
    given = np.count_nonzero(scores == last, axis=1)
    tied = np.maximum(np.count_nonzero(own == last, axis=1), np.count_nonzero(tops == last, axis=1))
    for row in np.flatnonzero((tied > given) & np.isfinite(last[:, 0])):
        mine = np.flatnonzero(scores[row] == last[row])
        places[row, mine] = np.flatnonzero(values[row] == last[row])[: len(mine)]


def _at(values: NDArray[Any], places: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Take some of each row: as ``np.take_along_axis``, and half as long."""
    found: NDArray[Any] = values.ravel().take(
        places + np.arange(len(values))[:, None] * values.shape[1]
    )
    return found


def _cross_out(values: Scores, barred: sparse.csr_array) -> None:
    line = np.repeat(np.arange(len(values)), np.diff(barred.indptr))
    values[line, barred.indices] = -np.inf
