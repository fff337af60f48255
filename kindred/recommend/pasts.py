"""A history as features: which items stand for it, and how much each of them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

MOST_PASTS: Final = 100  # items of a history that stand for it, the weightiest
BEST: Final = 6.0  # what the best item scores at the start, on average; WARP's margin is 1
SCALED, SCALED_ITEMS = 500, 5_000  # people and items by whom that is measured
FEW: Final = 1.0  # added to a history's squared length: a click or two say less than a hundred


def recalled(
    places: NDArray[np.integer[Any]], weights: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.integer[Any]], NDArray[np.float64]]:
    """Say which items of a history stand for it, and how much each: its logarithm, to length 1.

    Examples
    --------
    Two clicks; a hundred of them would come nearer to length 1.

    >>> places, shares = recalled(np.array([7, 3]), np.array([1.0, 1.0]))
    >>> places.tolist(), shares.round(3).tolist()
    ([3, 7], [0.495, 0.495])
    """
    chosen = np.lexsort((places, -np.asarray(weights)))[:MOST_PASTS]
    strengths = np.log1p(np.asarray(weights, dtype=np.float64)[chosen])
    return np.asarray(places)[chosen], strengths / np.sqrt(strengths @ strengths + FEW)


def recalled_rows(histories: sparse.csr_array) -> sparse.csr_array:
    """Give :func:`recalled` of each row."""
    places, shares, starts = [], [], [0]
    for row in range(histories.shape[0]):
        own = slice(histories.indptr[row], histories.indptr[row + 1])
        chosen, values = recalled(histories.indices[own], histories.data[own])
        places.append(chosen)
        shares.append(values)
        starts.append(starts[-1] + len(chosen))
    data = np.concatenate([*shares, np.empty(0)]).astype(np.float32)
    columns = np.concatenate([*places, np.empty(0, dtype=np.int64)]).astype(np.int64)
    return sparse.csr_array((data, columns, np.array(starts)), shape=histories.shape)


def started(rows: sparse.csr_array, factors: int, seed: int) -> NDArray[np.float32]:
    """Give vectors to start from: singular vectors, of which at most `factors` there are.

    A truncated singular value decomposition scores a history h as h V Vᵀ: it is a model of pasts
    whose vectors are those of the items themselves. They are scaled so that the best item's score
    is `BEST` on average.

    Parameters
    ----------
    rows : csr array of shape (U, F)
        The logarithm of how much each dealt with what.

    Returns
    -------
    array of shape (F, at most `factors`)
    """
    from scipy.sparse.linalg import svds  # noqa: PLC0415 - not for those who only score
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    rank = min(factors, min(rows.shape) - 1)
    if rank < 1 or not rows.nnz:
        return np.zeros((rows.shape[1], 1), dtype=np.float32)
    start = np.random.default_rng(seed).uniform(0.1, 1.0, min(rows.shape))
    wide = sparse.csr_array(rows, dtype=np.float64)
    with threadpool_limits(1, "blas"):  # its steps are small: a second thread only waits
        _, _, right = svds(wide, k=rank, v0=start, tol=1e-3)
    vectors = np.nan_to_num(right).T
    length = np.sqrt(np.asarray(rows[:SCALED].power(2).sum(axis=1)) + FEW)[:, None]
    some = np.asarray(rows[:SCALED] @ vectors) / length @ vectors[:SCALED_ITEMS].T
    best = float(some.max(axis=1, initial=0.0).mean())
    return np.asarray(vectors * np.sqrt(BEST / best) if best > 0 else vectors, dtype=np.float32)
