"""What a model is taught by: what people had dealt with before, and what they wanted then.

A model that is shown someone's whole history, and asked for the same history, learns to repeat it.
Taught by lessons it learns what a history says of what comes after, rebuying and first purchases
alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.dataset import Interactions
from kindred.recommend.splits import cut_in_time

WINDOWS: Final = 2  # lessons by time
SHARE: Final = 0.1  # of all interactions, that a window holds
KNOWN: Final = 0.5  # of a window's people with a history, for time to teach anything
FOLDS: Final = 2  # lessons by chance
LATELY: Final = 7.0  # days after which it counts half, for what is dealt with of late


@dataclass(frozen=True)
class Lesson:
    """One view back and ahead.

    Parameters
    ----------
    before : csr array of shape (U, I)
        Weights, decayed, as they stood.
    wanted : csr array of shape (U, I)
        Ones where somebody wanted an item then.
    """

    before: sparse.csr_array
    wanted: sparse.csr_array


def dealt_lately(rows: Interactions) -> NDArray[np.float32]:
    """Give how much each item is dealt with of late, 0 … 1: the root of what trends.

    The root, since the most common items would else leave all others alike.
    """
    sums = np.asarray(rows.matrix(half_life=LATELY).sum(axis=0), dtype=np.float32).ravel()
    return np.asarray(np.sqrt(sums / max(float(sums.max(initial=0.0)), 1e-12)))


def by_time(rows: Interactions, half_life: float | None) -> tuple[Lesson, ...]:
    """Take the last windows, each with what came before it; none where histories begin in them.

    Examples
    --------
    One item a day, of one person: the last two days are lessons.

    >>> days = np.arange(10) * 86_400.0
    >>> rows = Interactions(np.array(["a"]), np.arange(10).astype(str), np.zeros(10, int),
    ...     np.arange(10), days, np.ones(10))
    >>> [(lesson.before.nnz, lesson.wanted.indices.tolist()) for lesson in by_time(rows, None)]
    [(9, [9]), (8, [8])]
    """
    rows = rows.wanted()
    found: list[Lesson] = []
    left, share = rows, SHARE
    for _ in range(WINDOWS):
        cut = cut_in_time(left, share)
        late = left.time >= cut
        before, window = left.only(~late), left.only(late)
        if not len(before) or not len(window):
            break
        lesson = Lesson(before.matrix(as_of=cut, half_life=half_life), window.seen())
        known = np.diff(lesson.before.indptr) > 0
        if known[window.person].mean() < KNOWN:
            break
        found.append(lesson)
        left, share = before, share / (1.0 - share)
    return tuple(found)


def by_chance(matrix: sparse.csr_array, seed: int = 1) -> tuple[Lesson, ...]:
    """Part what is known by chance: each part is wanted by whoever has the others.

    Whoever has a single item is taught by it alone, without a history.
    """
    fold = np.random.default_rng(seed).integers(0, FOLDS, matrix.nnz)
    found = []
    for place in range(FOLDS):
        wanted = _only(matrix, fold == place)
        wanted.data = np.ones_like(wanted.data)
        if wanted.nnz:
            found.append(Lesson(_only(matrix, fold != place), wanted))
    return tuple(found)


def _only(matrix: sparse.csr_array, which: np.ndarray) -> sparse.csr_array:
    line = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[which]
    parts = (matrix.data[which].astype(np.float32), (line, matrix.indices[which]))
    return sparse.csr_array(parts, shape=matrix.shape)
