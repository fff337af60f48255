"""The Bayesian reading: chance to win, expected loss and a credible interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from kindred.experiments.comparison import Lift

Vector = NDArray[np.float64]

_SURE = 40.0  # deviations from zero, beyond which nothing is left in the other tail
_ROOT_TAU = math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Prior:
    """A normal belief about the lift.

    Parameters
    ----------
    mean, standard_deviation : float
        An infinite deviation is no belief at all.
    relative : bool
        Whether they are shares of the control's value, else on the metric's scale.
    """

    mean: float = 0.0
    standard_deviation: float = math.inf
    relative: bool = False

    def scaled(self, base: float) -> Prior:
        """Say the same on the metric's scale, for a control whose value is `base`.

        Shares of nothing say nothing.
        """
        if not self.relative or math.isinf(self.standard_deviation):
            return self
        if not self.standard_deviation * abs(base) > 0:
            return Prior()
        return Prior(self.mean * abs(base), self.standard_deviation * abs(base))

    def shared(self, base: float) -> Prior:
        """Say the same as a share of the control's value, which is above zero."""
        if self.relative or math.isinf(self.standard_deviation):
            return self
        return Prior(self.mean / base, self.standard_deviation / base, relative=True)

    @property
    def flat(self) -> bool:
        """Whether it says nothing."""
        return math.isinf(self.standard_deviation)

    def in_words(self) -> str:
        """Say it for people.

        Examples
        --------
        >>> Prior(0.0, 0.1, relative=True).in_words()
        'the change is believed to be 0 % ± 10 % of the control before anything is seen'
        >>> Prior().in_words()
        'nothing is believed of the change before anything is seen'
        """
        if self.flat:
            return "nothing is believed of the change before anything is seen"
        size = 100 if self.relative else 1
        unit = " %" if self.relative else ""
        told = f"{self.mean * size:g}{unit} ± {self.standard_deviation * size:g}{unit}"
        of = " of the control" if self.relative else ""
        return f"the change is believed to be {told}{of} before anything is seen"


@dataclass(frozen=True)
class Posterior:
    """What is believed of a lift once the data are seen; normal."""

    mean: float
    standard_deviation: float

    @property
    def chance_to_win(self) -> float:
        """Chance that the lift is above zero."""
        return float(special.ndtr(self.mean / self.standard_deviation))

    @property
    def expected_loss(self) -> float:
        """What choosing this arm costs on average, E[max(−lift, 0)], on the lift's scale."""
        z = self.mean / self.standard_deviation
        if abs(z) > _SURE:
            return max(-self.mean, 0.0)
        density, tail = math.exp(-z * z / 2) / _ROOT_TAU, float(special.ndtr(-z))
        return max(self.standard_deviation * (density - z * tail), 0.0)

    @property
    def reversed(self) -> Posterior:
        """The belief seen from the other side, for metrics that should fall."""
        return Posterior(-self.mean, self.standard_deviation)

    def interval(self, alpha: float) -> tuple[float, float]:
        """Central credible interval of mass 1 − `alpha`."""
        reach = float(-special.ndtri(alpha / 2)) * self.standard_deviation
        return (self.mean - reach, self.mean + reach)


def posterior(lift: Lift, prior: Prior | None = None) -> Posterior:
    """Weigh a lift with a prior by their precisions (normal–normal conjugacy).

    Gelman et al. (2013), *Bayesian Data Analysis*, 3rd ed., eq. 2.10.

    Examples
    --------
    >>> p = posterior(Lift(0.2, 0.1, 50.0), Prior(0.0, 0.1))
    >>> round(p.mean, 12), round(p.standard_deviation**2, 12)
    (0.1, 0.005)
    """
    if prior is None or math.isinf(prior.standard_deviation):
        return Posterior(lift.value, lift.standard_error)
    # In shares of the whole spread: squares of very small or large errors are no numbers.
    whole = math.hypot(lift.standard_error, prior.standard_deviation)
    drawn = (lift.standard_error / whole) ** 2
    mean = lift.value + drawn * (prior.mean - lift.value)
    smaller, larger = sorted((lift.standard_error, prior.standard_deviation))
    return Posterior(mean, smaller * (larger / whole))


@dataclass(frozen=True)
class BetaBelief:
    """A rate's Beta distribution."""

    successes: float  # α
    failures: float  # β

    @classmethod
    def after(cls, conversions: float, n: float, prior: BetaBelief | None = None) -> BetaBelief:
        """Update a prior (uniform unless given) by what was counted."""
        before = prior or cls(1.0, 1.0)
        return cls(before.successes + conversions, before.failures + n - conversions)

    @property
    def mean(self) -> float:
        """The rate that is expected."""
        return self.successes / (self.successes + self.failures)

    @property
    def spread(self) -> float:
        """Standard deviation of the rate's log-odds."""
        return math.sqrt(sum(special.zeta(2.0, part) for part in (self.successes, self.failures)))

    @property
    def reversed(self) -> BetaBelief:
        """The belief in the rate of failures."""
        return BetaBelief(self.failures, self.successes)


def beta_chance_and_loss(control: BetaBelief, arm: BetaBelief) -> tuple[float, float]:
    """Exact chance that the arm's rate is the higher, and the expected loss of choosing it.

    P(B > A) = E[F_A(B)] and E[max(A − B, 0)], as an integral over the narrower of both beliefs:
    given one rate, the other's part has a closed form, since x·Beta(α, β) is Beta(α + 1, β) but
    for its mean. Nothing is simulated.

    Returns
    -------
    chance, loss : float
        The loss is in rate, 0 … 1.

    Examples
    --------
    >>> same = BetaBelief(5.0, 5.0)
    >>> round(beta_chance_and_loss(same, same)[0], 12)
    0.5
    """
    a, b = (control.successes, control.failures), (arm.successes, arm.failures)
    if control.spread < arm.spread:
        x, other, weight = _rule(control)
        chance = special.betainc(b[1], b[0], other)  # of more than x
        loss = x * special.betainc(*b, x) - arm.mean * special.betainc(b[0] + 1, b[1], x)
    else:
        x, other, weight = _rule(arm)
        chance = special.betainc(*a, x)
        above = special.betainc(a[1], a[0], other)
        loss = control.mean * special.betainc(a[1], a[0] + 1, other) - x * above
    return float(min(weight @ chance, 1.0)), float(weight @ np.maximum(loss, 0.0))


def _rule(belief: BetaBelief) -> tuple[Vector, Vector, Vector]:
    """Points, one minus them, and weights of the trapezoidal rule on the log-odds.

    There a Beta density is analytic and falls off exponentially, where that rule converges
    geometrically (Trefethen & Weideman 2014, SIAM Review 56).
    """
    ends = (belief.successes, belief.failures, 1e-17)
    low = float(special.logit(special.betaincinv(*ends)))
    high = -float(special.logit(special.betaincinv(belief.failures, belief.successes, 1e-17)))
    step = min(belief.spread / 3, 0.25)
    y = np.linspace(low, high, max(2, math.ceil((high - low) / step)))
    logs = belief.successes * special.log_expit(y) + belief.failures * special.log_expit(-y)
    weights = np.exp(logs - logs.max())
    return special.expit(y), special.expit(-y), weights / weights.sum()
