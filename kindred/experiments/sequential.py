"""Always-valid inference: intervals and p-values that may be looked at every day.

Asymptotic confidence sequences of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2021), *Time-
uniform central limit theory and asymptotic confidence sequences*, arXiv:2103.06476 (numbers of
equations as in version 7).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from kindred.experiments.comparison import SMALLEST, Lift

DEFAULT_TUNING = 5000.0

Interval = tuple[float, float]


@lru_cache(maxsize=64)
def tightest_at(n: float, alpha: float) -> float:
    """Choose ρ so that the sequence is narrowest after about `n` units (eq. 161)."""
    spread = -2 * math.log(alpha)
    return math.sqrt((spread + math.log(spread + 1)) / n)


@dataclass(frozen=True)
class AlwaysValid:
    """A lift as it may be read at any time.

    Parameters
    ----------
    lift : Lift
    n : float
        Units of both arms.
    alpha : float
    tuning : float
        The number of units at which to be narrowest, chosen before the experiment.
    """

    lift: Lift
    n: float
    alpha: float = 0.05
    tuning: float = DEFAULT_TUNING

    def interval(self) -> tuple[float, float]:
        """Two-sided confidence sequence at this n (eq. 9)."""
        reach = self._deviation() * math.sqrt(
            2
            * (self._spread + 1)
            * math.log(math.sqrt(self._spread + 1) / self.alpha)
            / (self.n * self._spread)
        )
        return (self.lift.value - reach, self.lift.value + reach)

    def lower_bound(self) -> float:
        """One-sided lower confidence sequence at this n (proposition B.1)."""
        return self.lift.value - self._one_sided_reach()

    def upper_bound(self) -> float:
        """One-sided upper confidence sequence at this n (proposition B.1, mirrored)."""
        return self.lift.value + self._one_sided_reach()

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided always-valid p-value, one over the mixture's e-value (eq. 155)."""
        return max(math.exp(-max(self.log_e_value(null), 0.0)), SMALLEST)

    def log_e_value(self, null: float = 0.0) -> float:
        """Give the logarithm of the mixture's e-value: evidence against the lift being `null`.

        At whatever look, it is 1 or less on average where the lift is `null` (eq. 155).
        """
        z = (self.lift.value - null) / self.lift.standard_error
        # In logarithms, for a large one would overflow before it is turned over.
        return self._spread * (z * z) / (2 * (self._spread + 1)) - 0.5 * math.log1p(self._spread)

    def p_value_above(self, null: float = 0.0) -> float:
        """One-sided always-valid p-value, of the lift being `null` or less.

        The α at which :meth:`lower_bound` (proposition B.1, its ρ held) would come to `null`.
        """
        z = (self.lift.value - null) / self.lift.standard_error
        spread = self._one_sided_spread
        grown = z * z * spread / (2 * (spread + 1))
        if z <= 0 or grown < 1e-12:
            return 1.0
        # exp(x) − 1 in a form that a large x does not overflow.
        shrunk = math.exp(-grown) / -math.expm1(-grown)
        return max(min(math.sqrt(spread + 1) / 2 * shrunk, 1.0), SMALLEST)

    @property
    def reversed(self) -> AlwaysValid:
        """The lift seen from the other side, for metrics that should fall."""
        return replace(self, lift=self.lift.reversed)

    @property
    def _spread(self) -> float:
        return self.n * tightest_at(self.tuning, self.alpha) ** 2

    def _deviation(self) -> float:
        return self.lift.standard_error * math.sqrt(self.n)

    @property
    def _one_sided_spread(self) -> float:
        return self.n * tightest_at(self.tuning, 2 * self.alpha) ** 2

    def _one_sided_reach(self) -> float:
        spread = self._one_sided_spread
        return self._deviation() * math.sqrt(
            2
            * (spread + 1)
            * math.log1p(math.sqrt(spread + 1) / (2 * self.alpha))
            / (self.n * spread)
        )


@dataclass(frozen=True)
class SoFar:
    """What all looks up to this one say together.

    Parameters
    ----------
    interval : tuple of float
        Where the lift lies by every look's interval at once. The intervals hold at the same time,
        so their intersection does; should they not meet, the last one is given.
    p_value : float
        The smallest so far.
    decided_at : int or None
        The first look whose interval left zero out, counted from 0.
    """

    interval: Interval
    p_value: float
    decided_at: int | None


def so_far(looks: Sequence[AlwaysValid | None]) -> list[SoFar | None]:
    """Read one lift at look after look; a look without a test changes nothing."""
    told: list[SoFar | None] = []
    last: SoFar | None = None
    for place, look in enumerate(looks):
        if look is not None:
            last = _next(last, look, place)
        told.append(last)
    return told


def _next(last: SoFar | None, look: AlwaysValid, place: int) -> SoFar:
    low, high = here = look.interval()
    decided = None if low <= 0 <= high else place
    if last is None:
        return SoFar(here, look.p_value(), decided)
    low, high = max(low, last.interval[0]), min(high, last.interval[1])
    return SoFar(
        (low, high) if low <= high else here,
        min(look.p_value(), last.p_value),
        decided if last.decided_at is None else last.decided_at,
    )
