"""What was learnt of each arm: counts and sums that two machines can add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class BanditState:
    """Rewards so far, by arm.

    Parameters
    ----------
    arms : tuple of str
    plays, totals, squares : ndarray, shape (arms,), float64
        How often each arm was shown, the sum of its rewards and of their squares.

    Examples
    --------
    >>> state = BanditState.empty(["A", "B"]).learn("A", 1.0).learn("A", 0.0)
    >>> (state + state).means.tolist()[0], (state + state).plays.tolist()
    (0.5, [4.0, 0.0])
    """

    arms: tuple[str, ...]
    plays: Vector
    totals: Vector
    squares: Vector

    @classmethod
    def empty(cls, arms: Sequence[str]) -> BanditState:
        """Know nothing yet: the neutral element of addition."""
        k = len(arms)
        return cls(tuple(arms), np.zeros(k), np.zeros(k), np.zeros(k))

    @classmethod
    def of_rewards(cls, arms: Sequence[str], shown: ArrayLike, rewards: ArrayLike) -> BanditState:
        """Sum up many decisions.

        Parameters
        ----------
        shown : array of int, shape (n,)
            Places of the arms that were shown.
        rewards : array, shape (n,)
        """
        place = np.asarray(shown, dtype=np.intp)
        value = np.asarray(rewards, dtype=np.float64)
        k = len(arms)
        plays, totals, squares = (
            np.bincount(place, weights=weights, minlength=k).astype(np.float64)
            for weights in (np.ones(len(place)), value, value * value)
        )
        return cls(tuple(arms), plays, totals, squares)

    def __add__(self, other: BanditState) -> BanditState:
        if self.arms != other.arms:
            raise ValueError(f"arms differ: {self.arms} and {other.arms}")
        return BanditState(
            self.arms,
            self.plays + other.plays,
            self.totals + other.totals,
            self.squares + other.squares,
        )

    def learn(self, arm: str, reward: float) -> BanditState:
        """Add one reward."""
        return self + BanditState.of_rewards(self.arms, [self.arms.index(arm)], [reward])

    def with_arms(self, arms: Sequence[str]) -> BanditState:
        """Keep what is known of the arms named, in that order; new ones begin with nothing."""
        fresh = BanditState.empty(arms)
        for place, arm in enumerate(arms):
            if arm in self.arms:
                old = self.arms.index(arm)
                fresh.plays[place] = self.plays[old]
                fresh.totals[place] = self.totals[old]
                fresh.squares[place] = self.squares[old]
        return fresh

    @property
    def means(self) -> Vector:
        """Mean reward of each arm; zero where it was never shown."""
        return np.divide(self.totals, self.plays, out=np.zeros_like(self.totals),
                         where=self.plays > 0)  # fmt: skip

    @property
    def noise(self) -> float:
        """Standard deviation of rewards around their arm's mean, of all arms together."""
        freedom = float(np.maximum(self.plays - 1, 0).sum())
        if freedom <= 0:
            return float("nan")
        inner = self.squares - self.totals * self.means
        return float(np.sqrt(max(float(inner.sum()), 0.0) / freedom))
