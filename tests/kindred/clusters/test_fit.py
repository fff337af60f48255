"""The map and its clusters: what holds for every method, and at the edges."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from kindred.clusters.fit import MapFit, by_size, fit_map, fitted_rows
from kindred.clusters.settings import ClusterSettings, Method
from kindred.errors import UserError

pytestmark = pytest.mark.slow  # UMAP compiles itself for half a minute

Matrix = NDArray[np.float32]


def blobs(n: int, k: int = 5, width: int = 6, seed: int = 3) -> tuple[Matrix, NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, width)) * 4
    truth = rng.integers(0, k, n)
    return (centres[truth] + rng.normal(size=(n, width))).astype(np.float32), truth


def fit(matrix: Matrix, **settings: object) -> MapFit:
    return fit_map(matrix, ClusterSettings(**settings), lambda _share, _text: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", list(Method))
def test_every_method_finds_clear_blobs_and_numbers_them_by_size(method: Method) -> None:
    matrix, truth = blobs(900)
    found = fit(matrix, method=method)
    assert adjusted_rand_score(truth, found.labels) > 0.95
    sizes = np.bincount(found.labels[found.labels >= 0])
    assert list(sizes) == sorted(sizes, reverse=True)
    assert np.isfinite(found.plane).all()
    assert found.plane.shape == (900, 2)


@pytest.mark.parametrize("method", [Method.KMEANS, Method.WARD])
def test_the_number_of_clusters_can_be_said(method: Method) -> None:
    matrix, _ = blobs(300)
    assert set(fit(matrix, method=method, n_clusters=7).labels) == set(range(7))


def test_the_same_people_give_the_same_map() -> None:
    matrix, _ = blobs(400)
    one, other = fit(matrix), fit(matrix)
    assert np.array_equal(one.plane, other.plane)
    assert np.array_equal(one.labels, other.labels)


def test_the_same_people_give_the_same_map_in_another_process() -> None:
    program = """
import hashlib, numpy as np
from tests.kindred.clusters.test_fit import blobs, fit
found = fit(blobs(400)[0])
print(hashlib.sha256(found.plane.tobytes() + found.labels.tobytes()).hexdigest())
"""
    outputs = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    }
    assert len(outputs) == 1


def test_most_people_are_carried_over_from_a_sample() -> None:
    matrix, truth = blobs(8_000)
    found = fit(matrix, fit_on_all_up_to=2_000, sample_size=1_500)
    assert len(found.fitted) == 1_500
    assert adjusted_rand_score(truth, found.labels) > 0.95
    assert np.isfinite(found.plane).all()


def test_a_sample_keeps_small_far_off_groups_in_proportion() -> None:
    rng = np.random.default_rng(5)
    crowd = rng.normal(size=(9_900, 4))
    few = rng.normal(size=(100, 4)) + 30
    matrix = np.concatenate([crowd, few]).astype(np.float32)
    rows = fitted_rows(matrix, ClusterSettings(fit_on_all_up_to=5_000, sample_size=1_000))
    assert len(rows) == len(set(rows.tolist())) == 1_000
    assert 5 <= (rows >= 9_900).sum() <= 15


@pytest.mark.parametrize("people", [0, 1, 2, 3, 7, 12])
@pytest.mark.parametrize("method", list(Method))
def test_a_handful_of_people_is_placed_without_a_fuss(people: int, method: Method) -> None:
    matrix, _ = blobs(people) if people else (np.empty((0, 6), np.float32), None)
    found = fit(matrix, method=method)
    assert found.plane.shape == (people, 2)
    assert np.isfinite(found.plane).all()
    assert len(found.labels) == people


@pytest.mark.parametrize("method", list(Method))
def test_people_who_are_all_alike_are_one_cluster(method: Method) -> None:
    found = fit(np.ones((200, 4), np.float32), method=method)
    assert np.isfinite(found.plane).all()
    assert set(found.labels) <= {-1, 0}


def test_people_without_features_have_a_place_all_the_same() -> None:
    found = fit(np.empty((10, 0), np.float32))
    assert found.plane.shape == (10, 2)


def test_numbering_by_size_leaves_noise_alone() -> None:
    labels = np.array([2, 2, 2, 0, -1, 1, 1], dtype=np.int32)
    assert by_size(labels).tolist() == [0, 0, 0, 2, -1, 1, 1]


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UserError, match="2 to 200"):
        ClusterSettings(method=Method.KMEANS, n_clusters=1)
    with pytest.raises(UserError, match="by itself"):
        ClusterSettings(n_clusters=4)
    with pytest.raises(UserError, match="no setting colour"):
        ClusterSettings.from_params({"colour": "red"})
    with pytest.raises(UserError, match="no method"):
        ClusterSettings.from_params({"method": "guess"})
