"""One arm against the control: the lift, absolute and relative, each with its own test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from kindred.experiments.estimates import Estimate


@dataclass(frozen=True)
class Lift:
    """A difference, its uncertainty and whether chance alone would explain it.

    Parameters
    ----------
    value : float
    standard_error : float
    degrees_of_freedom : float
        Welch–Satterthwaite's; infinite for a normal test.
    """

    value: float
    standard_error: float
    degrees_of_freedom: float

    @property
    def p_value(self) -> float:
        """Two-sided, by the survival function, so that a tiny one stays tiny."""
        return self.tail(0.0, "two-sided")

    def tail(self, null: float, side: str) -> float:
        """Chance of a lift this far from `null`, on one side or both.

        Parameters
        ----------
        side : {"two-sided", "greater", "less"}
        """
        if not self.standard_error > 0:
            return float("nan")
        t = (self.value - null) / self.standard_error
        if side == "two-sided":
            return float(min(1.0, 2 * stats.t.sf(abs(t), self.degrees_of_freedom)))
        tail = stats.t.sf if side == "greater" else stats.t.cdf
        return float(tail(t, self.degrees_of_freedom))

    def interval(self, alpha: float) -> tuple[float, float]:
        """Two-sided confidence interval of level 1 − `alpha`."""
        if not self.standard_error > 0:
            return (float("nan"), float("nan"))
        reach = float(stats.t.isf(alpha / 2, self.degrees_of_freedom)) * self.standard_error
        return (self.value - reach, self.value + reach)


def welch_degrees_of_freedom(control: Estimate, arm: Estimate) -> float:
    """Degrees of freedom for unequal variances.

    Welch (1947), *The generalization of “Student's” problem when several different population
    variances are involved*, Biometrika 34.
    """
    a, b = control.variance / control.n, arm.variance / arm.n
    below = a * a / (control.n - 1) + b * b / (arm.n - 1)
    return (a + b) ** 2 / below if below > 0 else float("nan")


def absolute_lift(control: Estimate, arm: Estimate) -> Lift:
    """Arm minus control."""
    if min(control.n, arm.n) < 2:
        return Lift(arm.value - control.value, float("nan"), float("nan"))
    error = math.sqrt(control.variance / control.n + arm.variance / arm.n)
    return Lift(arm.value - control.value, error, welch_degrees_of_freedom(control, arm))


def relative_lift(control: Estimate, arm: Estimate) -> Lift:
    """Arm minus control, over the control, which keeps its sign.

    By the delta method: Var ≈ σ²ᵦ/(μ²ₐ nᵦ) + σ²ₐ μ²ᵦ/(μ⁴ₐ nₐ) (Deng et al. 2018, § 3.1). Its
    p-value is not the absolute lift's, for the control is uncertain here as well.
    """
    base = control.unadjusted
    if base == 0 or not math.isfinite(base) or min(control.n, arm.n) < 2:
        return Lift(float("nan"), float("nan"), float("nan"))
    variance = arm.variance / (base**2 * arm.n)
    variance += control.variance * arm.unadjusted**2 / (base**4 * control.n)
    return Lift(
        (arm.value - control.value) / base,
        math.sqrt(variance),
        welch_degrees_of_freedom(control, arm),
    )
