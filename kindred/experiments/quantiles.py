"""Quantiles of events that belong to units: the value, and how sure it is with units as clusters.

The stated exception among summaries: two of them can't be added up, so each segment and each day
is summarised from its own rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from scipy import special

from kindred.experiments.moments import Moments

# Half of the interval that the spread of a quantile is read from, in standard deviations.
REACH: Final = float(-special.ndtri(0.025))

BELOW = "below"
EVENTS = "events"


def around(level: float, n: int) -> tuple[float, float]:
    """Levels between which the sample's quantiles enclose the true one at 95 %.

    By the binomial count of events below it: ``level ± z √(level (1 − level) / n)``.

    Examples
    --------
    >>> [round(end, 6) for end in around(0.5, 100)]
    [0.402002, 0.597998]
    """
    reach = REACH * math.sqrt(level * (1 - level) / n)
    return level - reach, level + reach


@dataclass(frozen=True)
class Quantile:
    """One quantile of one arm.

    Parameters
    ----------
    level : float
        Between 0 and 1; .9 is the value that nine in ten events stay below.
    value, lower, upper : float
        The sample's quantile at `level`, and at both ends of `around`.
    clusters : Moments
        Per unit, the columns "below" (events at or below `value`) and "events".
    """

    level: float
    value: float
    lower: float
    upper: float
    clusters: Moments

    @property
    def n(self) -> int:
        """Units."""
        return self.clusters.n

    @property
    def events(self) -> int:
        """Events of all units."""
        return round(self.clusters.mean(EVENTS) * self.n) if self.n else 0

    @property
    def supported(self) -> bool:
        """Whether there are enough events for both ends of the interval to exist."""
        if self.events == 0:
            return False
        low, high = around(self.level, self.events)
        return low > 0 and high < 1

    def variance(self) -> float:
        """Of one unit's contribution: the squared standard error times the number of units.

        The interval of independent events gives the density around the quantile; the ratio metric
        *share of events below it* says by how much units cluster. Deng, Knoblich & Lu (2018),
        *Applying the delta method in metric analytics*, KDD, § 4.
        """
        if not self.supported or self.n < 2:
            return float("nan")
        half = (self.upper - self.lower) / (2 * REACH)
        alone = half * half * (self.events - 1) / self.events
        binomial = self.level * (1 - self.level) / self.events
        share = self.clusters.mean(BELOW) / self.clusters.mean(EVENTS)
        spread = self.clusters.combination_variance({BELOW: 1.0, EVENTS: -share})
        clustered = spread / (self.n * self.clusters.mean(EVENTS) ** 2)
        return alone * clustered / binomial * self.n
