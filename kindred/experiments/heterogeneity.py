"""Do segments respond differently? One test of that first, then each segment's own effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from kindred.experiments.comparison import SMALLEST, Lift


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
    adjusted_p_value : float
        Corrected over all such tests of one analysis.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float
    adjusted_p_value: float = float("nan")


def interaction(lifts: Sequence[Lift]) -> Interaction:
    """Test whether independent segments share one lift.

    Cochran (1954), *The combination of estimates from different experiments*, Biometrics 10.
    Segments without an interval take no part.
    """
    usable = [lift for lift in lifts if lift.usable]
    if len(usable) < 2:
        return Interaction(float("nan"), 0, float("nan"))
    least = min(lift.standard_error for lift in usable)
    # Against the smallest error: the square of a tiny one is no number.
    weights = [(least / lift.standard_error) ** 2 for lift in usable]
    pairs = list(zip(weights, usable, strict=True))
    common = sum(w * lift.value for w, lift in pairs) / sum(weights)
    distances = [(lift.value - common) / lift.standard_error for lift in usable]
    q = sum(z * z for z in distances)
    freedom = len(usable) - 1
    return Interaction(q, freedom, max(float(special.chdtrc(freedom, q)), SMALLEST))
