"""One result read by one method: fixed, sequential or Bayesian; what is shown and what decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kindred.experiments.analysis import Correction, corrected
from kindred.experiments.bayes import Prior
from kindred.experiments.definition import Method
from kindred.experiments.results import Reading, Result

Interval = tuple[float, float]

APPLIES: Final[dict[Method, str]] = {
    "sequential": (
        "Always-valid intervals (asymptotic confidence sequences): they hold on every day at once, "
        "so look as often as you like. They are wider than fixed ones."
    ),
    "fixed": (
        "Welch's test at the planned end, and only there: looking earlier and stopping at the "
        "first good day finds effects that are not there."
    ),
    "bayesian": (
        "Chance to win, and the interval that holds the change with the level's chance. Stopping "
        "at the first good day is as misleading here as with fixed tests."
    ),
}


def applies(method: Method, prior: Prior) -> str:
    """Say which adjustment a method makes, and what it believes beforehand.

    Examples
    --------
    >>> print(applies("bayesian", Prior(0.0, 0.05, relative=True)).split(". ")[0])
    Prior: the change is believed to be 0 % ± 5 % of the control before anything is seen
    """
    if method != "bayesian":
        return APPLIES[method]
    return f"Prior: {prior.in_words()}. {APPLIES[method]}"


@dataclass(frozen=True)
class Seen:
    """A result as one method shows it, relative where the control's value allows.

    Parameters
    ----------
    lift : float
        As measured; of the Bayesian method what is believed, which a prior draws in.
    interval : pair of float or None
        None where no test exists.
    relative : bool
        Whether lift and interval are shares of the control's value.
    p_value : float
        Corrected for several tests; of the Bayesian method not a number.
    chance : float
        To be better than the control; not a number where not known.
    """

    result: Result
    reading: Reading
    lift: float
    interval: Interval | None
    relative: bool
    p_value: float
    chance: float

    @property
    def better(self) -> bool:
        """Whether the lift points to where better is."""
        return (self.lift > 0) == (_direction(self) > 0)

    def decided(self, method: Method, alpha: float) -> bool:
        """Whether the method says more than chance, in whichever direction."""
        if method == "bayesian":
            return min(self.chance, 1 - self.chance) <= alpha / 2
        return self.p_value < alpha


def read_all(
    results: Sequence[Result],
    method: Method,
    correction: Correction,
    *,
    adjusted: bool = True,
) -> list[Seen]:
    """Read results by one method; p-values are corrected over those given.

    Parameters
    ----------
    adjusted : bool
        Whether to read what CUPED made of them, where there is such.
    """
    readings = [r.best if adjusted else r.plain for r in results]
    raw = [_p_value(reading, method) for reading in readings]
    together = corrected(raw, correction)
    return [
        _seen(result, reading, method, p)
        for result, reading, p in zip(results, readings, together, strict=True)
    ]


def read_families(
    results: Sequence[Result],
    primary: str,
    method: Method,
    correction: Correction,
    *,
    adjusted: bool = True,
) -> list[Seen]:
    """Read results in their order: the primary metric's tests are one family, all others another.

    What decides is named before, so that further metrics cost it nothing.
    """
    own = [result for result in results if result.metric == primary]
    rest = [result for result in results if result.metric != primary]
    first = iter(read_all(own, method, correction, adjusted=adjusted))
    others = iter(read_all(rest, method, correction, adjusted=adjusted))
    return [next(first if result.metric == primary else others) for result in results]


def _p_value(reading: Reading, method: Method) -> float:
    if method == "fixed":
        return reading.p_value
    if method == "sequential" and reading.always is not None:
        return reading.always.p_value()
    return math.nan


def _seen(result: Result, reading: Reading, method: Method, p_value: float) -> Seen:
    relative = math.isfinite(reading.relative.value) and reading.control.unadjusted > 0
    lift = reading.relative if relative else reading.absolute
    winning = reading.winning
    chance = winning.chance_to_win if winning is not None else math.nan
    value, interval = lift.value, None
    if method == "sequential":
        always = reading.always_relative if relative else reading.always
        interval = always.interval() if always is not None else None
    elif method == "bayesian":
        belief = reading.relative_belief if relative else reading.belief
        if belief is not None:
            value, interval = belief.mean, belief.interval(reading.alpha)
    elif lift.usable:
        interval = lift.interval(reading.alpha)
    return Seen(result, reading, value, interval, relative, p_value, chance)


def _direction(seen: Seen) -> int:
    return 1 if seen.reading.better == "higher" else -1
