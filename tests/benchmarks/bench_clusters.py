"""Map and clusters for a million people, against UMAP and HDBSCAN fitted on all of them.

Each fit runs in a fresh process, from start to end: imports and JIT count. Fitting on everybody is
timed at 100,000 and 200,000 and carried on to a million along the power law through both, and, more
kindly to the peer, in proportion. Run as ``python -m tests.benchmarks.bench_clusters``.
"""

from __future__ import annotations

import argparse
import json
import math

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.child import Spent, spend

FEATURES, BLOBS, APART = 20, 15, 1.35
ME = "tests.benchmarks.bench_clusters"


def blobs(n: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw 15 overlapping blobs in 20 dimensions."""
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(BLOBS, FEATURES)) * APART
    truth = rng.integers(0, BLOBS, n)
    matrix = np.empty((n, FEATURES), np.float32)
    for start in range(0, n, 100_000):
        part = truth[start : start + 100_000]
        matrix[start : start + 100_000] = centres[part] + rng.normal(size=(len(part), FEATURES))
    return matrix, truth


def ours(n: int) -> float:
    """Fit as the job does; adjusted Rand index with the truth."""
    from sklearn.metrics import adjusted_rand_score

    from kindred.clusters.fit import fit_map
    from kindred.clusters.settings import ClusterSettings

    matrix, truth = blobs(n)
    found = fit_map(matrix, ClusterSettings(), lambda _share, _text: None)
    return float(adjusted_rand_score(truth, found.labels))


def peer(n: int) -> float:
    """Fit UMAP, at its defaults and on all cores, and HDBSCAN on everybody."""
    from hdbscan import HDBSCAN
    from sklearn.metrics import adjusted_rand_score
    from umap import UMAP

    matrix, truth = blobs(n)
    plane = UMAP(min_dist=0.0).fit_transform(matrix)
    labels = HDBSCAN(min_cluster_size=n // 100, min_samples=5).fit_predict(plane)
    return float(adjusted_rand_score(truth, labels))


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--child", choices=["ours", "peer"])
    arguments.add_argument("--people", type=int, default=1_000_000)
    given = arguments.parse_args()
    if given.child:
        score = ours(given.people) if given.child == "ours" else peer(given.people)
        print(json.dumps({"ari": score}))
        return
    million = spend(ME, "--child", "ours", "--people", str(given.people))
    small, large = (spend(ME, "--child", "peer", "--people", str(n)) for n in (100_000, 200_000))
    power = math.log(large.seconds / small.seconds) / math.log(2)
    ratio = given.people / 200_000
    lawful, proportional = large.seconds * ratio**power, large.seconds * ratio
    _table(given.people, million, small, large)
    print(f"UMAP + HDBSCAN on all {given.people:,}, carried on by n^{power:.2f}: {lawful:,.0f} s, "
          f"{lawful / million.seconds:.1f}× ours; in proportion: {proportional:,.0f} s, "
          f"{proportional / million.seconds:.1f}× ours")  # fmt: skip


def _table(people: int, million: Spent, small: Spent, large: Spent) -> None:
    print("| fit | people | seconds | peak GiB | ARI |\n|---|---|---|---|---|")
    for name, n, spent in (
        ("Kindred", people, million),
        ("UMAP + HDBSCAN on all", 100_000, small),
        ("UMAP + HDBSCAN on all", 200_000, large),
    ):
        found = spent.result["ari"]
        print(f"| {name} | {n:,} | {spent.seconds:.1f} | {spent.peak:.2f} | {found:.3f} |")


if __name__ == "__main__":
    main()
