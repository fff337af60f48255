"""Refine a blend's weights: small steps from the learned ones, each kept only where it helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend.blend import Pool
from kindred.recommend.metrics import ndcg

STEPS: Final = (0.5, 0.25, 0.1, 0.05, 0.02)
LEAST: Final = 0.002  # relative, that a step must add


def refined(given: Pool, weights: Mapping[str, float], *, k: int = 10) -> dict[str, float]:
    """Add a little of each model in turn, ever less, as long as the lists get better.

    Ensemble selection adds models in equal pieces, so that one which is far ahead stays alone; a
    twentieth of another may still break its ties well.
    """
    if not weights or not len(given.hit):
        return dict(weights)
    now = np.array([weights.get(name, 0.0) for name in given.names])
    parts = np.where(np.isneginf(given.parts), -1e9, given.parts).astype(np.float32)
    reached = _quality(parts, now, given, k)
    for step in STEPS:
        for place in range(len(now)):
            tried = now.copy()
            tried[place] += step
            quality = _quality(parts, tried, given, k)
            if quality > reached * (1 + LEAST):
                now, reached = tried, quality
    now = now / now.sum()
    order = np.argsort(-now, kind="stable")
    return {given.names[place]: float(now[place]) for place in order if now[place] > 0}


def _quality(
    parts: NDArray[np.float32], weights: NDArray[np.float64], given: Pool, k: int
) -> float:
    scores = np.tensordot(weights.astype(np.float32), parts, axes=1)
    width = min(k, scores.shape[1])
    line = np.arange(len(scores))[:, None]
    some = np.argpartition(-scores, width - 1, axis=1)[:, :width]
    shown = np.take_along_axis(some, np.argsort(-scores[line, some], axis=1), axis=1)
    hit = np.pad(given.hit[line, shown], ((0, 0), (0, k - width)))
    return float(np.nanmean(ndcg(hit, given.counts)))
