"""How good lists are: ranking metrics a person, and what lists look like as a whole.

Lists are places of items, shape (n, k), best first, −1 where a list ends early. Positives are a CSR
array of shape (n, I). Nothing loops over people. Each metric of a person is NaN where they have no
positive. Definitions: Järvelin & Kekäläinen 2002 (NDCG), https://doi.org/10.1145/582415.582418;
Castells, Hurley & Vargas 2015, *Novelty and diversity in recommender systems* (novelty);
Abdollahpouri et al. 2019, https://arxiv.org/abs/1907.13286 (popularity of lists).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Lists = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]


def hits(lists: Lists, positives: sparse.csr_array) -> NDArray[np.bool_]:
    """Mark the places of lists that hold a positive, shape (n, k).

    Examples
    --------
    >>> hits(np.array([[2, 0, -1]]), sparse.csr_array(np.array([[1, 0, 0]]))).tolist()
    [[False, True, False]]
    """
    n, width = positives.shape
    keys = np.repeat(np.arange(n, dtype=np.int64), np.diff(positives.indptr)) * width
    keys = np.sort(keys + positives.indices)
    asked = np.arange(n, dtype=np.int64)[:, None] * width + lists
    if not len(keys):
        return np.zeros(lists.shape, dtype=np.bool_)
    found = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.asarray((keys[found] == asked) & (lists >= 0))


def wanted(positives: sparse.csr_array) -> Floats:
    """Count each person's positives; NaN for none, shape (n,)."""
    counts = np.diff(positives.indptr).astype(np.float64)
    return np.where(counts > 0, counts, np.nan)


def precision(hit: NDArray[np.bool_], counts: Floats) -> Floats:
    """Give hits over k.

    Examples
    --------
    >>> precision(np.array([[True, False]]), np.array([3.0])).tolist()
    [0.5]
    """
    return np.where(np.isnan(counts), np.nan, hit.mean(axis=1))


def recall(hit: NDArray[np.bool_], counts: Floats) -> Floats:
    """Give hits over positives.

    Examples
    --------
    >>> recall(np.array([[True, False]]), np.array([4.0])).tolist()
    [0.25]
    """
    return np.asarray(hit.sum(axis=1) / counts)


def ndcg(hit: NDArray[np.bool_], counts: Floats) -> Floats:
    """Give the discounted gain over that of the best list there can be: min(k, positives) hits.

    Examples
    --------
    One of two positives, in second place: (1 / log₂ 3) / (1 + 1 / log₂ 3).

    >>> ndcg(np.array([[False, True]]), np.array([2.0])).round(4).tolist()
    [0.3869]
    """
    k = hit.shape[1]
    gains = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[np.nan], np.cumsum(gains)])
    reachable = np.where(np.isnan(counts), 0, np.minimum(np.nan_to_num(counts), k)).astype(np.int64)
    return np.asarray((hit @ gains) / best[reachable])


def average_precision(hit: NDArray[np.bool_], counts: Floats) -> Floats:
    """Give the mean, over min(k, positives), of the precision at each hit.

    Examples
    --------
    >>> average_precision(np.array([[True, False, True]]), np.array([2.0])).round(4).tolist()
    [0.8333]
    """
    k = hit.shape[1]
    so_far = np.cumsum(hit, axis=1) / np.arange(1, k + 1)
    return np.asarray((so_far * hit).sum(axis=1) / np.minimum(counts, k))


def reciprocal_rank(hit: NDArray[np.bool_], counts: Floats) -> Floats:
    """Give one over the rank of the first hit; 0 without any.

    Examples
    --------
    >>> reciprocal_rank(np.array([[False, True, True]]), np.array([2.0])).tolist()
    [0.5]
    """
    first = np.where(hit.any(axis=1), 1.0 / (hit.argmax(axis=1) + 1), 0.0)
    return np.where(np.isnan(counts), np.nan, first)


def coverage(lists: Lists, items: int) -> float:
    """Give the share of the catalogue that stands in any list.

    Examples
    --------
    >>> coverage(np.array([[0, 1], [0, -1]]), 4)
    0.5
    """
    return len(np.unique(lists[lists >= 0])) / items if items else 0.0


def novelty(lists: Lists, popularity: Floats) -> Floats:
    """Give the mean self-information of a list's items, in bits: −log₂ of who knows the item.

    Parameters
    ----------
    popularity : array of shape (I,)
        The share of people who dealt with each item; for nobody, half a person is taken.
    """
    shown = lists >= 0
    bits = -np.log2(np.maximum(popularity, 1e-12))[np.where(shown, lists, 0)]
    return _mean_of(bits, shown)


def listed_popularity(lists: Lists, popularity: Floats) -> Floats:
    """Give the mean popularity of a list's items (ARP): high where all get what everybody has."""
    shown = lists >= 0
    return _mean_of(popularity[np.where(shown, lists, 0)], shown)


def gini(lists: Lists, items: int) -> float:
    """Say how unequally items are shown: 0 all alike, near 1 the same few to everybody.

    Examples
    --------
    >>> gini(np.array([[0], [1]]), 2), round(gini(np.array([[0], [0]]), 2), 2)
    (0.0, 0.5)
    """
    counts = np.sort(np.bincount(lists[lists >= 0], minlength=items)).astype(np.float64)
    total = counts.sum()
    if not total:
        return 0.0
    rank = np.arange(1, items + 1)
    return float((2 * rank - items - 1) @ counts / (items * total))


def _mean_of(values: Floats, shown: NDArray[np.bool_]) -> Floats:
    count = shown.sum(axis=1)
    return np.where(count > 0, (values * shown).sum(axis=1) / np.maximum(count, 1), np.nan)
