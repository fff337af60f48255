"""How good a map and its clusters are, each number on a stated sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from hdbscan.validity import validity_index
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

from kindred.clusters.fit import fit_map
from kindred.clusters.settings import ClusterSettings

Matrix = NDArray[np.float32]
Labels = NDArray[np.int32]

SAMPLE: Final = 5_000
SQUARE_SAMPLE: Final = 2_500  # of measures that compare everybody with everybody
BOOTSTRAPS: Final = 5
RESAMPLED: Final = 0.8


@dataclass(frozen=True)
class Measured:
    """A number and how many people it was measured on; none where it can't be had."""

    value: float | None
    sample: int

    def as_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {"value": self.value, "sample": self.sample}


def measure(
    matrix: Matrix,
    plane: Matrix,
    labels: Labels,
    settings: ClusterSettings,
    progress: Callable[[float, str], None],
) -> dict[str, Measured]:
    """Measure separation, density, faithfulness of the map, and stability.

    Silhouette (Rousseeuw 1987) and Davies–Bouldin (1979) on the map; DBCV (Moulavi et al. 2014) on
    the map; trustworthiness (Venna & Kaski 2001, 15 neighbours) of the map against the features;
    stability as the mean adjusted Rand index between this run and fits on random 80 % samples.
    """
    rng = np.random.default_rng(settings.seed)
    rows = np.sort(rng.permutation(len(labels))[:SAMPLE])
    few = np.sort(rng.permutation(len(labels))[:SQUARE_SAMPLE])
    noise = float((labels < 0).mean()) if len(labels) else None
    found = {"noise_share": Measured(noise, len(labels))}
    inside = rows[labels[rows] >= 0]
    progress(0.1, "separation")
    found["silhouette"] = _scored(silhouette_score, plane, labels, inside)
    found["davies_bouldin"] = _scored(davies_bouldin_score, plane, labels, inside)
    progress(0.3, "density")
    found["dbcv"] = _scored(_dbcv, plane, labels, few)
    progress(0.5, "faithfulness of the map")
    k = min(15, (len(few) - 1) // 2)
    faithful = float(trustworthiness(matrix[few], plane[few], n_neighbors=k)) if k >= 1 else None
    found["trustworthiness"] = Measured(faithful, len(few))
    found["stability"] = stability(matrix, labels, settings, progress)
    return found


def stability(
    matrix: Matrix,
    labels: Labels,
    settings: ClusterSettings,
    progress: Callable[[float, str], None],
) -> Measured:
    """Fit again on random 80 % of a sample, five times; mean adjusted Rand index with the run.

    Hubert & Arabie (1985); people whom either calls noise are compared as a group of their own.
    """
    rng = np.random.default_rng(settings.seed + 1)
    pool = rng.permutation(len(labels))[: int(SQUARE_SAMPLE / RESAMPLED)]
    if len(pool) < 50:
        return Measured(None, len(pool))
    scores = []
    for turn in range(BOOTSTRAPS):
        progress(0.6 + 0.4 * turn / BOOTSTRAPS, f"stability, fit {turn + 1} of {BOOTSTRAPS}")
        rows = np.sort(rng.permutation(pool)[: int(RESAMPLED * len(pool))])
        again = fit_map(matrix[rows], settings, lambda _share, _text: None)
        scores.append(adjusted_rand_score(labels[rows], again.labels))
    return Measured(float(np.mean(scores)), int(RESAMPLED * len(pool)))


def _scored(
    score: Callable[[Matrix, Labels], float], plane: Matrix, labels: Labels, rows: NDArray[np.intp]
) -> Measured:
    distinct = len(np.unique(labels[rows]))
    if not 2 <= distinct < len(rows):
        return Measured(None, len(rows))
    value = float(score(plane[rows], labels[rows]))
    return Measured(value if np.isfinite(value) else None, len(rows))


def _dbcv(plane: Matrix, labels: Labels) -> float:
    sizes = np.bincount(labels[labels >= 0])
    usable = np.isin(labels, np.flatnonzero(sizes >= 5)) | (labels < 0)
    with np.errstate(all="ignore"):  # twins on the map have no density; their share is tiny
        return float(validity_index(plane[usable].astype(np.float64), labels[usable]))
