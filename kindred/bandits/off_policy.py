"""What another policy would have earned, judged from decisions that were logged.

Dudík, Langford & Li (2011), *Doubly robust policy evaluation and learning*, ICML; Swaminathan &
Joachims (2015), *The self-normalized estimator for counterfactual learning*, NIPS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from kindred.errors import UserError
from kindred.experiments.caveats import Caveat

Vector = NDArray[np.float64]

LEAST_SHARE: Final = 0.1  # of decisions that still count
LEAST_SIZE: Final = 100
LARGEST_WEIGHT: Final = 0.05  # of the sum of all weights

POOR_OVERLAP = Caveat(
    "poor_overlap",
    "DO NOT RELY ON THIS. The logged decisions hardly ever did what the new policy would do: of "
    "{n} decisions {size} count, and one of them alone makes up {largest} of the weight. Log with "
    "a higher floor, or judge a policy that is closer to the old one.",
)
NO_SUPPORT = Caveat(
    "no_support",
    "DO NOT RELY ON THIS. The new policy shows arms that were never logged: {mass} of its "
    "decisions are not judged at all.",
)
WRONG_PROPENSITIES = Caveat(
    "wrong_propensities",
    "The weights' mean is {mean}, and should be 1: the logged propensities are not those that "
    "decisions were made with.",
)


@dataclass(frozen=True)
class Value:
    """Mean reward of a policy, estimated."""

    value: float
    standard_error: float

    def interval(self, alpha: float = 0.05) -> tuple[float, float]:
        """Confidence interval of level 1 − `alpha`, normal."""
        reach = float(-special.ndtri(alpha / 2)) * self.standard_error
        return (self.value - reach, self.value + reach)


@dataclass(frozen=True)
class Evaluation:
    """All estimates of one policy, and how far they can be trusted.

    Parameters
    ----------
    ips, snips : Value
        Inverse propensity weights; the same divided by their sum: a little biased, far steadier.
    direct, doubly_robust : Value or None
        A model's rewards; the same, mended by the weighted errors of the model.
    effective_size : float
        (Σw)² / Σw²: as many decisions of the new policy itself would say as much (Kish 1965).
    caveats : tuple of Caveat
    """

    n: int
    ips: Value
    snips: Value
    direct: Value | None
    doubly_robust: Value | None
    effective_size: float
    caveats: tuple[Caveat, ...]

    @property
    def best(self) -> Value:
        """The estimate to show: doubly robust where there is a model."""
        return self.doubly_robust or self.snips


def evaluate(
    shown: ArrayLike,
    rewards: ArrayLike,
    logged: ArrayLike,
    target: ArrayLike,
    model: ArrayLike | None = None,
) -> Evaluation:
    """Judge a policy by logged decisions of another.

    Parameters
    ----------
    shown : array of int, shape (n,)
        Places of the arms that were shown.
    rewards : array, shape (n,)
    logged : array, shape (n,)
        Probability with which each was shown.
    target : array, shape (n, arms)
        The new policy's probabilities.
    model : array, shape (n, arms), optional
        Predicted rewards, from a model that did not see these decisions.

    Raises
    ------
    UserError
        Propensities outside of (0, 1], or arrays that do not fit.
    """
    place = np.asarray(shown, dtype=np.intp)
    reward, propensity = (np.asarray(one, dtype=np.float64) for one in (rewards, logged))
    wanted = np.asarray(target, dtype=np.float64)
    predicted = None if model is None else np.asarray(model, dtype=np.float64)
    _check(place, reward, propensity, wanted, predicted)
    rows = np.arange(len(place))
    weights = wanted[rows, place] / propensity
    direct = robust = None
    if predicted is not None:
        expected = (wanted * predicted).sum(axis=1)
        direct = _mean(expected)
        robust = _mean(expected + weights * (reward - predicted[rows, place]))
    total = float(weights.sum())
    size = total**2 / float((weights**2).sum()) if total > 0 else 0.0
    return Evaluation(
        len(place),
        _mean(weights * reward),
        _self_normalised(weights, reward),
        direct,
        robust,
        size,
        tuple(_doubts(place, weights, wanted, size)),
    )


def _mean(values: Vector) -> Value:
    return Value(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)))


def _self_normalised(weights: Vector, reward: Vector) -> Value:
    """Ratio of two means, its error by the delta method (Owen 2013, *Monte Carlo theory*, 9.2)."""
    total = float(weights.sum())
    if not total > 0:
        return Value(float("nan"), float("nan"))
    value = float(weights @ reward) / total
    return Value(value, math.sqrt(float((weights**2) @ (reward - value) ** 2)) / total)


def _doubts(place: NDArray[np.intp], weights: Vector, wanted: Vector, size: float) -> list[Caveat]:
    n, total = len(weights), float(weights.sum())
    said = []
    never = np.setdiff1d(np.arange(wanted.shape[1]), place)
    mass = float(wanted[:, never].sum() / n)
    if mass > 1e-9:
        said.append(_filled(NO_SUPPORT, mass=f"{mass:.1%}"))
    largest = float(weights.max()) / total if total > 0 else 1.0
    if size < LEAST_SHARE * n or size < min(LEAST_SIZE, n) or largest > LARGEST_WEIGHT:
        text = {"n": f"{n:,}", "size": f"{size:,.0f}", "largest": f"{largest:.1%}"}
        said.append(_filled(POOR_OVERLAP, **text))
    error = float(weights.std(ddof=1)) / math.sqrt(n)
    off = abs(float(weights.mean()) - (1 - mass))
    if off > 5 * error + 1e-9:
        said.append(_filled(WRONG_PROPENSITIES, mean=f"{weights.mean():.3f}"))
    return said


def _filled(caveat: Caveat, **words: str) -> Caveat:
    return Caveat(caveat.code, caveat.message.format(**words), "policy")


def _check(
    place: NDArray[np.intp],
    reward: Vector,
    propensity: Vector,
    wanted: Vector,
    predicted: Vector | None,
) -> None:
    n = len(place)
    if n < 2:
        raise UserError("There are fewer than two decisions.", "Log some more.")
    if len(reward) != n or len(propensity) != n or wanted.ndim != 2 or len(wanted) != n:
        raise UserError("The logs are not equally long.", "Give one row a decision.")
    if predicted is not None and predicted.shape != wanted.shape:
        raise UserError("The model's rewards don't fit.", "Give one for each decision and arm.")
    if not np.isfinite(reward).all():
        raise UserError("A reward is no finite number.", "Leave such decisions out.")
    if not ((propensity > 0) & (propensity <= 1)).all():
        raise UserError(
            "A logged propensity is not above 0 and up to 1.",
            "Log the probability that each decision was made with.",
        )
    if (place < 0).any() or (place >= wanted.shape[1]).any():
        raise UserError("A decision shows an arm that is not there.", "Number arms from 0.")
    if (wanted < -1e-12).any() or (np.abs(wanted.sum(axis=1) - 1) > 1e-6).any():
        raise UserError("The policy's probabilities don't add up to 1.", "Mend them.")
