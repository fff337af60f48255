"""Keep a cluster's identity from run to run: match by the people they share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

SAME_FROM = 0.25  # Jaccard overlap from which a cluster is the same one
PALETTE = 12  # colours that can be told apart; later ones are drawn grey


@dataclass(frozen=True)
class Match:
    """A new label and the earlier one it carries on.

    Parameters
    ----------
    overlap : float
        Jaccard: shared people over people of either.
    """

    label: int
    before: int
    overlap: float


def match_clusters(before: NDArray[np.integer], now: NDArray[np.integer]) -> list[Match]:
    """Pair the clusters of two runs over the people whom both hold.

    Parameters
    ----------
    before, now : ndarray, shape (n,)
        Labels of the same people; −1 is noise.

    Notes
    -----
    Pairs maximise the total Jaccard overlap (Kuhn 1955, *The Hungarian method for the assignment
    problem*); pairs below a quarter are dropped.

    Examples
    --------
    >>> match_clusters(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    [Match(label=0, before=1, overlap=1.0), Match(label=1, before=0, overlap=1.0)]
    """
    both = (before >= 0) & (now >= 0)
    if not both.any():
        return []
    rows, columns = int(before.max()) + 1, int(now.max()) + 1
    shared = np.zeros((rows, columns))
    np.add.at(shared, (before[both], now[both]), 1)
    sizes_before = np.bincount(before[before >= 0], minlength=rows)
    sizes_now = np.bincount(now[now >= 0], minlength=columns)
    jaccard = shared / np.maximum(sizes_before[:, None] + sizes_now - shared, 1)
    pairs = zip(*linear_sum_assignment(-jaccard), strict=True)
    found = [Match(int(j), int(i), float(jaccard[i, j])) for i, j in pairs]
    return sorted((m for m in found if m.overlap >= SAME_FROM), key=lambda m: m.label)


def free_colour(taken: Collection[int]) -> int:
    """Give the first colour of the palette that nobody has, or grey past its end."""
    return next((c for c in range(PALETTE) if c not in taken), PALETTE)
