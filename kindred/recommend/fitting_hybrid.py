"""The hybrid: LightFM over people, what they had dealt with, items, and what describes both.

A person is the sum of vectors: their own, one a trait, one for each item that they dealt with. So
rebuying can be said (having bought milk speaks for milk), somebody new is placed by adding up, and
a score falls into parts that are true. It is taught by lessons (:mod:`~kindred.recommend.lessons`)
and begins from singular vectors, of which training moves a little.

What nobody has dealt with yet is scored by a second LightFM, in numbers of its own
(:mod:`~kindred.recommend.fitting_described`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.fitting import FOLD_IN, Features, factors_form, one_hot
from kindred.recommend.fitting_described import Described, fit_described
from kindred.recommend.fitting_linear import most_bought
from kindred.recommend.forms import Factors
from kindred.recommend.lessons import Lesson, by_chance
from kindred.recommend.pasts import recalled_rows, started
from kindred.recommend.warp import QUIET, Settings, Start, Trained, train

MOST_LEARNED: Final = 15_000  # items with a vector of their own, those that most people dealt with
_MOST_ITEM_VALUES: Final = 2_000  # of a field that describes items
_LEAST_ITEMS: Final = 3  # that share a value, for it to be learned from
_CALIBRATED: Final = 200  # people by whom one model's scores are brought to the other's scale
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class _World:
    """Features, coded once.

    Parameters
    ----------
    learned : array of int, shape (n,)
        Places of the items that have a vector of their own.
    traits, described : csr arrays of shape (U, T) and (I, D)
    """

    matrix: sparse.csr_array
    learned: NDArray[np.int64]
    traits: sparse.csr_array
    names: tuple[str, ...]
    described: sparse.csr_array

    @property
    def people(self) -> int:
        return int(self.matrix.shape[0])

    def users(self, before: sparse.csr_array) -> sparse.csr_array:
        """Give people's features as of some histories: own row, traits, what they dealt with."""
        own = sparse.eye_array(self.people, dtype=np.float32)
        pasts = recalled_rows(before)[:, self.learned]
        return sparse.csr_array(sparse.hstack([own, self.traits, pasts]))

    def things(self) -> sparse.csr_array:
        """Give the learned items' features: own row and description."""
        own = sparse.eye_array(len(self.learned), dtype=np.float32)
        return sparse.csr_array(sparse.hstack([own, self.described[self.learned]]))


def fit_hybrid(
    matrix: sparse.csr_array,
    person_features: Features,
    item_features: Features,
    *,
    lessons: Sequence[Lesson] = (),
    lately: Vectors | None = None,
    described: bool = True,
    factors: int = 32,
    epochs: int = 4,
    alpha: float = 1e-5,
    learning_rate: float = 0.005,
    trend: float = 4.0,
    seed: int = 1,
) -> Factors:
    """Fit vectors of people, their pasts, items and their features together, by WARP.

    Identity features are kept, else known people would be described by their features alone.

    Parameters
    ----------
    lessons : sequence of Lesson
        What is learned from; without any, parts of the matrix by chance.
    lately : array of shape (I,), optional
        How much each item is dealt with of late, 0 … 1: a feature of items.
    trend : float
        Its weight, where the best item scores about 6 before it. It is a setting and not trained:
        vectors have seen the lessons, and to them what trended then has nothing to add.
    described : bool
        Whether items that nobody dealt with are scored by the second model; else by the first,
        from their features.

    Raises
    ------
    UserError
        It diverged or collapsed.
    """
    world = _world(matrix, person_features, item_features)
    if not len(world.learned):
        return _nothing(world, factors)
    settings = Settings(factors, epochs, alpha, learning_rate, seed)
    given = tuple(lessons) or by_chance(matrix)
    users = sparse.csr_array(sparse.vstack([world.users(lesson.before) for lesson in given]))
    wanted = sparse.csr_array(sparse.vstack([lesson.wanted[:, world.learned] for lesson in given]))
    found = train("hybrid", users, world.things(), wanted, settings, _start(world, settings))
    form = _form(world, found)
    if lately is not None:
        form = replace(form, bias=form.bias + np.float32(trend) * lately)
    strangers = np.bincount(matrix.indices, minlength=matrix.shape[1]) == 0
    if not described or not strangers.any():
        return form
    second = fit_described(matrix, item_features, given, seed=seed)
    return _with_described(world, form, strangers, second)


