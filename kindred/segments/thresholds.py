"""Where a percentile begins."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kindred.segments.operators import End


def threshold(values: NDArray[np.float64], end: End, percent: float) -> float | None:
    """Give the value at which the top or bottom `percent` of the known values begins.

    It is the k-th value from that end, k = ⌈percent · n / 100⌉ of n known values; everybody whose
    value is at least (at the bottom: at most) that is in, so that equal values fare alike and the
    group is never smaller than asked for.

    Parameters
    ----------
    values : array of shape (N,)
        NaN where unknown.

    Returns
    -------
    float or None
        None where no value is known. O(N).

    Examples
    --------
    >>> threshold(np.array([1, 2, 3, 3, np.nan]), "top", 25)
    3.0
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    k = -(-Fraction(str(percent)) * len(known) // 100)
    place = len(known) - k if end == "top" else k - 1
    place = min(max(int(place), 0), len(known) - 1)
    return float(np.partition(known, place)[place])
