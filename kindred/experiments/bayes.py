"""The Bayesian reading: chance to win, expected loss and a credible interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kindred.experiments.comparison import Lift


@dataclass(frozen=True)
class Prior:
    """A normal belief about the lift, on the lift's own scale."""

    mean: float = 0.0
    standard_deviation: float = math.inf  # infinite: no belief


@dataclass(frozen=True)
class Posterior:
    """What is believed of a lift once the data are seen; normal."""

    mean: float
    standard_deviation: float

    @property
    def chance_to_win(self) -> float:
        """Chance that the lift is above zero."""
        return float(stats.norm.sf(0, self.mean, self.standard_deviation))

    @property
    def expected_loss(self) -> float:
        """What choosing this arm costs on average, E[max(−lift, 0)], on the lift's scale."""
        z = self.mean / self.standard_deviation
        density, tail = float(stats.norm.pdf(z)), float(stats.norm.sf(z))
        return self.standard_deviation * density - self.mean * tail

    def interval(self, alpha: float) -> tuple[float, float]:
        """Central credible interval of mass 1 − `alpha`."""
        reach = float(stats.norm.isf(alpha / 2)) * self.standard_deviation
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
    data, belief = lift.standard_error**-2, prior.standard_deviation**-2
    precision = data + belief
    mean = (data * lift.value + belief * prior.mean) / precision
    return Posterior(mean, precision**-0.5)


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


def beta_chance_and_loss(control: BetaBelief, arm: BetaBelief) -> tuple[float, float]:
    """Exact chance that the arm's rate is the higher, and the expected loss of choosing it.

    P(B > A) = ∫ f_B F_A and E[max(A − B, 0)] = ∫ F_B (1 − F_A), both by Gauss–Legendre quadrature
    over where either has mass (nothing is simulated).

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
    a = stats.beta(control.successes, control.failures)
    b = stats.beta(arm.successes, arm.failures)
    tiny = 1e-16
    ends = (min(a.ppf(tiny), b.ppf(tiny)), max(a.isf(tiny), b.isf(tiny)))
    # Pieces between both distributions' quantiles keep the quadrature where the mass is.
    inner = np.concatenate([d.ppf(np.linspace(0.001, 0.999, 65)) for d in (a, b)])
    cuts = np.unique(np.clip(np.concatenate([ends, inner]), *ends))
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(cuts)[:, None] / 2
    x = cuts[:-1, None] + half * (nodes + 1)
    w = half * weights
    chance = float(np.sum(w * b.pdf(x) * a.cdf(x)))
    loss = float(np.sum(w * b.cdf(x) * a.sf(x)))
    return min(max(chance, 0.0), 1.0), max(loss, 0.0)
