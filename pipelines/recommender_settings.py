"""How a training is asked for: which kinds of model, how they are set, how long that is chosen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from data.training_data import TrainingData
from kindred.errors import UserError
from kindred.recommend.recipes import Recipe, recipes
from kindred.recommend.splits import cut_in_time, temporal
from kindred.recommend.tuned import Setting, tuned_settings
from pipelines.job import Step

TEST_SHARE: Final = 0.1  # of all interactions, the last ones
# What a run without `thorough` does with less of, or without: together they take most of its time.
QUICK: Final[Mapping[str, Mapping[str, Any]]] = {
    "hybrid": {"epochs": 2, "described": False},
    "als": {"iterations": 8},
}
BUDGET: Final = 300.0  # seconds of choosing settings in a thorough training
SLOW: Final = ("ease", "svd", "bpr", "covisitation_bm25")


@dataclass(frozen=True)
class Asked:
    """How much may be done: every kind of model or the quick ones, seconds of tuning."""

    thorough: bool
    budget: float


def asked_for(params: Mapping[str, Any]) -> Asked:
    """Read a job's parameters.

    Raises
    ------
    UserError
        The budget is no time.
    """
    thorough = bool(params.get("thorough"))
    given = params.get("budget")
    budget = (BUDGET if thorough else 0.0) if given is None else float(given)
    if not 0 <= budget < math.inf:
        raise UserError(
            f"A budget of {budget:g} seconds is no time to choose settings in.",
            "Give 0 for none, or a number of seconds: --budget 300",
            "--budget",
        )
    return Asked(thorough, budget)


def tuned(data: TrainingData, asked: Asked, repeats: bool, step: Step) -> dict[str, Setting]:
    """Choose settings on what comes before the test."""
    rows = data.material.rows
    before = temporal(rows, cut_in_time(rows, TEST_SHARE), repeats=repeats).train
    chosen = [_as_quick(recipe, asked) for recipe in recipes_for(data, thorough=asked.thorough)]
    found = tuned_settings(
        data.material,
        before,
        chosen,
        repeats=repeats,
        budget=asked.budget,
        clock=time.monotonic,
        progress=step.progress,
    )
    step.rows(sum(setting.trials for setting in found.values()))
    return found


def _as_quick(recipe: Recipe, asked: Asked) -> Recipe:
    """Begin from what a quick training takes, unless it is a thorough one."""
    if asked.thorough:
        return recipe
    return replace(recipe, params={**recipe.params, **QUICK.get(recipe.name, {})})


def recipes_for(data: TrainingData, *, thorough: bool) -> list[Recipe]:
    """Give the kinds of model to fit."""
    known = recipes(
        repeats=True, features=bool(data.material.people), items_described=bool(data.material.items)
    )
    return [each for each in known if thorough or each.name not in SLOW]
