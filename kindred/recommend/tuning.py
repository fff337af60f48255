"""Tune a recipe on validation alone, within a number of trials and a time (Optuna's TPE)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from kindred.errors import UserError
from kindred.recommend.forms import Form
from kindred.recommend.recipes import Ingredients, Params, Recipe

SEED: Final = 1
Clock = Callable[[], float]


@dataclass(frozen=True)
class Tuned:
    """The best that was found.

    Parameters
    ----------
    form : Form
        Fitted on what validation may know.
    quality : float
        Of validation.
    trials : int
        The recipe's own settings count as the first.
    """

    params: Params
    form: Form
    quality: float
    trials: int


def tune(
    recipe: Recipe,
    given: Ingredients,
    quality: Callable[[Form], float],
    *,
    trials: int,
    until: float,
    clock: Clock,
) -> Tuned:
    """Fit the recipe as it is, then try others until trials or time are used up.

    A trial that diverges counts as the worst. The same data, trials and seed give the same result,
    unless time cuts the search short.

    Parameters
    ----------
    until : float
        By `clock`, in seconds; no trial begins after it, or that would likely end after it.

    Raises
    ------
    UserError
        The recipe's own settings diverge, and nothing else was found.
    """
    best: Tuned | None = None
    failure: UserError | None = None
    longest, study, done = 0.0, None, 0
    for number in range(max(trials, 1)):
        if number and (not recipe.space or clock() + longest > until):
            break
        began = clock()
        trial = None
        params = dict(recipe.params)
        if number:
            study = study or _study()
            trial = study.ask()
            params |= _proposed(trial, recipe)
        done += 1
        try:
            form = recipe.fit(given, params)
            found = quality(form)
        except UserError as error:
            failure, found, form = error, -1.0, None
        longest = max(longest, clock() - began)
        if trial is not None and study is not None:
            study.tell(trial, found)
        if form is not None and (best is None or found > best.quality):
            best = Tuned(params, form, found, done)
    if best is None:
        assert failure is not None
        raise failure
    return Tuned(best.params, best.form, best.quality, done)


def _study() -> Any:
    import optuna  # noqa: PLC0415 - a second of loading

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=SEED, n_startup_trials=4)
    return optuna.create_study(direction="maximize", sampler=sampler)


def _proposed(trial: Any, recipe: Recipe) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, space in recipe.space.items():
        if isinstance(space, list):
            found[name] = trial.suggest_categorical(name, space)
        elif isinstance(space[0], int):
            found[name] = trial.suggest_int(name, *space, log=True)
        else:
            found[name] = trial.suggest_float(name, *space, log=True)
    return found
