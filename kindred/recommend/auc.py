"""AUC over the whole catalogue, for many people: where each positive stands among all else."""

from __future__ import annotations

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
    wanted : array of shape (p,)
        Everybody's positives, one person's after another's.
    starts : array of shape (n + 1,)
        Where each person's begin.
    left : array of shape (n,)
        How many items they are held against.
    out : array of shape (q,)
        What is not held against them, as places of the flat scores: whatever may not be shown, and
        positives themselves.
    """

    wanted: Places
    starts: Places
    left: Places
    out: Places

    @classmethod
    def of(cls, positives: sparse.csr_array, barred: sparse.csr_array) -> Standing:
        """Gather it."""
        n, width = positives.shape
        wanted = positives.indices.astype(np.int64)
        person = np.repeat(np.arange(n), np.diff(positives.indptr))
        others = np.repeat(np.arange(n), np.diff(barred.indptr)) * width + barred.indices
        out = np.unique(np.concatenate([person * width + wanted, others]))
        left = width - np.bincount(out // max(width, 1), minlength=n)
        return cls(wanted, positives.indptr, left, out)

    def auc(self, scores: Scores) -> Floats:
        """Rank by some scores, shape (n, I): see :func:`auc`."""
        others = np.array(scores, order="C")
        others.ravel()[self.out] = np.nan
        others.sort(axis=1)  # NaN last: from `left` on
        won = np.zeros(len(scores))
        for row, left in enumerate(self.left):
            held = others[row, :left]
            own = scores[row, self.wanted[self.starts[row] : self.starts[row + 1]]]
            own.sort()
            for side in ("left", "right"):
                won[row] += held.searchsorted(own, side).sum()
        pairs = np.diff(self.starts) * self.left
        return np.where(pairs > 0, won / np.maximum(2 * pairs, 1), np.nan)
