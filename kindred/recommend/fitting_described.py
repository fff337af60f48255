"""The second LightFM of the hybrid: items that nobody dealt with yet, by their descriptions alone.

An item is its whole description as one feature ("grocery, fruit, bananas, private label"); where no
other item shares that, it is the parts of it. It has no number of its own. A person is what they
dealt with, described in the same way: whoever bought such things before may want the new one. A
feature counts less the more items have it, by the square root.

Known people are all that they dealt with, since a description that they seldom met still says
whether they want it; somebody new is folded in by the weightiest of it, as in the first model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.fitting import Features, one_hot
from kindred.recommend.lessons import Lesson
from kindred.recommend.pasts import FEW, started
from kindred.recommend.warp import QUIET, Settings, Start, Trained, train

WHOLE: Final = "whole description"
SETTINGS: Final = Settings(factors=256, epochs=1, alpha=0.0, learning_rate=0.0001)
MOST_PAIRS: Final = 20_000  # of a person and a kind of item, that training goes through
_MOST_WHOLES: Final = 20_000
_MOST_VALUES: Final = 2_000
_LEAST_ITEMS: Final = 2  # that share it, for a feature to tell something of a new item
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Described:
    """Vectors of people, their pasts and items, in numbers of their own, and items' biases."""

    people: Vectors
    pasts: Vectors
    items: Vectors
    bias: Vectors


def fit_described(
    matrix: sparse.csr_array,
    item_features: Features,
    lessons: Sequence[Lesson],
    *,
    settings: Settings = SETTINGS,
    seed: int = 1,
) -> Described | None:
    """Fit vectors of what describes items; none where nothing does.

    Raises
    ------
    UserError
        It diverged or collapsed.
    """
    features = description(item_features, matrix.shape[1])
    known = np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0
    told = known & (np.diff(features.indptr) > 0)
    if not told.any():
        return None
    kinds, kind_of = _kinds(features)
    wanted = sparse.csr_array(sparse.vstack([lesson.wanted for lesson in lessons]) @ kind_of)
    if not wanted.nnz:
        return None
    wanted = _some(wanted, seed)
    spoken = sparse.csr_array(features @ sparse.diags_array(_rareness(features)))
    people = matrix.shape[0]
    users = [_users(people, lesson.before, spoken) for lesson in lessons]
    rng, (count, width) = np.random.default_rng(seed), (people, features.shape[1])
    start_users, start_items = (
        rng.uniform(-0.5, 0.5, (n, settings.factors)) * QUIET / settings.factors
        for n in (count + width, width)
    )
    vectors = started(sparse.csr_array(_strengths(matrix) @ spoken), settings.factors, seed)
    start_users[count:, : vectors.shape[1]] = start_items[:, : vectors.shape[1]] = vectors
    start = Start(start_users.astype(np.float32), start_items.astype(np.float32))
    stacked = sparse.csr_array(sparse.vstack(users))
    found = train("hybrid, new items", stacked, kinds, wanted, settings, start)
    return _vectors(found, matrix, features, spoken)


def description(item_features: Features, n: int) -> sparse.csr_array:
    """Code what describes each of n items: its whole description, else each part of it."""
    parts, _ = one_hot(item_features, n, most=_MOST_VALUES, least=_LEAST_ITEMS)
    whole = np.full(n, None, dtype=object)
    for values in item_features.values():
        for place in np.flatnonzero(np.array([isinstance(value, str) for value in values])):
            whole[place] = f"{whole[place] or ''}|{values[place]}"
    coded, _ = one_hot({WHOLE: whole}, n, most=_MOST_WHOLES, least=_LEAST_ITEMS)
    alone = (np.diff(coded.indptr) == 0).astype(np.float32)
    return sparse.csr_array(sparse.hstack([coded, sparse.diags_array(alone) @ parts]))


def _kinds(features: sparse.csr_array) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Take items that are described alike as one: kinds, shape (K, F), and whose, shape (I, K)."""
    keys = [
        features.indices[features.indptr[row] : features.indptr[row + 1]].tobytes()
        for row in range(features.shape[0])
    ]
    first: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    number = {key: place for place, key in enumerate(first)}
    kind = np.array([number[key] for key in keys], dtype=np.int64)
    ones = np.ones(len(keys), dtype=np.float32)
    kind_of = sparse.csr_array((ones, (np.arange(len(keys)), kind)), (len(keys), len(first)))
    return sparse.csr_array(features[list(first.values())]), kind_of


def _rareness(features: sparse.csr_array) -> NDArray[np.float32]:
    items = np.asarray(features.sum(axis=0)).ravel()
    return np.asarray(1.0 / np.sqrt(np.maximum(items, 1.0)), dtype=np.float32)


def _users(people: int, before: sparse.csr_array, spoken: sparse.csr_array) -> sparse.csr_array:
    own = sparse.eye_array(people, dtype=np.float32)
    return sparse.csr_array(sparse.hstack([own, _whole_rows(before) @ spoken]))


def _strengths(histories: sparse.csr_array) -> sparse.csr_array:
    """Give the logarithm of how much each dealt with what."""
    found = sparse.csr_array(histories, dtype=np.float32)
    found.data = np.log1p(found.data)
    return found


def _whole_rows(histories: sparse.csr_array) -> sparse.csr_array:
    """Give each history to length 1, as ``pasts.recalled`` does, but of all its items."""
    strengths = _strengths(histories)
    length = np.sqrt(np.asarray(strengths.power(2).sum(axis=1)).ravel() + FEW)
    return sparse.csr_array(sparse.diags_array(1.0 / length).astype(np.float32) @ strengths)


def _some(wanted: sparse.csr_array, seed: int) -> sparse.csr_array:
    """Draw pairs to train on, each counting the same: the start is good, and the pairs are many."""
    pairs = sparse.coo_array(wanted)
    drawn = np.random.default_rng(seed).permutation(pairs.nnz)[:MOST_PAIRS]
    ones = np.ones(len(drawn), dtype=np.float32)
    return sparse.csr_array((ones, (pairs.row[drawn], pairs.col[drawn])), shape=pairs.shape)


def _vectors(
    found: Trained, matrix: sparse.csr_array, features: sparse.csr_array, spoken: sparse.csr_array
) -> Described:
    """Sum up vectors; people without a history are left without noise of their own."""
    own = found.users[: matrix.shape[0]].copy()
    own[np.diff(matrix.indptr) == 0] = 0.0
    pasts = np.asarray(spoken @ found.users[matrix.shape[0] :], dtype=np.float32)
    people = np.asarray(own + _whole_rows(matrix) @ pasts, dtype=np.float32)
    items: NDArray[Any] = np.asarray(features @ found.items, dtype=np.float32)
    return Described(people, pasts, items, np.asarray(features @ found.biases, dtype=np.float32))
