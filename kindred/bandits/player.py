"""A bandit that learns after every single decision, for simulations and quick feedback.

It draws instead of working probabilities out: a Thompson sample takes microseconds, the exact
chance of being best a millisecond. What is logged can still be had from `propensities`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from kindred.bandits.policies import (
    EpsilonGreedy,
    Policy,
    ThompsonBeta,
    ThompsonGaussian,
    TopTwo,
    Ucb1,
    propensities,
)
from kindred.bandits.state import BanditState, Vector


class Player:
    """One bandit at play.

    Parameters
    ----------
    rng : numpy Generator
        Where chance comes from.
    floor : float
        Least probability of each arm.
    """

    def __init__(
        self, policy: Policy, arms: Sequence[str], rng: np.random.Generator, floor: float = 0.0
    ) -> None:
        k = len(arms)
        self.policy, self.arms, self.floor = policy, tuple(arms), floor
        self._rng, self._explored = rng, k * floor
        # Lists: Python reads single numbers of them several times as quickly as of arrays.
        self._plays, self._totals, self._squares = [0.0] * k, [0.0] * k, [0.0] * k
        self._means = [0.0] * k
        self._time = 0
        self._wins, self._losses = [1.0] * k, [1.0] * k
        self._draw = self._sampler(policy)

    @property
    def state(self) -> BanditState:
        """What was learnt so far."""
        lists = (self._plays, self._totals, self._squares)
        return BanditState(self.arms, *(np.array(one) for one in lists))

    def propensities(self) -> Vector:
        """Give the probabilities that the next decision is made with."""
        return propensities(self.policy, self.state, self.floor)

    def choose(self) -> int:
        """Give the place of the arm to show next."""
        if self._explored and self._rng.random() < self._explored:
            return self._any()
        return self._draw()

    def learn(self, arm: int, reward: float) -> None:
        """Take a reward in."""
        self._time += 1
        n = self._plays[arm] = self._plays[arm] + 1
        total = self._totals[arm] = self._totals[arm] + reward
        self._squares[arm] += reward * reward
        self._means[arm] = total / n
        self._wins[arm] += reward
        self._losses[arm] += 1 - reward

    def _sampler(self, policy: Policy) -> Callable[[], int]:
        match policy:
            case EpsilonGreedy():
                return partial(self._greedy, policy.epsilon)
            case Ucb1():
                return partial(self._highest_bound, policy.alpha)
            case ThompsonBeta():
                self._wins = [policy.successes] * len(self.arms)
                self._losses = [policy.failures] * len(self.arms)
                return self._sampled_rate
            case ThompsonGaussian():
                return partial(self._sampled_mean, policy)
            case TopTwo():
                return partial(self._one_of_two, policy, self._sampler(policy.base))
        return self._by_shares

    def _any(self) -> int:
        return int(self._rng.random() * len(self.arms))

    def _greedy(self, epsilon: float) -> int:
        if self._rng.random() < epsilon:
            return self._any()
        best = max(self._means)
        if self._means.count(best) == 1:
            return self._means.index(best)
        ties = [i for i, mean in enumerate(self._means) if mean == best]
        return ties[int(self._rng.random() * len(ties))]

    def _highest_bound(self, alpha: float) -> int:
        if 0.0 in self._plays:
            return self._plays.index(0.0)
        reach = alpha * math.sqrt(2 * math.log(self._time))
        bounds = [m + reach / n**0.5 for m, n in zip(self._means, self._plays, strict=True)]
        return bounds.index(max(bounds))

    def _sampled_rate(self) -> int:
        beta = self._rng.beta
        drawn = [beta(win, lose) for win, lose in zip(self._wins, self._losses, strict=True)]
        return drawn.index(max(drawn))

    def _sampled_mean(self, policy: ThompsonGaussian) -> int:
        means, spreads = policy.beliefs(self.state)
        return int((means + spreads * self._rng.standard_normal(len(means))).argmax())

    def _one_of_two(self, policy: TopTwo, draw: Callable[[], int]) -> int:
        """Draw; else draw until another arm comes up, by the exact chances if that takes long."""
        leader = draw()
        if len(self.arms) == 1 or self._rng.random() < policy.leader:
            return leader
        for _ in range(20):
            if (arm := draw()) != leader:
                return arm
        others = np.array(policy.base.shares(self.state))
        others[leader] = 0.0
        if not others.sum() > 0:
            others = (np.arange(len(others)) != leader).astype(np.float64)
        return int(self._rng.choice(len(others), p=others / others.sum()))

    def _by_shares(self) -> int:
        return int(self._rng.choice(len(self.arms), p=self.policy.shares(self.state)))
