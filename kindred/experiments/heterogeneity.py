"""Do segments respond differently? One test of that first, then each segment's own effect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from kindred.experiments.comparison import SMALLEST, Lift
from kindred.experiments.sequential import AlwaysValid


@dataclass(frozen=True)
class Interaction:
    """Cochran's Q over the segments' lifts.

    Parameters
    ----------
    statistic : float
        Σ wᵢ(lᵢ − l̄)², with wᵢ the lifts' precisions.
    degrees_of_freedom : int
    p_value : float
        Small where the segments differ by more than chance.
    always_p_value : float
        The same question where it is asked every day; by e-values, not by Q.
    adjusted_p_value, always_adjusted_p_value : float
        Corrected over all such tests of one analysis.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    always_p_value: float = math.nan
    adjusted_p_value: float = math.nan
    always_adjusted_p_value: float = math.nan


def interaction(lifts: Sequence[Lift], looked: Sequence[AlwaysValid | None] = ()) -> Interaction:
    """Test whether independent levels share one lift.

    Cochran (1954), *The combination of estimates from different experiments*, Biometrics 10.
    Levels without an interval take no part.

    Parameters
    ----------
    lifts : sequence of Lift
        Of each level.
    looked : sequence of AlwaysValid or None
        The same as they may be looked at every day.
    """
    usable = [lift for lift in lifts if lift.usable]
    if len(usable) < 2:
        return Interaction(math.nan, 0, math.nan)
    least = min(lift.standard_error for lift in usable)
    # Against the smallest error: the square of a tiny one is no number.
    weights = [(least / lift.standard_error) ** 2 for lift in usable]
    pairs = list(zip(weights, usable, strict=True))
    common = sum(w * lift.value for w, lift in pairs) / sum(weights)
    distances = [(lift.value - common) / lift.standard_error for lift in usable]
    q = sum(z * z for z in distances)
    freedom = len(usable) - 1
    p_value = max(float(special.chdtrc(freedom, q)), SMALLEST)
    always = [one for one in looked if one is not None]
    return Interaction(q, freedom, p_value, _always(always, len(looked)))


def _always(levels: Sequence[AlwaysValid], asked: int) -> float:
    """Ask whether any level's lift is not that of all others, at whatever look.

    Each level against the others together gives an e-value. The mean of e-values is one, however
    they depend on one another (Vovk & Wang 2021, *E-values: calibration, combination and
    applications*, Annals of Statistics 49, § 3), so one over it is a p-value at every look at once.

    Parameters
    ----------
    asked : int
        How many levels there are; those without an interval bet nothing, an e-value of 1.
    """
    if len(levels) < 2:
        return math.nan
    n = sum(level.n for level in levels)
    logs = [0.0] * (asked - len(levels))
    for place, level in enumerate(levels):
        others = _together([one.lift for i, one in enumerate(levels) if i != place])
        error = math.hypot(level.lift.standard_error, others.standard_error)
        apart = Lift(level.lift.value - others.value, error, math.inf)
        logs.append(AlwaysValid(apart, n, level.alpha, level.tuning).log_e_value())
    largest = max(logs)
    mean = largest + math.log(sum(math.exp(log - largest) for log in logs) / asked)
    return max(math.exp(-max(mean, 0.0)), SMALLEST)


def _together(lifts: Sequence[Lift]) -> Lift:
    """Weigh independent lifts by their precisions."""
    least = min(lift.standard_error for lift in lifts)
    weights = [(least / lift.standard_error) ** 2 for lift in lifts]
    total = sum(weights)
    value = sum(w * lift.value for w, lift in zip(weights, lifts, strict=True)) / total
    return Lift(value, least / math.sqrt(total), math.inf)
