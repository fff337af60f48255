"""Clusters by centres or by merging, on the scaled features."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import silhouette_score

from kindred.errors import UserError

Labels = NDArray[np.int32]
Matrix = NDArray[np.float32]

WARD_AT_MOST: Final = 10_000  # 50,000 people would need 10 GB
CANDIDATES: Final = range(3, 13)
SILHOUETTE_SAMPLE: Final = 2_000


def find_centres(matrix: Matrix, n_clusters: int | None, seed: int) -> Labels:
    """K-Means (Lloyd 1982); the number of clusters by the mean silhouette of a sample."""
    if n_clusters is not None:
        return _kmeans(matrix, min(n_clusters, len(matrix)), seed)
    return _best(matrix, lambda k: _kmeans(matrix, k, seed), seed)


def find_merged(matrix: Matrix, n_clusters: int | None, seed: int) -> Labels:
    """Ward's hierarchical clustering (1963), on at most 10,000 people."""
    if len(matrix) > WARD_AT_MOST:
        raise UserError(
            f"Ward's method would need too much memory for {len(matrix):,} people.",
            f"Let it be fitted on at most {WARD_AT_MOST:,}, or choose kmeans.",
        )
    if n_clusters is not None:
        return _ward(matrix, min(n_clusters, len(matrix)))
    return _best(matrix, lambda k: _ward(matrix, k), seed)


def _kmeans(matrix: Matrix, k: int, seed: int) -> Labels:
    if k < 2 or len(np.unique(matrix, axis=0)) < k:
        return _distinct(matrix, k)
    model = KMeans(k, n_init=4, random_state=seed).fit(matrix)
    return np.asarray(model.labels_, dtype=np.int32)


def _ward(matrix: Matrix, k: int) -> Labels:
    if k < 2 or len(matrix) < 3:
        return np.zeros(len(matrix), dtype=np.int32)
    return np.asarray(AgglomerativeClustering(k).fit_predict(matrix), dtype=np.int32)


def _distinct(matrix: Matrix, k: int) -> Labels:
    """With fewer different rows than clusters, alike rows are a cluster."""
    if k < 2:
        return np.zeros(len(matrix), dtype=np.int32)
    _, labels = np.unique(matrix, axis=0, return_inverse=True)
    return labels.reshape(-1).astype(np.int32)


def _best(matrix: Matrix, fit: object, seed: int) -> Labels:
    """Try each number of clusters and keep the one of the largest silhouette (Rousseeuw 1987)."""
    assert callable(fit)
    best, score = np.zeros(len(matrix), dtype=np.int32), -np.inf
    for k in CANDIDATES:
        if k >= len(matrix):
            break
        labels: Labels = fit(k)
        if len(np.unique(labels)) < 2:
            break
        found = silhouette(matrix, labels, seed)
        if found > score:
            best, score = labels, found
    return best


def silhouette(matrix: Matrix, labels: Labels, seed: int) -> float:
    """Mean silhouette of a sample of at most 2,000."""
    rows = np.random.default_rng(seed).permutation(len(matrix))[:SILHOUETTE_SAMPLE]
    if not 2 <= len(np.unique(labels[rows])) < len(rows):
        return -1.0
    return float(silhouette_score(matrix[rows], labels[rows]))
