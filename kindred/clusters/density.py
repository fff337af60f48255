"""Clusters by density on the map, with the density chosen from the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from hdbscan import HDBSCAN
from numpy.typing import NDArray

from kindred.clusters.neighbours import Neighbours

Labels = NDArray[np.int32]
Matrix = NDArray[np.float32]

SHARES: Final = (0.02, 0.03, 0.04)  # candidate smallest clusters, of those fitted on
READABLE: Final = 12  # more clusters than colours are hard to tell apart and to remember
MIN_SAMPLES: Final = 5
VOTERS: Final = 15


@dataclass(frozen=True)
class DensityFit:
    """Labels and how they were chosen.

    Parameters
    ----------
    labels : ndarray, shape (n,), int32
        −1 is noise.
    core_noise : float
        Share that HDBSCAN itself called noise, before people beside a cluster joined it.
    validity : float
        DBCV's fast approximation on the core labels, −1 … 1.
    """

    labels: Labels
    min_cluster_size: int
    selection: str
    core_noise: float
    validity: float


def find_dense(plane: Matrix, min_cluster_size: int | None) -> DensityFit:
    """Cluster the plane by HDBSCAN, and let people beside a cluster join it.

    Campello, Moulavi & Sander (2013), *Density-based clustering based on hierarchical density
    estimates*. Without `min_cluster_size`, shares of 2–4 % and both ways of cutting the tree are
    tried; the best has the largest validity (DBCV, Moulavi et al. 2014) times share of people in
    clusters, less where clusters outnumber what a palette can tell apart.
    """
    n = len(plane)
    if n < 2 * MIN_SAMPLES:
        return DensityFit(np.zeros(n, dtype=np.int32), n, "eom", 0.0, 0.0)
    if min_cluster_size is not None:
        best = _fit(plane, min(min_cluster_size, n), "eom")
    else:
        sizes = sorted({max(MIN_SAMPLES, round(share * n)) for share in SHARES})
        fits = [_fit(plane, size, way) for size in sizes for way in ("eom", "leaf")]
        best = max(fits, key=_score)
    joined = _join(plane, best.labels)
    return DensityFit(joined, best.min_cluster_size, best.selection, best.core_noise, best.validity)


def _fit(plane: Matrix, size: int, selection: str) -> DensityFit:
    model = HDBSCAN(
        min_cluster_size=size,
        min_samples=min(MIN_SAMPLES, len(plane) - 1),
        cluster_selection_method=selection,
        gen_min_span_tree=True,
        core_dist_n_jobs=1,
    ).fit(plane.astype(np.float64))
    labels = np.asarray(model.labels_, dtype=np.int32)
    found = int(labels.max()) + 1
    if found == 0:  # one crowd without a denser part is one cluster, not noise
        return DensityFit(np.zeros(len(plane), dtype=np.int32), size, selection, 1.0, 0.0)
    validity = float(model.relative_validity_) if found > 1 else 0.0
    noise = float((labels < 0).mean())
    return DensityFit(labels, size, selection, noise, validity if math.isfinite(validity) else 0.0)


def _score(fit: DensityFit) -> tuple[float, int]:
    clusters = int(fit.labels.max()) + 1
    sizes = np.bincount(fit.labels[fit.labels >= 0])
    if clusters < 3 or sizes.max() > 0.8 * len(fit.labels):  # says next to nothing
        return (-1.0, -clusters)
    readable = min(1.0, READABLE / clusters)
    return (fit.validity * (1 - fit.core_noise) * readable, -clusters)


def _join(plane: Matrix, labels: Labels) -> Labels:
    """Give noise to the cluster that most of its nearest clustered people belong to.

    Only where two thirds of them agree: who lies between clusters stays noise.
    """
    noise = labels < 0
    if not noise.any() or noise.all():
        return labels
    core = Neighbours(plane[~noise], 1)
    ids, _ = core.query(plane[noise], VOTERS)
    votes = labels[~noise][ids]
    winner, share = majority(votes, int(labels.max()) + 1)
    joined = labels.copy()
    joined[noise] = np.where(share >= 2 / 3, winner, -1)
    return joined


def majority(votes: Labels, clusters: int) -> tuple[Labels, NDArray[np.float32]]:
    """Count votes of shape (m, k); gives the most frequent label (noise is −1) and its share."""
    m, k = votes.shape
    counts = np.zeros((m, clusters + 1), dtype=np.int16)
    rows = np.arange(m)
    for column in range(k):
        counts[rows, votes[:, column]] += 1  # −1 counts in the last place
    winner = counts.argmax(axis=1).astype(np.int32)
    share = counts[rows, winner].astype(np.float32) / k
    return np.where(winner == clusters, -1, winner).astype(np.int32), share
