"""What a metric comes to in one arm: a value and its standard error, from moments."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from kindred.experiments.moments import Moments
from kindred.experiments.quantiles import Quantile

VALUE = "value"
DENOMINATOR = "denominator"


class MetricKind(StrEnum):
    """How a metric is made of its units' numbers."""

    MEAN = "mean"  # one number a unit
    PROPORTION = "proportion"  # 0 or 1 a unit
    RATIO = "ratio"  # a sum over a sum, such as clicks a view
    RETENTION = "retention"  # 0 or 1 a unit whose window has passed; the others have no value
    QUANTILE = "quantile"  # of all events, units being clusters

    @property
    def is_rate(self) -> bool:
        """Whether a unit's number is 0 or 1."""
        return self in {MetricKind.PROPORTION, MetricKind.RETENTION}


@dataclass(frozen=True)
class Estimate:
    """A metric in one arm.

    Parameters
    ----------
    n : int
        Units.
    value : float
        The point estimate, adjusted where covariates were used.
    variance : float
        Of one unit's contribution: the estimate's own variance is ``variance / n``.
    unadjusted : float
        The point estimate before any adjustment; the base of relative lifts.
    """

    n: int
    value: float
    variance: float
    unadjusted: float

    @property
    def standard_error(self) -> float:
        """Standard deviation of the estimate."""
        return math.sqrt(self.variance / self.n) if self.n else float("nan")


def influence(moments: Moments, kind: MetricKind) -> dict[str, float]:
    """Weights that turn a unit's columns into its influence on the estimate.

    A mean's influence is the value itself. A ratio R = M/D has, by the delta method,
    ``(value − R · denominator) / D̄`` (Deng et al. 2018, *Applying the delta method in metric
    analytics*, KDD, eq. 2).
    """
    if kind is not MetricKind.RATIO:
        return {VALUE: 1.0}
    bottom = moments.mean(DENOMINATOR)
    ratio = moments.mean(VALUE) / bottom
    return {VALUE: 1.0 / bottom, DENOMINATOR: -ratio / bottom}


Summary = Moments | Quantile


def estimate(moments: Summary, kind: MetricKind) -> Estimate:
    """Estimate a metric without adjustment.

    Notes
    -----
    A proportion's variance is p(1 − p), as in the score test; a mean's the sample variance.
    A value that cannot be had (no unit, a zero denominator, a rate above 1) is not a number.
    """
    nan = float("nan")
    nothing = Estimate(moments.n, nan, nan, nan)
    if moments.n == 0:
        return nothing
    if isinstance(moments, Quantile):
        return Estimate(moments.n, moments.value, moments.variance(), moments.value)
    mean = moments.mean(VALUE)
    if kind.is_rate:
        fits = 0 <= mean <= 1
        return Estimate(moments.n, mean, mean * (1 - mean), mean) if fits else nothing
    if kind is MetricKind.MEAN:
        return Estimate(moments.n, mean, moments.variance(VALUE), mean)
    if moments.mean(DENOMINATOR) == 0:
        return nothing
    ratio = mean / moments.mean(DENOMINATOR)
    variance = moments.combination_variance(influence(moments, kind))
    return Estimate(moments.n, ratio, variance, ratio)


@dataclass(frozen=True)
class Adjustment:
    """A regression on covariates from before the experiment, fitted over all arms (CUPED).

    Parameters
    ----------
    theta : mapping
        Coefficient of each covariate.
    centre : mapping
        Mean of each covariate over all arms, so that adjusted values keep their scale.
    explained : float
        Share of the variance that the covariates take away, 0 … 1.
    """

    theta: Mapping[str, float]
    centre: Mapping[str, float]
    explained: float = field(default=0.0)


def fit_adjustment(
    pooled: Moments, kind: MetricKind, covariates: Sequence[str]
) -> Adjustment | None:
    """Fit θ = Σₓₓ⁻¹ Σₓᵧ over all arms together.

    Deng, Xu, Kohavi & Walker (2013), *Improving the sensitivity of online controlled experiments
    by utilizing pre-experiment data*, WSDM, eq. 4; with several covariates the least-squares
    coefficients, and for a ratio its influence takes the value's place (§ 4.2 of Deng et al. 2018).

    Returns
    -------
    Adjustment or None
        None where no covariate varies: there is nothing to adjust by.
    """
    if pooled.n < 3 or (kind is MetricKind.RATIO and pooled.mean(DENOMINATOR) == 0):
        return None
    weights = influence(pooled, kind)
    sxx = np.array([[pooled.covariance(a, b) for b in covariates] for a in covariates])
    sxy = np.array(
        [sum(w * pooled.covariance(c, x) for c, w in weights.items()) for x in covariates]
    )
    outcome = pooled.combination_variance(weights)
    if not np.all(np.isfinite(sxx)) or not np.any(np.diag(sxx) > 0) or not outcome > 0:
        return None
    # Collinear covariates share their coefficient instead of blowing it up.
    theta = np.linalg.pinv(sxx, hermitian=True) @ sxy if len(sxx) > 1 else sxy / sxx[0]
    return Adjustment(
        dict(zip(covariates, theta.tolist(), strict=True)),
        {x: pooled.mean(x) for x in covariates},
        float(np.clip(theta @ sxy / outcome, 0, 1)),
    )


def adjusted_estimate(moments: Moments, kind: MetricKind, adjustment: Adjustment) -> Estimate:
    """Estimate a metric less what the covariates foretold."""
    raw = estimate(moments, kind)
    if not math.isfinite(raw.value):
        return raw
    shift = sum(
        theta * (moments.mean(x) - adjustment.centre[x]) for x, theta in adjustment.theta.items()
    )
    weights = influence(moments, kind) | {x: -theta for x, theta in adjustment.theta.items()}
    variance = moments.combination_variance(weights)
    if kind.is_rate:
        # A proportion's own variance has divisor n, here as without adjustment.
        variance += raw.variance - moments.variance(VALUE)
    return Estimate(moments.n, raw.value - shift, max(variance, 0.0), raw.value)
