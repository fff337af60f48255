"""The effect as it came about: cumulated day by day, and by days since the exposure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import special

from kindred.experiments.analysis import Metric, Settings, compare
from kindred.experiments.comparison import SMALLEST
from kindred.experiments.moments import Moments
from kindred.experiments.results import Result
from kindred.experiments.sequential import SoFar, so_far

Day = str  # any text that sorts by time, such as an ISO date


@dataclass(frozen=True)
class Look:
    """A result as of a day, and what all looks up to it say together.

    Parameters
    ----------
    result : Result
        Of all who were exposed up to `day`.
    so_far : SoFar or None
        None until there is a first test.
    """

    day: Day
    result: Result
    so_far: SoFar | None


def cumulative(
    metric: Metric, days: Mapping[Day, Mapping[str, Moments]], settings: Settings
) -> dict[str, list[Look]]:
    """Add up days in their order and read the result on each.

    Parameters
    ----------
    days : mapping of day to (variation to Moments)
        Of the units that were exposed first on that day: each unit is in one day.

    Returns
    -------
    dict of variation to looks
        In the order of days.
    """
    total: dict[str, Moments] = {}
    results: dict[str, list[tuple[Day, Result]]] = {}
    names = list(dict.fromkeys(arm for day in days.values() for arm in day))
    for day in sorted(days):
        for arm in names:
            found = days[day].get(arm, Moments.empty(metric.columns))
            total[arm] = total[arm] + found if arm in total else found
        for result in compare(metric, total, settings)[0]:
            results.setdefault(result.variation, []).append((day, result))
    return {arm: _looks(told) for arm, told in results.items()}


def _looks(told: Sequence[tuple[Day, Result]]) -> list[Look]:
    together = so_far([result.best.always for _, result in told])
    return [Look(day, result, told) for (day, result), told in zip(told, together, strict=True)]


def by_days_since(
    metric: Metric, days: Mapping[int, Mapping[str, Moments]], settings: Settings
) -> dict[str, list[tuple[int, Result]]]:
    """Compare what units did on the 0th, 1st, … day since they were exposed.

    Parameters
    ----------
    days : mapping of days since exposure to (variation to Moments)
        Of the units that were exposed at least that long ago, else the newest would count as idle.

    Notes
    -----
    The same units are in several days, so these results are no independent tests.
    """
    made: dict[str, list[tuple[int, Result]]] = {}
    for day in sorted(days):
        for result in compare(metric, days[day], settings)[0]:
            made.setdefault(result.variation, []).append((day, result))
    return made


@dataclass(frozen=True)
class Trend:
    """Whether the lift moves from cohort to cohort.

    Parameters
    ----------
    slope, standard_error : float
        A day, on the lift's scale.
    p_value : float
        Two-sided, of no trend.
    """

    slope: float
    standard_error: float
    p_value: float


def trend(results: Sequence[tuple[float, Result]]) -> Trend | None:
    """Fit a line through independent results by weighted least squares, weights 1/σ² known.

    A lift that fades points to novelty, one that grows to learning. Draper & Smith (1998),
    *Applied regression analysis*, 3rd ed., § 9.2.

    Parameters
    ----------
    results : sequence of (day, Result)
        Of cohorts that share no unit, such as those exposed on different days.
    """
    usable = [(float(day), r.plain.absolute) for day, r in results if r.plain.absolute.usable]
    if len({day for day, _ in usable}) < 2:
        return None
    weights = [lift.standard_error**-2 for _, lift in usable]
    total = sum(weights)
    pairs = list(zip(weights, usable, strict=True))
    centre = sum(w * day for w, (day, _) in pairs) / total
    level = sum(w * lift.value for w, (_, lift) in pairs) / total
    spread = sum(w * (day - centre) ** 2 for w, (day, _) in pairs)
    slope = sum(w * (day - centre) * (lift.value - level) for w, (day, lift) in pairs) / spread
    error = math.sqrt(1 / spread)
    p_value = max(min(2 * float(special.ndtr(-abs(slope) / error)), 1.0), SMALLEST)
    return Trend(slope, error, p_value)
