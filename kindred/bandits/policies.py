"""Policies: with what probability each arm is shown next, given what was learnt.

A policy is asked for probabilities, not for an arm: so what is logged with a decision is the
probability it was really made with, and a thousand decisions cost as much as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kindred.bandits.best import beta_best, normal_best
from kindred.bandits.state import BanditState, Vector
from kindred.errors import UserError


class Policy(Protocol):
    """How arms are chosen."""

    def shares(self, state: BanditState) -> Vector:
        """Give each arm's probability, before any floor; they add up to one."""
        ...


@dataclass(frozen=True)
class EpsilonGreedy:
    """The best so far, but any arm with probability ε (Sutton & Barto 2018, § 2.2).

    Arms that were never shown count as 0, as do their ties: each of the best has an equal part.
    """

    epsilon: float = 0.1

    def shares(self, state: BanditState) -> Vector:
        """ε/k for all, and 1 − ε for the best."""
        means = state.means
        best = means == means.max()
        parts: Vector = best / best.sum()
        return self.epsilon / len(means) + (1 - self.epsilon) * parts


@dataclass(frozen=True)
class Ucb1:
    """The highest upper bound, mean + α √(2 ln t / n) (Auer, Cesa-Bianchi & Fischer 2002, fig. 1).

    Arms never shown come first, in their order.
    """

    alpha: float = 1.0

    def bounds(self, state: BanditState) -> Vector:
        """Give each arm's upper bound; infinite where it was never shown."""
        total = max(float(state.plays.sum()), 1.0)
        seen = state.plays > 0
        reach = np.full(len(state.plays), np.inf)
        reach[seen] = self.alpha * np.sqrt(2 * np.log(total) / state.plays[seen])
        bounds: Vector = state.means + reach
        return bounds

    def shares(self, state: BanditState) -> Vector:
        """One for the first of the highest."""
        chosen = np.zeros(len(state.arms))
        chosen[int(np.argmax(self.bounds(state)))] = 1.0
        return chosen


@dataclass(frozen=True)
class ThompsonBeta:
    """Each arm as often as it is believed to be the best; rewards 0 or 1.

    Thompson (1933), Biometrika 25; Chapelle & Li (2011), *An empirical evaluation of Thompson
    sampling*, NIPS. Beliefs are Beta(successes + plays that paid, failures + the others).
    """

    successes: float = 1.0
    failures: float = 1.0

    def beliefs(self, state: BanditState) -> tuple[Vector, Vector]:
        """Give α and β of each arm."""
        return self.successes + state.totals, self.failures + (state.plays - state.totals)

    def shares(self, state: BanditState) -> Vector:
        """Chance of being the best, exactly."""
        return beta_best(*self.beliefs(state))


@dataclass(frozen=True)
class ThompsonGaussian:
    """The same for rewards of any size: normal beliefs about the means.

    Agrawal & Goyal (2013), *Further optimal regret bounds for Thompson sampling*, AISTATS, alg. 2,
    with the prior's and the rewards' spread as parameters.

    Parameters
    ----------
    mean, spread : float
        The prior's mean and standard deviation.
    noise : float, optional
        Standard deviation of a reward around its arm's mean; as seen so far unless given.
    """

    mean: float = 0.0
    spread: float = 1.0
    noise: float | None = None

    def beliefs(self, state: BanditState) -> tuple[Vector, Vector]:
        """Give mean and standard deviation of each arm."""
        noise = state.noise if self.noise is None else self.noise
        if not noise > 0:  # nothing seen yet, or always the same
            noise = self.spread
        precision = state.plays / noise**2 + 1 / self.spread**2
        means = (state.totals / noise**2 + self.mean / self.spread**2) / precision
        return means, 1 / np.sqrt(precision)

    def shares(self, state: BanditState) -> Vector:
        """Chance of being the best, exactly."""
        return normal_best(*self.beliefs(state))


@dataclass(frozen=True)
class TopTwo:
    """Thompson sampling that also asks the runner-up, to find the best arm sooner.

    Russo (2020), *Simple Bayesian algorithms for best-arm identification*, Operations Research 68,
    § 3.1: with probability `leader` the sampled arm, else sampled anew until another comes up.
    """

    base: ThompsonBeta | ThompsonGaussian = field(default_factory=ThompsonBeta)
    leader: float = 0.5

    def shares(self, state: BanditState) -> Vector:
        """ψⱼ = pⱼ (β + (1 − β) Σᵢ≠ⱼ pᵢ / (1 − pᵢ))."""
        p = self.base.shares(state)
        if len(p) < 2:
            return p
        rest = np.maximum(1 - p, 1e-300)
        odds = p / rest
        others = odds.sum() - odds
        # An arm that is all but sure leaves the resampling to the others, by their own parts.
        second = np.where(p > 1 - 1e-12, 0.0, p * others)
        second = second / second.sum() if second.sum() > 0 else np.full(len(p), 1 / len(p))
        return self.leader * p + (1 - self.leader) * second


def propensities(
    policy: Policy, state: BanditState, floor: float | Mapping[str, float] = 0.0
) -> Vector:
    """Give each arm's probability of being shown, none below its floor.

    The floors are set aside first, and the policy shares out the rest, so that every arm can be
    judged afterwards from what was logged.

    Raises
    ------
    UserError
        Floors below zero, or that add up to more than one.

    Examples
    --------
    >>> state = BanditState.of_rewards(["A", "B"], [0, 0, 1], [1, 1, 0])
    >>> propensities(EpsilonGreedy(0.1), state, floor=0.1).round(4).tolist()
    [0.86, 0.14]
    """
    if isinstance(floor, Mapping):
        least = np.array([floor.get(arm, 0.0) for arm in state.arms])
    else:
        least = np.full(len(state.arms), float(floor))
    if (least < 0).any() or least.sum() > 1 + 1e-12:
        raise UserError(
            f"Floors of {', '.join(f'{x:g}' for x in least)} can't be kept.",
            "Give floors from 0 that add up to 1 at most.",
        )
    shares: Vector = least + (1 - least.sum()) * policy.shares(state)
    return shares
