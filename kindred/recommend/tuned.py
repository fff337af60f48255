"""Tune a training's models within a time, on validation: a cut of what comes before the test.

The test's people and days are not looked at, so what it says of tuned models stays honest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from kindred.errors import UserError
from kindred.recommend.blocks import block_scores
from kindred.recommend.dataset import Interactions
from kindred.recommend.forms import Form
from kindred.recommend.judge import Task, judge
from kindred.recommend.material import Material
from kindred.recommend.recipes import Recipe
from kindred.recommend.splits import cut_in_time, temporal
from kindred.recommend.training import ingredients, task_of
from kindred.recommend.tuning import Clock, tune

SHARE: Final = 0.1  # of what comes before the test, that settings are judged by
PEOPLE: Final = 600  # of them at most
TRIALS: Final = 40  # of a model at most
K: Final = 10
SEED: Final = 1


@dataclass(frozen=True)
class Setting:
    """What validation chose for a model.

    Parameters
    ----------
    quality : float
        NDCG@10 on validation.
    trials : int
        The recipe's own settings count as the first.
    """

    params: Mapping[str, Any]
    quality: float
    trials: int


def tuned_settings(
    material: Material,
    rows: Interactions,
    chosen: Sequence[Recipe],
    *,
    repeats: bool,
    budget: float,
    clock: Clock,
    progress: Callable[[float, str], None] = lambda _fraction, _message: None,
) -> dict[str, Setting]:
    """Choose settings for every model that has some to choose; none where nobody can be asked.

    Each gets an equal part of the time, and what the ones before it left. A model that diverges
    whatever is tried is left out here, and said when it is fitted.

    Parameters
    ----------
    rows : Interactions
        What comes before the test.
    budget : float
        Seconds by `clock`; a trial that would likely end after it is not begun.
    """
    split = temporal(rows, cut_in_time(rows, SHARE), repeats=repeats)
    open_ones = [recipe for recipe in chosen if recipe.space]
    if not split.usable or not open_ones:
        return {}
    given = ingredients(material, split.train)
    who = np.random.default_rng(SEED).permutation(split.judged)[:PEOPLE]
    task = task_of(material, split, given.matrix, {}, np.sort(who))
    began = clock()
    found: dict[str, Setting] = {}
    for place, recipe in enumerate(open_ones):
        progress(place / len(open_ones), f"choosing settings: {recipe.name}")
        until = began + budget * (place + 1) / len(open_ones)
        quality = partial(_quality, task)
        try:
            best = tune(recipe, given, quality, trials=TRIALS, until=until, clock=clock)
        except UserError:
            continue
        found[recipe.name] = Setting(best.params, best.quality, best.trials)
    return found


def _quality(task: Task, form: Form) -> float:
    found = judge(lambda crowd: block_scores(form, crowd), task, K, with_auc=False)
    return float(np.nanmean(found.people["ndcg"]))
