"""AUC over the whole catalogue, for many people: where each positive stands among all else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Scores = NDArray[np.floating[Any]]


def auc(scores: Scores, positives: sparse.csr_array, barred: sparse.csr_array) -> Floats:
    """Give the chance that a positive stands above another item that could have been shown.

    From ranks, ties counting half (Mann–Whitney), over the whole catalogue less what is barred.

    Parameters
    ----------
    scores : array of shape (n, I)
    barred : csr array of shape (n, I)
        What may not be recommended to whom.

    Returns
    -------
    array of shape (n,)
        NaN where nothing is wanted, or nothing is left to stand above.

    Examples
    --------
    >>> none = sparse.csr_array((1, 3))
    >>> auc(np.array([[3.0, 2.0, 1.0]]), sparse.csr_array(np.array([[0, 1, 0]])), none).tolist()
    [0.5]
    """
    return Standing.of(positives, barred).auc(scores)


@dataclass(frozen=True)
class Standing:
    """What is held against what, whatever the scores: gathered once for all models.

    Parameters
    ----------
    wanted : array of shape (n, p)
        Each person's positives; −1 beyond their number.
    counts, left : arrays of shape (n,)
        How many positives somebody has, and how many items these are held against.
    out : array of shape (q,)
        What is not held against them, as places of the flat scores: whatever may not be shown, and
        positives themselves.
    """

    wanted: Places
    counts: Places
    left: Places
    out: Places

    @classmethod
    def of(cls, positives: sparse.csr_array, barred: sparse.csr_array) -> Standing:
        """Gather it."""
        n, width = positives.shape
        counts = np.diff(positives.indptr).astype(np.int64)
        person, own = np.repeat(np.arange(n), counts), positives.indices.astype(np.int64)
        wanted = np.full((n, int(counts.max(initial=0))), -1, dtype=np.int64)
        wanted[person, np.arange(len(own)) - positives.indptr[person]] = own
        others = np.repeat(np.arange(n), np.diff(barred.indptr)) * width + barred.indices
        out = np.unique(np.concatenate([person * width + own, others]))
        left = width - np.bincount(out // max(width, 1), minlength=n)
        return cls(wanted, counts, left, out)

    def auc(self, scores: Scores) -> Floats:
        """Rank by some scores, shape (n, I): see :func:`auc`."""
        line = np.arange(len(scores))[:, None]
        own = np.where(self.wanted >= 0, scores[line, self.wanted], np.nan).astype(scores.dtype)
        others = np.array(scores, order="C")
        others.ravel()[self.out] = np.nan
        others.sort(axis=1)  # NaN last: from `left` on
        below, upto = (_found(others, own, self.left, how) for how in (np.less, np.less_equal))
        pairs = self.counts * self.left
        return np.where(pairs > 0, (below + upto).sum(axis=1) / np.maximum(2 * pairs, 1), np.nan)


def _found(ordered: Scores, wanted: Scores, sizes: Places, compare: Callable[..., Any]) -> Places:
    """Count how much of each ordered row is less than each wanted, by bisecting all rows at once.

    NaN among what is wanted stands for nothing: 0.
    """
    starts = np.arange(len(ordered))[:, None] * ordered.shape[1]
    low, high = (
        np.zeros(wanted.shape, dtype=np.int64),
        np.broadcast_to(sizes[:, None], wanted.shape),
    )
    for _ in range(int(ordered.shape[1]).bit_length()):
        middle = (low + high) // 2
        beyond = (low < high) & compare(ordered.ravel().take(starts + middle, mode="clip"), wanted)
        low, high = np.where(beyond, middle + 1, low), np.where(beyond, high, middle)
    return low
