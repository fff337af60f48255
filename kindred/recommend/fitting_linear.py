"""Linear models of items on items, and plain factors: BM25, EASE, SVD and BPR."""

from __future__ import annotations

import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.fitting import FOLD_IN, factors_form, require_finite
from kindred.recommend.forms import Factors, Neighbours

MOST_DENSE: Final = 10_000  # items of EASE: its matrix is their square, 800 MB at most
KEEP: Final = 300  # strongest weights an item keeps in EASE, beyond 2,000 items


def fit_bm25(
    matrix: sparse.csr_array, *, k1: float = 1.2, b: float = 0.75, keep: int = 60, threads: int = 2
) -> Neighbours:
    """Find the items that go with each, common items and busy people counting less.

    Source: Robertson & Zaragoza 2009, *The probabilistic relevance framework*, § 3.
    """
    from implicit.nearest_neighbours import BM25Recommender  # noqa: PLC0415

    model = BM25Recommender(K=keep + 1, K1=k1, B=b, num_threads=threads)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of what it hands itself
        model.fit(sparse.csr_matrix(matrix, dtype=np.float64), show_progress=False)
    found = sparse.coo_array(model.similarity)
    apart = found.row != found.col
    weights = found.data[apart].astype(np.float32)
    # A row of the form is what an item speaks for; the library's row is what speaks for it.
    speaks = sparse.csr_array((weights, (found.col[apart], found.row[apart])), shape=found.shape)
    return Neighbours(speaks)


def most_bought(matrix: sparse.csr_array, most: int = MOST_DENSE) -> NDArray[np.int64]:
    """Give the places of the items that most people dealt with, in order of place."""
    people = np.bincount(matrix.indices, minlength=matrix.shape[1])
    ranked = np.argsort(-people, kind="stable")[:most]
    return np.sort(ranked[people[ranked] > 0]).astype(np.int64)


def fit_ease(
    matrix: sparse.csr_array, *, regularization: float = 200.0, most: int = MOST_DENSE
) -> Neighbours:
    """Solve for the weights by which items foretell one another, in closed form.

    Over the `most` items that most people dealt with; others it neither reads nor recommends.
    Beyond 2,000 items each keeps its strongest `KEEP` weights.

    Source: Steck 2019, *Embarrassingly shallow autoencoders for sparse data*,
    https://doi.org/10.1145/3308558.3313710, equation 8.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    items = matrix.shape[1]
    chosen = most_bought(matrix, most)
    if not len(chosen):
        return Neighbours(sparse.csr_array((items, items), dtype=np.float32))
    once = sparse.csr_array(matrix[:, chosen], dtype=np.float32)
    once.data = np.ones_like(once.data)
    gram = np.asarray((once.T @ once).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += regularization
    with threadpool_limits(None):
        inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0.0)
    require_finite("ease", weights)
    if len(chosen) > 2_000:
        weights = _strongest(weights, KEEP)
    found = sparse.coo_array(weights)
    rows, columns = chosen[found.row], chosen[found.col]
    data = found.data.astype(np.float32)
    return Neighbours(sparse.csr_array((data, (rows, columns)), shape=(items, items)))


def _strongest(weights: NDArray[np.floating[Any]], keep: int) -> sparse.csr_array:
    """Keep each column's largest weights, by size: what speaks for an item, or against it."""
    rows = np.argpartition(-np.abs(weights), keep, axis=0)[:keep]
    columns = np.broadcast_to(np.arange(weights.shape[1]), rows.shape)
    data = weights[rows, columns]
    return sparse.csr_array((data.ravel(), (rows.ravel(), columns.ravel())), shape=weights.shape)


def fit_svd(matrix: sparse.csr_array, *, factors: int = 64, seed: int = 1) -> Factors:
    """Factorise by a truncated singular value decomposition (PureSVD).

    Source: Cremonesi, Koren & Turrin 2010, https://doi.org/10.1145/1864708.1864721, § 3.2.
    """
    from scipy.sparse.linalg import svds  # noqa: PLC0415

    rank = min(factors, min(matrix.shape) - 1)
    if rank < 1 or not matrix.nnz:
        zeros = np.zeros((matrix.shape[0], 1)), np.zeros((matrix.shape[1], 1))
        return factors_form(*zeros, np.zeros(matrix.shape[1]), FOLD_IN)
    once = sparse.csr_array(matrix, dtype=np.float64)
    once.data = np.log1p(once.data)
    start = np.random.default_rng(seed).uniform(0.1, 1.0, min(matrix.shape))
    left, values, right = svds(once, k=rank, v0=start, tol=1e-3)
    left, right = np.nan_to_num(left), np.nan_to_num(right)
    return factors_form(left * values, right.T, np.zeros(matrix.shape[1]), FOLD_IN)


def fit_bpr(
    matrix: sparse.csr_array,
    *,
    factors: int = 64,
    regularization: float = 0.01,
    learning_rate: float = 0.05,
    iterations: int = 60,
    seed: int = 1,
) -> Factors:
    """Fit vectors by Bayesian personalised ranking; one thread makes it reproducible.

    Source: Rendle et al. 2009, https://arxiv.org/abs/1205.2618.
    """
    from implicit.bpr import BayesianPersonalizedRanking  # noqa: PLC0415

    model = BayesianPersonalizedRanking(
        factors=factors,
        regularization=regularization,
        learning_rate=learning_rate,
        iterations=iterations,
        random_state=seed,
        num_threads=1,
    )
    model.fit(sparse.csr_matrix(matrix, dtype=np.float32), show_progress=False)
    people, items = np.asarray(model.user_factors), np.asarray(model.item_factors)
    require_finite("bpr", people, items)
    bias = items[:, -1].copy()  # the library's last column; a person's is 1
    return factors_form(people[:, :-1], items[:, :-1], bias, FOLD_IN)
