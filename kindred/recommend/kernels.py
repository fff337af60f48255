"""Loops over scores, compiled: where one pass does what takes NumPy many arrays.

They let go of Python's lock, so threads run them side by side, and are compiled once an
installation. Nothing that a screen or the API imports reaches this module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Loop = TypeVar("Loop", bound=Callable[..., Any])
Numbers = NDArray[np.integer[Any]]
Scores = NDArray[np.float32]


def compiled(loop: Loop) -> Loop:
    """Compile, keep what was compiled, and run without Python's lock."""
    return cast("Loop", numba.njit(cache=True, nogil=True)(loop))


@compiled
def add_rows(
    starts: Numbers,
    columns: Numbers,
    weights: Scores,
    own_starts: Numbers,
    own_columns: Numbers,
    own_values: Scores,
    found: Scores,
) -> None:
    """Add up a product of two CSR arrays into a dense array, shape (n, I)."""
    for row in range(len(starts) - 1):
        for each in range(starts[row], starts[row + 1]):
            middle, weight = columns[each], weights[each]
            for own in range(own_starts[middle], own_starts[middle + 1]):
                found[row, own_columns[own]] += weight * own_values[own]


@compiled
def add_scaled(
    scores: Scores, middle: Scores, factor: Scores, rows: Numbers, total: Scores
) -> None:
    """Add scores, less the middle of each row and times its factor, to some rows of a total."""
    for place in range(len(rows)):
        own, into = scores[place], total[rows[place]]
        less, times = middle[place], factor[place]
        if times != 0:  # else a row that says nothing, perhaps NaN
            for item in range(len(own)):
                into[item] += (own[item] - less) * times


@compiled
def likeness_within(
    lists: Numbers,
    starts: Numbers,
    columns: Numbers,
    values: NDArray[np.floating[Any]],
    together: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """Sum, for each list, the products of all ordered pairs of its rows in a CSR array.

    From the length of the rows' sum: |Σ v|² = Σ |v|² + Σ v·w. Negative places hold nothing.

    Parameters
    ----------
    together : array of shape (T,)
        Zeros, to work in; zeros again afterwards.
    found : array of shape (n,)
    """
    for row in range(len(lists)):
        lengths = 0.0
        for place in lists[row]:
            if place >= 0:
                for each in range(starts[place], starts[place + 1]):
                    lengths += values[each] * values[each]
                    together[columns[each]] += values[each]
        whole = 0.0
        for place in lists[row]:
            if place >= 0:
                for each in range(starts[place], starts[place + 1]):
                    whole += together[columns[each]] ** 2
                    together[columns[each]] = 0.0
        found[row] = whole - lengths
