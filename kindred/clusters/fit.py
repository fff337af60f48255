"""From a feature matrix to a map and clusters for everybody, however many they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from kindred.clusters.density import find_dense, majority
from kindred.clusters.neighbours import Neighbours
from kindred.clusters.partition import WARD_AT_MOST, find_centres, find_merged
from kindred.clusters.projection import project
from kindred.clusters.settings import ClusterSettings, Method

Matrix = NDArray[np.float32]
Labels = NDArray[np.int32]
Progress = Callable[[float, str], None]

CARRIERS = 5  # nearest fitted people who say where somebody belongs
BLOCK = 100_000


@dataclass(frozen=True)
class MapFit:
    """A map of N people and their clusters.

    Parameters
    ----------
    plane : ndarray, shape (N, 2), float32
    labels : ndarray, shape (N,), int32
        0 … k−1 by falling size; −1 is noise.
    fitted : ndarray, shape (n,), int64
        Rows on which it was fitted; all others were carried over.
    chosen : dict
        What was chosen from the data.
    """

    plane: Matrix
    labels: Labels
    fitted: NDArray[np.int64]
    chosen: dict[str, Any]


def fit_map(matrix: Matrix, settings: ClusterSettings, progress: Progress) -> MapFit:
    """Fit on everybody, or on a stratified sample past ``settings.fit_on_all_up_to``.

    Parameters
    ----------
    matrix : ndarray, shape (N, F), float32
        Imputed and scaled; finite.

    Notes
    -----
    Time grows with n log n of those fitted on and with N of those carried over; memory with N · F.
    """
    if matrix.size == 0 or not np.any(matrix != matrix[0]):  # nobody differs: one crowd
        empty = np.zeros((len(matrix), 2), dtype=np.float32)
        labels = np.zeros(len(matrix), dtype=np.int32)
        return MapFit(empty, labels, np.arange(len(matrix)), {})
    rows = fitted_rows(matrix, settings)
    part = matrix[rows]
    progress(0.05, "finding neighbours")
    neighbours = Neighbours(part, settings.neighbours)
    progress(0.2, "projecting")
    plane = project(part, neighbours, settings.seed)
    progress(0.6, "finding clusters")
    labels, chosen = _cluster(part, plane, settings)
    labels = by_size(labels)
    if len(rows) == len(matrix):
        return MapFit(plane, labels, rows, chosen)
    progress(0.7, "carrying everyone over")
    plane, labels = _carry(matrix, rows, plane, labels, neighbours, progress)
    return MapFit(plane, by_size(labels), rows, chosen)


def fitted_rows(matrix: Matrix, settings: ClusterSettings) -> NDArray[np.int64]:
    """Choose whom to fit on: everybody, or a sample stratified over the principal plane.

    The plane is cut into 10 × 10 cells of equal marginal counts; each gives in proportion, so that
    small far-off groups are neither lost nor blown up by chance.
    """
    size = settings.sample_size
    if settings.method is Method.WARD:
        size = min(size, WARD_AT_MOST)
        if len(matrix) <= WARD_AT_MOST:
            return np.arange(len(matrix))
    elif len(matrix) <= settings.fit_on_all_up_to:
        return np.arange(len(matrix))
    rng = np.random.default_rng(settings.seed)
    model = PCA(n_components=min(2, matrix.shape[1]), random_state=settings.seed)
    model.fit(matrix[rng.integers(0, len(matrix), 50_000)])
    plane = model.transform(matrix)
    cell = np.zeros(len(matrix), dtype=np.int64)
    for axis in plane.T:
        cell = cell * 10 + np.searchsorted(np.quantile(axis, np.arange(0.1, 1.0, 0.1)), axis)
    # Systematic sampling along the strata: each gives its share, rounded by one at the most.
    order = np.lexsort((rng.random(len(matrix)), cell))
    start = rng.random()
    picks = ((np.arange(size) + start) * len(matrix) / size).astype(np.int64)
    return np.sort(order[picks])


def by_size(labels: Labels) -> Labels:
    """Number clusters by falling size; noise stays −1."""
    if not (labels >= 0).any():
        return labels
    sizes = np.bincount(labels[labels >= 0])
    order = np.argsort(-sizes, kind="stable")
    new = np.empty(len(sizes) + 1, dtype=np.int32)
    new[order] = np.arange(len(sizes), dtype=np.int32)
    new[-1] = -1
    return new[labels]


def _cluster(
    part: Matrix, plane: Matrix, settings: ClusterSettings
) -> tuple[Labels, dict[str, Any]]:
    if settings.method is Method.KMEANS:
        labels = find_centres(part, settings.n_clusters, settings.seed)
        return labels, {"n_clusters": len(np.unique(labels))}
    if settings.method is Method.WARD:
        labels = find_merged(part, settings.n_clusters, settings.seed)
        return labels, {"n_clusters": len(np.unique(labels))}
    dense = find_dense(plane, settings.min_cluster_size)
    return dense.labels, {
        "min_cluster_size": dense.min_cluster_size,
        "selection": dense.selection,
        "core_noise": dense.core_noise,
        "validity": dense.validity,
    }


def _carry(
    matrix: Matrix,
    rows: NDArray[np.int64],
    plane: Matrix,
    labels: Labels,
    neighbours: Neighbours,
    progress: Progress,
) -> tuple[Matrix, Labels]:
    """Place everybody by their nearest fitted people: mean place, most frequent cluster."""
    everyone = np.empty((len(matrix), 2), dtype=np.float32)
    carried = np.empty(len(matrix), dtype=np.int32)
    clusters = int(labels.max()) + 1
    for start in range(0, len(matrix), BLOCK):
        part = slice(start, min(start + BLOCK, len(matrix)))
        ids, distances = neighbours.query(matrix[part], CARRIERS)
        carried[part], _ = majority(labels[ids], clusters)
        everyone[part] = _mean_place(plane[ids], distances)
        progress(0.7 + 0.3 * part.stop / len(matrix), f"{part.stop:,} people placed")
    everyone[rows], carried[rows] = plane, labels
    return everyone, carried


def _mean_place(places: Matrix, distances: Matrix) -> Matrix:
    """Average the places of neighbours that lie together; one far off on the map has no say."""
    weights = 1.0 / (distances + 1e-6)
    nearest = places[:, :1]
    apart = np.linalg.norm(places - nearest, axis=2)
    weights = weights * (apart <= 2 * np.median(apart, axis=1, keepdims=True) + 1e-9)
    total: Matrix = (places * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1)[:, None]
    return total
