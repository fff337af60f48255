"""Winsorising: extreme values are drawn in to a percentile, the same for all arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Winsor:
    """Percentiles beyond which values are drawn in.

    They are taken over all arms together: limits of an arm's own would let the treatment move
    them (Deng & Shi 2016, *Data-driven metric development for online controlled experiments*, KDD,
    § 4.2; Dixon 1960, Ann. Math. Statist. 31).

    Parameters
    ----------
    lower, upper : float
        Shares, 0 … 1: 0 and 1 leave an end as it is.
    """

    lower: float = 0.0
    upper: float = 1.0

    def limits(self, values: ArrayLike) -> tuple[float, float]:
        """Give both limits: quantiles by linear interpolation (Hyndman & Fan's type 7).

        Examples
        --------
        >>> Winsor(upper=0.75).limits([1.0, 2.0, 3.0, 4.0, 100.0])
        (1.0, 4.0)
        """
        low, high = np.quantile(np.asarray(values, dtype=np.float64), [self.lower, self.upper])
        return float(low), float(high)

    def clip(self, values: ArrayLike) -> NDArray[np.float64]:
        """Draw values in.

        Examples
        --------
        >>> [float(v) for v in Winsor(upper=0.75).clip([1.0, 2.0, 3.0, 4.0, 100.0])]
        [1.0, 2.0, 3.0, 4.0, 4.0]
        """
        return np.clip(np.asarray(values, dtype=np.float64), *self.limits(values))
