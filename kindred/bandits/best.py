"""The chance that each of several uncertain quantities is the largest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
_STEPS = np.linspace(-9, 9, 25)


def normal_best(means: Vector, spreads: Vector) -> Vector:
    """Give P(Xᵢ > all others) of independent normal quantities.

    ∫ fᵢ ∏ⱼ≠ᵢ Fⱼ by Gauss–Legendre quadrature on pieces no longer than ¾ of any deviation.

    Examples
    --------
    >>> normal_best(np.array([0.0, 1.0]), np.array([1.0, 1.0])).round(6).tolist()  # Φ(1/√2)
    [0.23975, 0.76025]
    """

    def below(x: Vector) -> Vector:
        return np.asarray(special.log_ndtr((x - means[:, None]) / spreads[:, None]))

    def density(x: Vector) -> Vector:
        z = (x - means[:, None]) / spreads[:, None]
        return -0.5 * z * z - np.log(spreads)[:, None]

    return _best(means[:, None] + spreads[:, None] * _STEPS, below, density)


def beta_best(successes: Vector, failures: Vector) -> Vector:
    """Give P(Xᵢ > all others) of independent Beta quantities, integrated over their log-odds.

    Examples
    --------
    >>> beta_best(np.array([1.0, 2.0]), np.array([2.0, 1.0])).round(9).tolist()
    [0.166666667, 0.833333333]
    """
    a, b = successes[:, None], failures[:, None]
    centre = special.digamma(successes) - special.digamma(failures)
    spread = np.sqrt(special.zeta(2, successes) + special.zeta(2, failures))

    def below(y: Vector) -> Vector:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(special.betainc(a, b, special.expit(y))))

    def density(y: Vector) -> Vector:
        norm = special.betaln(a, b)
        return np.asarray(a * special.log_expit(y) + b * special.log_expit(-y) - norm)

    # Exponential tails reach further than a normal's: the steps grow outwards.
    reach = np.sign(_STEPS) * np.expm1(np.abs(_STEPS) / 4) * 4
    return _best(centre[:, None] + spread[:, None] * reach, below, density)


def _best(
    cuts: Vector, below: Callable[[Vector], Vector], density: Callable[[Vector], Vector]
) -> Vector:
    k = len(cuts)
    if k == 1:
        return np.ones(1)
    edges = np.unique(cuts)
    half = np.diff(edges)[:, None] / 2
    x = (edges[:-1, None] + half * (_NODES + 1)).ravel()
    w = (half * _WEIGHTS).ravel()
    logs = below(x)
    # Arms that are far behind have no chance anywhere: −∞ less −∞ would be no number.
    total = logs.sum(axis=0)
    others = np.where(np.isfinite(logs), total - np.where(np.isfinite(logs), logs, 0.0), -np.inf)
    found = np.exp(density(x) + others) @ w
    return np.asarray(found / found.sum())
