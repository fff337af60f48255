"""Decisions as they are made and logged: the arm, and the probability it was shown with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kindred.bandits.policies import Policy, propensities
from kindred.bandits.state import BanditState, Vector


@dataclass(frozen=True)
class Decision:
    """One arm shown to one person."""

    arm: str
    propensity: float


@dataclass(frozen=True, eq=False)
class Chooser:
    """A policy's probabilities for one state, ready for any number of decisions.

    A serving process makes one whenever it takes up a newer state; between two of them all
    decisions have the same, known probabilities.
    """

    arms: tuple[str, ...]
    propensities: Vector
    edges: Vector

    @classmethod
    def of(
        cls, policy: Policy, state: BanditState, floor: float | Mapping[str, float] = 0.0
    ) -> Chooser:
        """Work the probabilities out."""
        p = propensities(policy, state, floor)
        edges = np.cumsum(p)
        edges[-1] = 1.0
        return cls(state.arms, p, edges)

    def decide(self, draw: float) -> Decision:
        """Choose by a number between 0 and 1: random, or a person's bucket, which is sticky."""
        place = min(int(np.searchsorted(self.edges, draw, side="right")), len(self.arms) - 1)
        return Decision(self.arms[place], float(self.propensities[place]))

    def decide_many(self, n: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], Vector]:
        """Choose for many at once.

        Returns
        -------
        places, propensities : ndarray, shape (n,)
        """
        if len(self.arms) == 1:
            places = np.zeros(n, dtype=np.intp)
        else:
            draws = rng.random(n)
            places = np.zeros(n, dtype=np.intp)
            for edge in self.edges[:-1]:  # a few comparisons a decision beat a search
                places += draws >= edge
        return places, self.propensities[places]
