"""A training: fit every kind of model, learn the blend of each route, judge all on what came after.

People of the test are parted in two: on the first part the blends' weights are learned, on the
second everything is judged, so that the blend is not judged by whom it was learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend.blend import Blending, learn, pool
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.dataset import Interactions
from kindred.recommend.forms import Content, Form
from kindred.recommend.judge import Judged, Task, judge_each
from kindred.recommend.material import Material
from kindred.recommend.recipes import (
    BLEND,
    CONTENT,
    GROUPS,
    HYBRID,
    PERSONAL,
    POPULARITY,
    TRENDING,
    Ingredients,
    Recipe,
)
from kindred.recommend.refine import refined
from kindred.recommend.splits import Split, first_items

LONGEST: Final = 20  # of the lists that curves are drawn from
LEARNING: Final = 0.4  # of the test's people, on whom weights are learned
STRANGERS: Final = ("metadata", "clicks", "unknown")
FEW_CLICKS: Final = 3  # of somebody new, for the weights of their route
MOST_RANKED: Final = 200  # of them, by whom AUC is measured
SEED: Final = 1

Progress = Callable[[float, str], None]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sizes:
    """How many people of the test, at most: those by whom weights are learned, those judged by."""

    learning: int = 600
    judged: int = 2_000


@dataclass(frozen=True)
class Contest:
    """What a mode's test came to.

    Parameters
    ----------
    judged : mapping of model to Judged
        Over the same people, those of the second part.
    blend : mapping of route to weights
    people : array of int
        The rows of those who were judged.
    cut : float
        The time from which on the test lies, in seconds.
    """

    repeats: bool
    judged: Mapping[str, Judged]
    blend: Mapping[str, Mapping[str, float]]
    people: NDArray[np.int64]
    cut: float
    task: Task = field(repr=False)
    forms: Mapping[str, Form] = field(repr=False)


@dataclass(frozen=True)
class Fitted:
    """The models that came through, how each was set, how long it took; and why others did not."""

    forms: Mapping[str, Form]
    params: Mapping[str, Mapping[str, Any]]
    seconds: Mapping[str, float]
    failed: Mapping[str, str]


def fit_all(
    given: Ingredients,
    chosen: Sequence[Recipe],
    clock: Callable[[], float],
    settings: Mapping[str, Mapping[str, Any]] = {},
    progress: Progress = lambda _fraction, _message: None,
) -> Fitted:
    """Fit every chosen kind of model; one that diverges or does not fit the data is left out.

    Parameters
    ----------
    clock : callable
        Gives seconds, such as ``time.monotonic``.
    settings : mapping of model to parameters
        That differ from the recipe's own.
    """
    forms, params, seconds, failed = {}, {}, {}, {}
    for place, recipe in enumerate(chosen):
        progress(place / len(chosen), recipe.name)
        began = clock()
        params[recipe.name] = {**recipe.params, **settings.get(recipe.name, {})}
        try:
            forms[recipe.name] = recipe.fit(given, params[recipe.name])
        except UserError as error:
            failed[recipe.name] = f"{error.what} It was left out."
        seconds[recipe.name] = clock() - began
    return Fitted(forms, params, seconds, failed)


def contest(
    material: Material,
    split: Split,
    cut: float,
    matrix: sparse.csr_array,
    forms: Mapping[str, Form],
    progress: Progress = lambda _fraction, _message: None,
    *,
    sizes: Sizes = Sizes(),
    strangers: Mapping[str, Mapping[str, float]] | None = None,
) -> Contest:
    """Learn the blends on the first part of the test's people, and judge all on the second.

    Parameters
    ----------
    strangers : mapping of route to weights, optional
        For people who are new, as another mode's contest learned them: what is right for somebody
        of whom little is known does not depend on what they bought before.

    Raises
    ------
    UserError
        Nobody wanted anything in the test.
    """
    judged = split.judged
    if len(judged) < 2:
        raise UserError(
            "Too few people wanted anything in the test to judge models by.",
            "Import more events, or a longer time of them.",
        )
    order = np.random.default_rng(SEED).permutation(judged)
    part = max(1, int(len(order) * LEARNING))
    learning = np.sort(order[:part][: sizes.learning])
    judging = np.sort(order[part:][: sizes.judged])
    blends = _learned(material, split, matrix, forms, learning)
    if strangers is None:
        blends |= _for_strangers(material, split, cut, matrix, forms, learning)
    else:
        blends |= {route: dict(strangers[route]) for route in STRANGERS}
    progress(0.3, "weights are learned")
    task = task_of(material, split, matrix, forms, judging)
    scores = partial(_each_scores, forms, blends, split.repeats)
    found = judge_each(scores, task, LONGEST, ranked=MOST_RANKED)
    return Contest(split.repeats, found, blends, judging, cut, task, forms)


def _each_scores(
    forms: Mapping[str, Form],
    blends: Mapping[str, Mapping[str, float]],
    repeats: bool,
    crowd: Crowd,
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Score by each model, and by the blend of what they gave."""
    total = Blending(blends, crowd)
    for name, form in forms.items():
        found = block_scores(form, crowd)
        total.add(name, found)
        if repeats or name != PERSONAL:  # else it knows nothing but what may not be shown
            yield name, found
    yield BLEND, total.scores


