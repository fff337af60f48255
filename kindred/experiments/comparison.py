"""One arm against the control: the lift, absolute and relative, each with its own test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from scipy import special

from kindred.experiments.estimates import Estimate

Side = Literal["two-sided", "greater", "less"]

# The smallest number above zero: a p-value that no computer can write is given as this, not as 0.
SMALLEST: Final = 5e-324


def t_tail(t: float, degrees_of_freedom: float) -> float:
    """Chance of more than `t` under Student's distribution; never zero.

    Computed as the lower tail at −t, since 1 − cdf has no digits left beyond 1e-16.

    Examples
    --------
    >>> t_tail(0.0, 5.0), f"{t_tail(30.0, 1000.0):.4e}"
    (0.5, '7.6873e-142')
    """
    return max(float(special.stdtr(degrees_of_freedom, -t)), SMALLEST)


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
    def usable(self) -> bool:
        """Whether there is a test at all: a spread, and a difference."""
        return 0 < self.standard_error < math.inf and math.isfinite(self.value)

    @property
    def p_value(self) -> float:
        """Two-sided, by the survival function, so that a tiny one stays tiny."""
        return self.tail(0.0, "two-sided")

    def tail(self, null: float, side: Side) -> float:
        """Chance of a lift this far from `null`, on one side or both."""
        if not self.usable:
            return float("nan")
        t = (self.value - null) / self.standard_error
        if side == "two-sided":
            return min(1.0, 2 * t_tail(abs(t), self.degrees_of_freedom))
        return t_tail(t if side == "greater" else -t, self.degrees_of_freedom)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Two-sided confidence interval of level 1 − `alpha`."""
        reach = self.reach(alpha / 2)
        return (self.value - reach, self.value + reach)

    def reach(self, tail: float) -> float:
        """How far a bound lies off that leaves `tail` on its side."""
        if not self.usable:
            return float("nan")
        return float(-special.stdtrit(self.degrees_of_freedom, tail)) * self.standard_error

    @property
    def reversed(self) -> Lift:
        """The lift seen from the other side, for metrics that should fall."""
        return Lift(-self.value, self.standard_error, self.degrees_of_freedom)


NO_LIFT: Final = Lift(float("nan"), float("nan"), float("nan"))


def welch_degrees_of_freedom(control: Estimate, arm: Estimate) -> float:
    """Degrees of freedom for unequal variances.

    Welch (1947), *The generalization of “Student's” problem when several different population
    variances are involved*, Biometrika 34.
    """
    a, b = control.variance / control.n, arm.variance / arm.n
    if not a + b > 0:
        return float("nan")
    # In shares of the sum, since the squares of a small variance are no numbers any more.
    a, b = a / (a + b), b / (a + b)
    return 1 / (a * a / (control.n - 1) + b * b / (arm.n - 1))


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
    if base == 0 or not math.isfinite(base):
        return NO_LIFT
    value = (arm.value - control.value) / base
    if min(control.n, arm.n) < 2:
        return Lift(value, float("nan"), float("nan"))
    # In errors over the base: the fourth power of a small one is no number.
    error = math.hypot(
        arm.standard_error / base, control.standard_error / base * (arm.unadjusted / base)
    )
    return Lift(value, error, welch_degrees_of_freedom(control, arm))
