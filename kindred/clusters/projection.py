"""The map: UMAP to two dimensions, from neighbours that are known already."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from umap import UMAP

from kindred.clusters.neighbours import Neighbours

Matrix = NDArray[np.float32]
SMALLEST = 8  # below, there is no neighbourhood to keep


def project(matrix: Matrix, neighbours: Neighbours, seed: int) -> Matrix:
    """Place people on the plane so that neighbours stay neighbours.

    McInnes, Healy & Melville (2018), *UMAP: Uniform manifold approximation and projection for
    dimension reduction*. One thread and a fixed seed: the same data gives the same map.

    Parameters
    ----------
    matrix : ndarray, shape (n, F), float32

    Returns
    -------
    ndarray, shape (n, 2), float32
    """
    if len(matrix) < SMALLEST:
        return _principal_plane(matrix, seed)
    large = len(matrix) > 10_000
    k = min(neighbours.k, len(matrix) - 1)
    reducer: Any = UMAP(
        n_neighbors=k,
        min_dist=0.0,
        n_epochs=100 if large else 400,
        init=_start(matrix, seed),
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(neighbours.ids[:, :k], neighbours.distances[:, :k], None),
    )
    with warnings.catch_warnings():
        # No search index comes along: it would serve UMAP's `transform`, which is not used.
        warnings.filterwarnings("ignore", message="precomputed_knn", category=UserWarning)
        placed: Matrix = reducer.fit_transform(matrix)
    return placed.astype(np.float32)


def _start(matrix: Matrix, seed: int) -> Matrix:
    """Begin with the principal plane: no eigenvectors of the graph, and stable under new people."""
    plane = _principal_plane(matrix, seed)
    spread = np.abs(plane).max()
    if spread > 0:
        plane = plane * (10.0 / spread)
    jitter = np.random.default_rng(seed).normal(scale=1e-4, size=plane.shape)
    return (plane + jitter).astype(np.float32)


def _principal_plane(matrix: Matrix, seed: int) -> Matrix:
    wide = np.zeros((len(matrix), max(2, matrix.shape[1])), dtype=np.float32)
    wide[:, : matrix.shape[1]] = matrix
    if len(matrix) < 2 or not np.any(wide.std(axis=0) > 0):
        return np.zeros((len(matrix), 2), dtype=np.float32)
    k = min(2, *wide.shape)
    plane = np.zeros((len(matrix), 2), dtype=np.float32)
    plane[:, :k] = PCA(n_components=k, random_state=seed).fit_transform(wide)
    return plane