def ingredients(material: Material, rows: Interactions) -> Ingredients:
    """Give what models are fitted on, from some of the rows."""
    return Ingredients.of(rows, material.people, material.items, material.names, material.half_life)


def crowd(material: Material, matrix: sparse.csr_array, rows: NDArray[np.int64]) -> Crowd:
    """Gather people as they were before the test."""
    features = {name: values[rows] for name, values in material.people.items()}
    return Crowd(rows, sparse.csr_array(matrix[rows]), features)


def task_of(
    material: Material,
    split: Split,
    matrix: sparse.csr_array,
    forms: Mapping[str, Form],
    rows: NDArray[np.int64],
) -> Task:
    """Gather whom to recommend to as of a split, and what would have been right."""
    barred = sparse.csr_array(matrix[rows]) if not split.repeats else _nothing(rows, matrix)
    content = forms.get(CONTENT)
    plain = sparse.csr_array((matrix.shape[1], 1), dtype=np.float32)
    described = content.rows if isinstance(content, Content) else plain
    dealt = np.diff(matrix.tocsc().indptr) / max(matrix.shape[0], 1)
    positives = sparse.csr_array(split.positives[rows])
    return Task(crowd(material, matrix, rows), positives, barred, dealt, described)


def _learned(
    material: Material,
    split: Split,
    matrix: sparse.csr_array,
    forms: Mapping[str, Form],
    rows: NDArray[np.int64],
) -> dict[str, dict[str, float]]:
    """Learn the weights for known people, by their histories."""
    known = crowd(material, matrix, rows)
    positives = sparse.csr_array(split.positives[rows])
    barred = _nothing(rows, matrix) if split.repeats else sparse.csr_array(matrix[rows])
    return {"history": _weights(forms, known, positives, barred)}


def _for_strangers(
    material: Material,
    split: Split,
    cut: float,
    matrix: sparse.csr_array,
    forms: Mapping[str, Form],
    rows: NDArray[np.int64],
) -> dict[str, dict[str, float]]:
    """Learn the weights for new people from known ones, as if little were known of them.

    Somebody's first clicks are the first items of the test, and what they want comes after these:
    where people deal with things again, the same items among it.
    """
    known = crowd(material, matrix, rows)
    positives, nothing = sparse.csr_array(split.positives[rows]), _nothing(rows, matrix)
    told = Crowd(np.full(len(rows), -1), nothing, known.features)
    cold = {n: f for n, f in forms.items() if n in {POPULARITY, GROUPS, TRENDING, HYBRID}}
    everybody = {n: f for n, f in forms.items() if n in {POPULARITY, TRENDING}}
    untold = Crowd(told.rows, nothing)
    window = material.rows.only(material.rows.time >= cut)
    few, later = (
        sparse.csr_array(each[rows])
        for each in first_items(window, FEW_CLICKS, repeats=split.repeats)
    )
    clicking = Crowd(np.full(len(rows), -1), few, known.features)
    warm = {n: f for n, f in forms.items() if n != PERSONAL or split.repeats}
    return {
        "metadata": _weights(cold, told, positives, nothing),
        "clicks": _weights(warm, clicking, later, nothing if split.repeats else few),
        "unknown": _weights(everybody, untold, positives, nothing),
    }


def _weights(
    forms: Mapping[str, Form],
    people: Crowd,
    positives: sparse.csr_array,
    barred: sparse.csr_array,
) -> dict[str, float]:
    given = pool(forms, people, positives, barred)
    return refined(given, learn(given)) or {POPULARITY: 1.0}


def _nothing(rows: NDArray[np.int64], matrix: sparse.csr_array) -> sparse.csr_array:
    return sparse.csr_array((len(rows), matrix.shape[1]), dtype=np.float32)
