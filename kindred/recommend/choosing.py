"""Choose on validation: how fast time counts less, each model's settings, each route's blend."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend import splits
from kindred.recommend.bench import Bench
from kindred.recommend.blend import learn, pool
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.dataset import DAY
from kindred.recommend.exported import ROUTES
from kindred.recommend.forms import Form
from kindred.recommend.judge import Task, judge
from kindred.recommend.recipes import (
    COVISITATION,
    GROUPS,
    HYBRID,
    PERSONAL,
    POPULARITY,
    TRENDING,
    Recipe,
    recipes,
)
from kindred.recommend.splits import Split
from kindred.recommend.tuning import Clock, tune

VALIDATION_SHARE: Final = 0.15
LEARNERS: Final = 1_000  # people by whom settings and blends are chosen
TRIALS: Final = 12
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Choice:
    """What validation chose."""

    half_life: float | None
    params: Mapping[str, Mapping[str, Any]]
    recipes: tuple[Recipe, ...]
    blend: Mapping[str, Mapping[str, float]]


def choose(
    bench: Bench,
    split: Split,
    given: Sequence[Recipe],
    clock: Clock,
    progress: Progress,
    notes: list[str],
) -> Choice:
    """Tune every model and learn the blend on a validation cut; as declared where none can be."""
    inner = _inner(split)
    if inner is None:
        notes.append("Too little to tune on: all models keep the settings they are declared with.")
        params = {recipe.name: recipe.params for recipe in given}
        return Choice(None, params, tuple(given), {})
    who = _some(inner.judged, LEARNERS)
    half_life = _half_life(bench, inner, who)
    ready = bench.ingredients(inner.train, half_life)
    task = bench.task(ready, inner, who)
    forms: dict[str, Form] = {}
    params = {}
    began = clock()
    for place, recipe in enumerate(given):
        progress(0.6 * place / len(given), f"choosing settings: {recipe.name}")
        share = (place + 1) / len(given)
        try:
            tuned = tune(
                recipe,
                ready,
                lambda form: _quality(form, task, bench.k),
                trials=TRIALS,
                until=began + bench.budget * share,
                clock=clock,
            )
        except UserError as error:
            notes.append(f"{recipe.name} is left out: {error}")
            continue
        forms[recipe.name], params[recipe.name] = tuned.form, tuned.params
    progress(0.6, "learning the blend")
    kept = tuple(recipe for recipe in given if recipe.name in forms)
    return Choice(half_life, params, kept, _blend(forms, task, bench.k))


def _quality(form: Form, task: Task, k: int) -> float:
    found = judge(lambda crowd: _finite(block_scores(form, crowd)), task, k, with_auc=False)
    return float(np.nanmean(found.people["ndcg"]))


def _finite(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.nan_to_num(scores, nan=0.0)


def _half_life(bench: Bench, inner: Split, who: NDArray[np.int64]) -> float | None:
    """Choose how fast time counts less, by what popularity and the history itself foretell."""
    wanted = inner.train.wanted()
    span = float(wanted.time.max() - wanted.time.min()) / DAY
    offered = [None, span / 2, span / 6] if span > 2 else [None]
    judged = []
    for half_life in offered:
        ready = bench.ingredients(inner.train, half_life)
        chosen = recipes(repeats=inner.repeats, features=False, items_described=False)
        quick = [r for r in chosen if r.name in {POPULARITY, PERSONAL, COVISITATION}]
        task = bench.task(ready, inner, who)
        best = max(_quality(r.fit(ready, r.params), task, bench.k) for r in quick)
        judged.append(best)
    return offered[int(np.argmax(judged))]


def _blend(forms: Mapping[str, Form], task: Task, k: int) -> dict[str, dict[str, float]]:
    """Learn each route's weights from the same people, told as much of as the route knows."""
    known = np.flatnonzero(np.diff(task.crowd.history.indptr) > 0)
    blend: dict[str, dict[str, float]] = {}
    if len(known):
        own = task.part(known)
        blend["history"] = learn(pool(forms, own.crowd, own.positives, own.barred), k=k)
    nothing = sparse.csr_array(task.positives.shape, dtype=np.float32)
    nobody = np.full(len(task.crowd), -1)
    for route, names, features in (
        ("metadata", (POPULARITY, TRENDING, GROUPS, HYBRID), task.crowd.features),
        ("unknown", (POPULARITY, TRENDING), {}),
    ):
        cold = {name: forms[name] for name in names if name in forms}
        if cold and (features or route == "unknown"):
            strangers = Crowd(nobody, nothing, features)
            blend[route] = learn(pool(cold, strangers, task.positives, nothing), k=k)
    return {route: blend.get(route) or {POPULARITY: 1.0} for route in ROUTES}


def _inner(outer: Split) -> Split | None:
    """Cut a validation that asks what the board asks: of known people, if it judges those."""
    rows, repeats = outer.train, outer.repeats
    offered = [splits.temporal(rows, splits.cut_in_time(rows, VALIDATION_SHARE), repeats=repeats)]
    if not offered[0].usable or offered[0].known < outer.known / 2:
        offered.insert(0, splits.some_of_each(rows, VALIDATION_SHARE, repeats=repeats))
    offered.append(splits.last_of_each(rows, repeats=repeats))
    return next((split for split in offered if split.usable), None)


def _some(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(1).choice(rows, most, replace=False))