def _world(matrix: sparse.csr_array, person_features: Features, item_features: Features) -> _World:
    traits, names = one_hot(person_features, matrix.shape[0])
    described, _ = one_hot(
        item_features, matrix.shape[1], most=_MOST_ITEM_VALUES, least=_LEAST_ITEMS
    )
    return _World(matrix, most_bought(matrix, MOST_LEARNED), traits, names, described)


def _start(world: _World, settings: Settings) -> Start:
    """Begin from singular vectors: a person is what they dealt with, an item its right vector.

    A truncated singular value decomposition scores a history h as h V Vᵀ, which is a model of pasts
    whose vectors are those of the items themselves.
    """
    rng, d = np.random.default_rng(settings.seed), settings.factors
    features = world.people + world.traits.shape[1]
    learned = len(world.learned)
    users = rng.uniform(-0.5, 0.5, (features + learned, d)) * QUIET / d
    items = rng.uniform(-0.5, 0.5, (learned + world.described.shape[1], d)) * QUIET / d
    vectors = started(_strengths(world), d, settings.seed)
    rank = vectors.shape[1]  # fewer than asked where the matrix is small
    users[features:, :rank] = items[:learned, :rank] = vectors
    return Start(users.astype(np.float32), items.astype(np.float32))


def _strengths(world: _World) -> sparse.csr_array:
    """Give the logarithm of what each dealt with, of learned items."""
    found = sparse.csr_array(world.matrix[:, world.learned], dtype=np.float32)
    found.data = np.log1p(found.data)
    return found


def _form(world: _World, found: Trained) -> Factors:
    """Sum up what is known of each; what was never trained is noise and left out."""
    traits, learned = world.traits.shape[1], world.learned
    own = found.users[: world.people].copy()
    own[np.diff(world.matrix.indptr) == 0] = 0.0
    told = found.users[world.people : world.people + traits]
    pasts = np.zeros((world.matrix.shape[1], found.users.shape[1]), dtype=np.float32)
    pasts[learned] = found.users[world.people + traits :]
    people = own + world.traits @ told + recalled_rows(world.matrix) @ pasts
    items = np.asarray(world.described @ found.items[len(learned) :], dtype=np.float32)
    bias = np.asarray(world.described @ found.biases[len(learned) :], dtype=np.float32)
    items[learned] += found.items[: len(learned)]
    bias[learned] += found.biases[: len(learned)]
    form = factors_form(people, items, bias, FOLD_IN, features=told, names=world.names)
    return replace(form, pasts=pasts)


def _with_described(
    world: _World,
    form: Factors,
    strangers: NDArray[np.bool_],
    second: Described | None,
) -> Factors:
    """Let the second model score strangers: its numbers stand beside the first's."""
    if second is None:
        return form
    slope, shift = _calibrated(form, world, second)
    return _beside(form, strangers, second, slope, shift)


def _calibrated(form: Factors, world: _World, second: Described) -> tuple[float, float]:
    """Bring the second's scores to the first's scale, by least squares over what both know.

    So a stranger scores as much as items do on average that its description speaks as well for.
    """
    known = np.flatnonzero(np.diff(world.matrix.indptr) > 0)
    some = known[:: max(1, len(known) // _CALIBRATED)][:_CALIBRATED]
    learned = world.learned
    first = form.people[some] @ form.items[learned].T + form.bias[learned]
    other = second.people[some] @ second.items[learned].T + second.bias[learned]
    spread = float(other.var())
    together = float(((first - first.mean()) * (other - other.mean())).mean())
    # A little at least, else all strangers would be alike.
    slope = max(together / spread, 1e-3) if spread > 0 else 1e-3
    return slope, float(first.mean()) - slope * float(other.mean())


def _beside(
    form: Factors, strangers: NDArray[np.bool_], second: Described, slope: float, shift: float
) -> Factors:
    assert form.pasts is not None
    mine, theirs = np.array(form.items), second.items * np.float32(slope)
    mine[strangers], theirs[~strangers] = 0.0, 0.0
    none = np.zeros((len(form.features), theirs.shape[1]))
    both = factors_form(
        np.hstack([form.people, second.people]),
        np.hstack([mine, theirs]),
        np.where(strangers, slope * second.bias + shift, form.bias),
        FOLD_IN,
        features=np.hstack([form.features, none]).astype(np.float32),
        names=form.names,
    )
    return replace(both, pasts=np.hstack([form.pasts, second.pasts]))


def _nothing(world: _World, factors: int) -> Factors:
    """Give a model of a world in which nobody dealt with anything."""
    people, items = (np.zeros((n, factors), np.float32) for n in world.matrix.shape)
    return factors_form(people, items, np.zeros(len(items), np.float32), FOLD_IN)
