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
_MOST_ITEM_VALUES: Final = 2_000  # of a field that describes items: what new ones are known by
_LEAST_ITEMS: Final = 3  # that share a value, for it to be learned from


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


def fit_hybrid(
    matrix: sparse.csr_array,
    person_features: Features,
    item_features: Features,
    *,
    factors: int = 32,
    epochs: int = 6,
    alpha: float = 1e-5,
    learning_rate: float = 0.05,
    seed: int = 1,
    threads: int = 1,
) -> Factors:
    """Fit vectors of people, items and their features together, by LightFM's WARP loss.

    Identity features are kept, else known people would be described by their features alone.
    What somebody dealt with more counts more, by its logarithm. One thread makes it reproducible.

    Raises
    ------
    UserError
        It diverged: a vector is not finite.
    """
    from lightfm import LightFM  # noqa: PLC0415

    people, person_names = one_hot(person_features, matrix.shape[0])
    items, _ = one_hot(item_features, matrix.shape[1], most=_MOST_ITEM_VALUES, least=_LEAST_ITEMS)
    own, things = _with_identity(people), _with_identity(items)
    seen = sparse.coo_matrix(_once(matrix), dtype=np.float32)
    seen = sparse.coo_matrix(
        (seen.data, (seen.row.astype(np.int32), seen.col.astype(np.int32))), shape=seen.shape
    )
    model = LightFM(
        no_components=factors,
        loss="warp",
        learning_rate=learning_rate,
        user_alpha=alpha,
        item_alpha=alpha,
        random_state=seed,
    )
    strengths = np.log1p(matrix.tocoo().data)
    mean = float(strengths.mean()) if len(strengths) else 1.0
    weights = sparse.coo_matrix(
        ((strengths / mean).astype(np.float32), (seen.row, seen.col)), shape=seen.shape
    )
    model.fit(
        seen,
        user_features=own,
        item_features=things,
        sample_weight=weights,
        epochs=epochs,
        num_threads=threads,
    )
    untrained_people = np.flatnonzero(np.diff(matrix.indptr) == 0)
    untrained_items = np.flatnonzero(np.bincount(matrix.indices, minlength=matrix.shape[1]) == 0)
    vectors, item_vectors = np.array(model.user_embeddings), np.array(model.item_embeddings)
    biases = np.array(model.item_biases)
    # What was never trained is noise: only features speak for those who are new.
    vectors[untrained_people], item_vectors[untrained_items] = 0.0, 0.0
    biases[untrained_items] = 0.0
    user, item = own @ vectors, things @ item_vectors
    bias = np.asarray(things @ biases).ravel()
    require_finite("hybrid", user, item, bias)
    told = vectors[matrix.shape[0] :]
    return factors_form(user, item, bias, FOLD_IN, features=told, names=person_names)


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


def _with_identity(coded: sparse.csr_array) -> sparse.csr_matrix:
    n = coded.shape[0]
    whole = sparse.csr_matrix(sparse.hstack([sparse.eye_array(n), coded]), dtype=np.float32)
    whole.indices = whole.indices.astype(np.int32)  # which is what the library's C code reads
    whole.indptr = whole.indptr.astype(np.int32)
    return whole


def _values(values: NDArray[Any], most: int = _MOST_VALUES, least: int = 1) -> list[str]:
    """List a feature's values, the most frequent first, no more than are worth a column."""
    counts: dict[str, int] = {}
    for value in values:
        if isinstance(value, str) and value:
            counts[value] = counts.get(value, 0) + 1
    ranked = sorted(counts, key=lambda value: (-counts[value], value))[:most]
    return [value for value in ranked if counts[value] >= least]
