"""LightFM's WARP loss over features: the one home of that library, and of its traps.

It collapses in silence (a raw year as a feature, a learning rate of .5) and ignores its seed with
more than one thread. So training takes one thread, and what comes out is looked at before it is
used: numbers must be finite, and what was wanted must come before what was not more often than by
chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError

SAMPLED: Final = 40  # items drawn at most in search of one that wrongly comes first
LOOKED_AT: Final = 20_000  # pairs of a wanted item and another, by which a collapse is seen
LEAST_PAIRS: Final = 200  # wanted, and apart, for it to be told at all
QUIET: Final = 0.05  # of LightFM's own noise, for vectors that start beside better ones
CHANCE: Final = 0.52  # of pairs in the right order: a model below it has learned nothing
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """How long and how boldly to train.

    Parameters
    ----------
    alpha : float
        L2 penalty a step, which is why rare features feel it most.
    learning_rate : float
        Of Adagrad. WARP multiplies a step by up to 10, so .05 is bold for vectors that start well.
    """

    factors: int
    epochs: int
    alpha: float
    learning_rate: float
    seed: int = 1


@dataclass(frozen=True)
class Trained:
    """Vectors of features, shapes (F, d), and the item features' biases, shape (F,)."""

    users: Vectors
    items: Vectors
    biases: Vectors


@dataclass(frozen=True)
class Start:
    """Where training starts from: vectors of all features, shapes as in :class:`Trained`."""

    users: Vectors
    items: Vectors


def train(
    name: str,
    users: sparse.csr_array,
    items: sparse.csr_array,
    wanted: sparse.csr_array,
    settings: Settings,
    start: Start | None = None,
) -> Trained:
    """Train vectors of features so that what was wanted comes before what was not.

    Parameters
    ----------
    name : str
        Of the model, for messages.
    users, items : csr arrays of shape (U, F) and (I, G)
        Each row's features; a row's vector is their weighted sum.
    wanted : csr array of shape (U, I)
        Above 0 where wanted, the value being what it counts; they are brought to a mean of 1.

    Raises
    ------
    UserError
        It diverged or collapsed.
    """
    from lightfm import LightFM  # noqa: PLC0415 - seconds of loading

    pairs = sparse.coo_array(wanted)
    row, column = pairs.row.astype(np.int32), pairs.col.astype(np.int32)
    mean = float(pairs.data.mean()) if len(pairs.data) else 1.0
    counted = (pairs.data / (mean or 1.0)).astype(np.float32)
    ones = sparse.coo_matrix((np.ones(len(row), np.float32), (row, column)), shape=pairs.shape)
    model = LightFM(
        no_components=settings.factors,
        loss="warp",
        learning_rate=settings.learning_rate,
        user_alpha=settings.alpha,
        item_alpha=settings.alpha,
        max_sampled=SAMPLED,
        random_state=settings.seed,
    )
    own, things = _as_read(users), _as_read(items)
    if start is not None:
        _begin(model, start)
    try:
        with np.errstate(all="ignore"):  # it sums up what may not be finite
            model.fit_partial(
                ones,
                user_features=own,
                item_features=things,
                sample_weight=sparse.coo_matrix((counted, (row, column)), shape=pairs.shape),
                epochs=settings.epochs,
                num_threads=1,
            )
    except ValueError as error:  # which is how it says that numbers are not finite
        raise _diverged(name) from error
    found = Trained(
        np.array(model.user_embeddings),
        np.array(model.item_embeddings),
        np.array(model.item_biases),
    )
    _look_at(name, found, own, things, sparse.csr_array(wanted), settings.seed)
    return found


def _begin(model: Any, start: Start) -> None:
    """Put vectors where the library would put noise; it makes its own only where there are none."""
    model._initialize(start.users.shape[1], len(start.items), len(start.users))
    model.user_embeddings[:] = start.users
    model.item_embeddings[:] = start.items


def _look_at(
    name: str,
    found: Trained,
    users: sparse.csr_matrix,
    items: sparse.csr_matrix,
    wanted: sparse.csr_array,
    seed: int,
) -> None:
    """Refuse vectors that are not finite, or that order no better than chance.

    The second is asked of what it was trained on, where even noise is learned by heart.
    """
    if not all(np.isfinite(part).all() for part in (found.users, found.items, found.biases)):
        raise _diverged(name)
    share = in_order(found, users, items, wanted, seed)
    if share is not None and share < CHANCE:
        raise UserError(
            f"The model “{name}” collapsed: of what it was trained on, {share:.0%} of pairs are in "
            "the right order, which is no better than chance.",
            "Lower its learning rate or its regularisation.",
        )


def in_order(
    found: Trained,
    users: sparse.csr_matrix | sparse.csr_array,
    items: sparse.csr_matrix | sparse.csr_array,
    wanted: sparse.csr_array,
    seed: int = 1,
) -> float | None:
    """Say how often a wanted item comes before one that was not; none where too few can be drawn.

    Ties count half.
    """
    if wanted.nnz < LEAST_PAIRS:
        return None
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, wanted.nnz, LOOKED_AT)
    row = np.searchsorted(wanted.indptr, drawn, side="right") - 1
    good = wanted.indices[drawn]
    other = rng.integers(0, wanted.shape[1], LOOKED_AT)
    apart = np.asarray(wanted[row, other]).ravel() == 0
    if int(apart.sum()) < LEAST_PAIRS:
        return None
    row, good, other = row[apart], good[apart], other[apart]
    person = (users @ found.users)[row]
    vectors, biases = items @ found.items, items @ found.biases
    gap = ((vectors[good] - vectors[other]) * person).sum(axis=1) + biases[good] - biases[other]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


def _diverged(name: str) -> UserError:
    return UserError(
        f"The model “{name}” diverged: some of its numbers are not finite.",
        "Lower its learning rate or raise its regularisation.",
    )


def _as_read(features: sparse.csr_array) -> sparse.csr_matrix:
    """Give features in the types that the library's C code reads."""
    whole = sparse.csr_matrix(features, dtype=np.float32)
    whole.sort_indices()
    whole.indices = whole.indices.astype(np.int32)
    whole.indptr = whole.indptr.astype(np.int32)
    return whole
