"""Tune a recipe on validation alone, within a number of trials and a time (Optuna's TPE)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    found = _Search(recipe, given, quality, clock)
    for number in range(max(trials, 1)):
        if number and (not recipe.space or clock() + found.longest > until):
            break
        found.try_one(proposed=number > 0)
    return found.best()


class _Search:
    """The trials so far: the best of them, the longest, and why one failed."""

    def __init__(
        self,
        recipe: Recipe,
        given: Ingredients,
        quality: Callable[[Form], float],
        clock: Clock,
    ) -> None:
        self.longest = 0.0
        self._recipe = recipe
        self._given = given
        self._quality = quality
        self._clock = clock
        self._study: Any = None
        self._best: Tuned | None = None
        self._failure: UserError | None = None
        self._done = 0

    def try_one(self, *, proposed: bool) -> None:
        """Fit the recipe as it is, or as the sampler proposes."""
        began = self._clock()
        params, trial = dict(self._recipe.params), None
        if proposed:
            self._study = self._study or _study()
            trial = self._study.ask()
            params |= _proposed(trial, self._recipe)
        self._done += 1
        reached = self._fit(params)
        self.longest = max(self.longest, self._clock() - began)
        if trial is not None:
            self._study.tell(trial, reached)

    def _fit(self, params: dict[str, Any]) -> float:
        """Give a trial's quality; −1 where it diverged."""
        try:
            form = self._recipe.fit(self._given, params)
            reached = self._quality(form)
        except UserError as error:
            self._failure = error
            return -1.0
        if self._best is None or reached > self._best.quality:
            self._best = Tuned(params, form, reached, self._done)
        return reached

    def best(self) -> Tuned:
        """Give the best, with how many were tried in all."""
        if self._best is None:
            assert self._failure is not None
            raise self._failure
        return replace(self._best, trials=self._done)


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
