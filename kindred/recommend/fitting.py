"""Fit each kind of model on a matrix of who dealt with what; what is left is a form of arrays.

The libraries that fit are loaded inside the functions, since they take seconds to load.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend.forms import Content, Factors, Floats, Neighbours, Personal, Popular

Features = Mapping[str, NDArray[Any]]  # by trait or field; None where not known

SHRINK: Final = 50.0  # people of everybody that a group's popularity is mixed with
STRENGTH: Final = 10.0  # of an interaction of weight 1 against none
FOLD_IN: Final = 1.0  # ridge of folding in
_WORD: Final = r"[^\s/,;:()]+"
_MOST_VALUES: Final = 60  # of a trait that is a feature


def fit_popular(matrix: sparse.csr_array, features: Features) -> Popular:
    """Count each item's people, in all and per group, small groups shrunk to everybody's."""
    once = _once(matrix)
    people = max(matrix.shape[0], 1)
    everybody = np.asarray(once.sum(axis=0), dtype=np.float32).ravel() / people
    names, groups = [], []
    for trait, values in features.items():
        for value in _values(values):
            mine = np.flatnonzero(values == value)
            own = np.asarray(once[mine].sum(axis=0)).ravel()
            names.append(f"{trait}={value}")
            groups.append((own + SHRINK * everybody) / (len(mine) + SHRINK))
    rows = np.asarray(groups, dtype=np.float32) if groups else np.empty((0, matrix.shape[1]))
    return Popular(everybody, rows.astype(np.float32), tuple(names))


def fit_personal(matrix: sparse.csr_array) -> Personal:
    """Nothing is fitted: the history itself is the model."""
    return Personal(matrix.shape[1])


def fit_neighbours(
    matrix: sparse.csr_array, *, least: int = 8, keep: int = 60, threads: int = 2
) -> Neighbours:
    """Find, for each item with at least `least` people, the items that go with it by cosine."""
    from implicit.nearest_neighbours import CosineRecommender  # noqa: PLC0415

    once = _once(matrix)
    often = np.flatnonzero(np.asarray(once.sum(axis=0)).ravel() >= least)
    shape = (matrix.shape[1], matrix.shape[1])
    if not len(often):
        return Neighbours(sparse.csr_array(shape, dtype=np.float32))
    model = CosineRecommender(K=keep + 1, num_threads=threads)
    with warnings.catch_warnings():
        # It hands itself a matrix of the kind that it then warns of.
        warnings.simplefilter("ignore")
        model.fit(sparse.csr_matrix(once[:, often]).astype(np.float64), show_progress=False)
    found = sparse.coo_array(model.similarity)
    apart = found.row != found.col
    rows, columns = often[found.row[apart]], often[found.col[apart]]
    weights = found.data[apart].astype(np.float32)
    return Neighbours(sparse.csr_array((weights, (rows, columns)), shape=shape))


def fit_factors(
    matrix: sparse.csr_array,
    *,
    factors: int = 64,
    regularization: float = 20.0,
    strength: float = STRENGTH,
    iterations: int = 10,
    seed: int = 1,
    threads: int = 2,
) -> Factors:
    """Factorise by implicit alternating least squares; one thread a BLAS call.

    Parameters
    ----------
    strength : float
        How much an interaction of weight 1 counts more than none; folding in takes the same.

    Raises
    ------
    UserError
        It diverged: a vector is not finite.
    """
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    counted = sparse.csr_matrix(matrix, dtype=np.float32)
    counted.data = (1.0 + strength * np.log1p(counted.data)).astype(np.float32)
    settings = {"factors": factors, "regularization": regularization, "iterations": iterations}
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(**settings, random_state=seed, num_threads=threads)
        model.fit(counted, show_progress=False)
    people, items = np.asarray(model.user_factors), np.asarray(model.item_factors)
    require_finite("factors", people, items)
    return factors_form(
        people, items, np.zeros(len(items), np.float32), regularization, strength=strength
    )


def fit_content(item_features: Features, names: NDArray[Any]) -> Content:
    """Describe items by the words of their names and their metadata, weighed by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415

    texts = []
    for place, name in enumerate(names):
        parts = [str(name or "").lower()]
        parts += [
            f"{field}={str(values[place]).replace(' ', '_').lower()}"
            for field, values in item_features.items()
            if values[place] is not None
        ]
        texts.append(" ".join(parts))
    if not any(text.strip() for text in texts):
        return Content(sparse.csr_array((len(texts), 1), dtype=np.float32))
    made = TfidfVectorizer(token_pattern=_WORD, min_df=2, dtype=np.float32)
    try:
        rows = made.fit_transform(texts)
    except ValueError:  # no word stands twice
        return Content(sparse.csr_array((len(texts), 1), dtype=np.float32))
    return Content(sparse.csr_array(rows), tuple(made.get_feature_names_out()))


def one_hot(
    features: Features, n: int, *, most: int = _MOST_VALUES, least: int = 1
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Code features as columns ``name=value``, those values that most have; rows of n.

    Parameters
    ----------
    most : int
        Values of a feature that get a column.
    least : int
        Rows that a value must have for one: what only one has tells nothing of others.
    """
    rows: list[NDArray[np.int64]] = []
    places: list[NDArray[np.int64]] = []
    names: list[str] = []
    for name, values in features.items():
        chosen = _values(values, most, least)
        place = {value: len(names) + number for number, value in enumerate(chosen)}
        found = np.array([place.get(value, -1) for value in values], dtype=np.int64)
        known = np.flatnonzero(found >= 0)
        rows.append(known)
        places.append(found[known])
        names += [f"{name}={value}" for value in chosen]
    together = np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)
    columns = np.concatenate(places) if places else np.empty(0, dtype=np.int64)
    ones = np.ones(len(together), np.float32)
    coded = sparse.csr_array((ones, (together, columns)), shape=(n, len(names)))
    return coded, tuple(names)


def require_finite(model: str, *arrays: Floats) -> None:
    """Refuse a model that diverged."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise UserError(
            f"The model “{model}” diverged: some of its numbers are not finite.",
            "Lower its learning rate or raise its regularisation.",
        )


def factors_form(
    people: Floats,
    items: Floats,
    bias: Floats,
    ridge: float,
    *,
    strength: float = STRENGTH,
    features: Floats | None = None,
    names: Sequence[str] = (),
) -> Factors:
    """Keep vectors as a form, with the system by which somebody new is folded in."""
    wide = np.asarray(items, dtype=np.float64)
    d = wide.shape[1]
    return Factors(
        people=np.asarray(people, dtype=np.float32),
        items=np.asarray(items, dtype=np.float32),
        bias=np.asarray(bias, dtype=np.float32),
        gram=wide.T @ wide + ridge * np.eye(d),
        features=np.empty((0, d), np.float32) if features is None else features,
        names=tuple(names),
        strength=strength,
    )


def _once(matrix: sparse.csr_array) -> sparse.csr_array:
    ones = matrix.copy()
    ones.data = np.ones_like(ones.data, dtype=np.float32)
    return ones


def _values(values: NDArray[Any], most: int = _MOST_VALUES, least: int = 1) -> list[str]:
    """List a feature's values, the most frequent first, no more than are worth a column."""
    counts: dict[str, int] = {}
    for value in values:
        if isinstance(value, str) and value:
            counts[value] = counts.get(value, 0) + 1
    ranked = sorted(counts, key=lambda value: (-counts[value], value))[:most]
    return [value for value in ranked if counts[value] >= least]
