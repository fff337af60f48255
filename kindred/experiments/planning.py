"""How many units, how small an effect, how long: planned before, and read again while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, special

from kindred.errors import UserError
from kindred.experiments.comparison import Lift
from kindred.experiments.sequential import DEFAULT_TUNING, AlwaysValid


def power(
    effect: float, variance: float, n_control: float, n_arm: float, alpha: float = 0.05
) -> float:
    """Chance that a true absolute lift of `effect` is found, two-sided.

    Parameters
    ----------
    variance : float
        Of one unit's contribution, alike in both arms.

    Notes
    -----
    Normal approximation, both tails: Φ(δ/σ − z) + Φ(−δ/σ − z) (Chow, Shao & Wang 2008, *Sample size
    calculations in clinical research*, § 3.2.1).
    """
    error = math.sqrt(variance * (1 / n_control + 1 / n_arm))
    return _power(effect / error, alpha)


def smallest_detectable(
    variance: float, n_control: float, n_arm: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Give the minimum detectable effect: the absolute lift found with the given power."""
    error = math.sqrt(variance * (1 / n_control + 1 / n_arm))
    return (_z(alpha / 2) + _z(1 - power)) * error


def units_needed(
    effect: float,
    variance: float,
    share_control: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Units of both arms together that find an absolute lift of `effect`.

    Parameters
    ----------
    share_control : float
        The control's share of the two arms, between 0 and 1.

    Examples
    --------
    A rate of 10 % and a lift of one point; Lehr's rule 16·p(1−p)/δ² says 14,400 an arm.

    >>> units_needed(0.01, 0.1 * 0.9)
    28256
    """
    _checked(effect, share_control)
    z = _z(alpha / 2) + _z(1 - power)
    per_unit = 1 / share_control + 1 / (1 - share_control)
    return math.ceil(z**2 * variance * per_unit / effect**2)


def units_for_rate(
    base: float,
    effect: float,
    share_control: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Units of both arms together that find a rate of `base` becoming `base + effect`.

    Both rates have their own variance here: Fleiss, Levin & Paik (2003), *Statistical methods for
    rates and proportions*, 3rd ed., eq. 4.14 and 4.18 without continuity correction; R's
    ``power.prop.test`` for equal arms.

    Examples
    --------
    R's own example, ``power.prop.test(p1 = .50, p2 = .75, power = .90)``, says n = 76.65294 an arm.

    >>> units_for_rate(0.5, 0.25, power=0.9)
    154
    """
    _checked(effect, share_control)
    other = base + effect
    if not (0 <= base <= 1 and 0 <= other <= 1):
        raise UserError(f"A rate can't go from {base} to {other}.", "Rates lie between 0 and 1.")
    share_arm = 1 - share_control
    mean = share_control * base + share_arm * other
    under_null = mean * (1 - mean) * (1 / share_control + 1 / share_arm)
    under_effect = base * (1 - base) / share_control + other * (1 - other) / share_arm
    root = _z(alpha / 2) * math.sqrt(under_null) + _z(1 - power) * math.sqrt(under_effect)
    return math.ceil((root / effect) ** 2)


def units_when_peeking(
    effect: float,
    variance: float,
    share_control: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
    tuning: float = DEFAULT_TUNING,
) -> int:
    """Units after which the always-valid interval leaves zero out with the given power.

    The sequence's reach at n takes the fixed test's place: δ ≥ reach(n) + z·σ(n). An interval
    that is looked at earlier can only have decided earlier.
    """
    _checked(effect, share_control)
    per_unit = variance * (1 / share_control + 1 / (1 - share_control))

    def lacks(log_n: float) -> float:
        n = math.exp(log_n)
        error = math.sqrt(per_unit / n)
        high = AlwaysValid(Lift(0.0, error, math.inf), n, alpha, tuning).interval()[1]
        return high + _z(1 - power) * error - abs(effect)

    return math.ceil(math.exp(_root(lacks, math.log(2.0))))


@dataclass(frozen=True)
class Duration:
    """How long an experiment takes.

    Parameters
    ----------
    days : int
        In whole weeks, since days of the week differ.
    units : int
        All arms together.
    """

    days: int
    units: int


def duration(
    units_of_two_arms: int, share_of_two_arms: float, units_a_day: float, whole_weeks: bool = True
) -> Duration:
    """Say how many days it takes until the control and one arm have their units.

    Parameters
    ----------
    share_of_two_arms : float
        Share of those exposed who are in the control or that arm: 2/3 of three equal arms.
    units_a_day : float
        New units in all arms, each day.

    Examples
    --------
    >>> duration(28_256, 1.0, 3_000)
    Duration(days=14, units=28256)
    """
    if units_a_day <= 0 or not 0 < share_of_two_arms <= 1:
        raise UserError("Nobody comes.", "Give a number of people a day above zero.")
    units = math.ceil(units_of_two_arms / share_of_two_arms)
    days = math.ceil(units / units_a_day)
    return Duration(math.ceil(days / 7) * 7 if whole_weeks else days, units)


@dataclass(frozen=True)
class Outlook:
    """What a running experiment can still find.

    Parameters
    ----------
    detectable : float
        The lift that it finds with the given power as of now, on the lift's scale.
    power : float
        The chance to find the effect hoped for, as of now.
    units_left : int
        Of both arms together, until the power asked for is there.
    """

    detectable: float
    power: float
    units_left: int


def outlook(
    lift: Lift, n: int, effect: float, alpha: float = 0.05, power: float = 0.8
) -> Outlook | None:
    """Plan again from the spread that is seen, not from the lift that is seen.

    Power for the effect observed says no more than the p-value (Hoenig & Heisey 2001, *The abuse
    of power*, Am. Statist. 55); so `effect` is the one hoped for before.

    Parameters
    ----------
    n : int
        Units of both arms so far.
    """
    if not lift.usable or effect == 0:
        return None
    z = _z(alpha / 2) + _z(1 - power)
    needed = n * (z * lift.standard_error / effect) ** 2
    return Outlook(
        z * lift.standard_error,
        _power(effect / lift.standard_error, alpha),
        max(math.ceil(needed) - n, 0),
    )


def _power(distance: float, alpha: float) -> float:
    z = _z(alpha / 2)
    return float(special.ndtr(distance - z) + special.ndtr(-distance - z))


def _z(tail: float) -> float:
    return float(-special.ndtri(tail))


def _checked(effect: float, share_control: float) -> None:
    if effect == 0 or not math.isfinite(effect):
        raise UserError("No number of people finds an effect of zero.", "Give another effect.")
    if not 0 < share_control < 1:
        raise UserError(f"{share_control} is no share of two arms.", "Give one between 0 and 1.")


def _root(lacks: Callable[[float], float], low: float) -> float:
    """Find where a falling function crosses zero, above `low`."""
    if lacks(low) <= 0:
        return low
    high = low + 1
    while lacks(high) > 0:
        high += 1
    return float(optimize.brentq(lacks, high - 1, high, xtol=1e-9))
