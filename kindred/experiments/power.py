"""How many units, how small an effect, how long: planning before and while it runs."""

from __future__ import annotations

import math

from scipy import stats


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
    z = float(stats.norm.isf(alpha / 2))
    return float(stats.norm.sf(z - effect / error) + stats.norm.sf(z + effect / error))


def smallest_detectable(
    variance: float, n_control: float, n_arm: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Give the minimum detectable effect: the absolute lift found with the given power."""
    error = math.sqrt(variance * (1 / n_control + 1 / n_arm))
    return (float(stats.norm.isf(alpha / 2)) + float(stats.norm.isf(1 - power))) * error


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
    z = float(stats.norm.isf(alpha / 2)) + float(stats.norm.isf(1 - power))
    per_unit = 1 / share_control + 1 / (1 - share_control)
    return math.ceil(z**2 * variance * per_unit / effect**2)
