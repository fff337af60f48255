"""The best k items of a factor model for many people, as quick as two cores can.

Blocks of people meet all items in one product of matrices (the items' bias folded in as a column),
what was seen is crossed out, and NumPy's partition picks the best. Threads each take a block with
one BLAS thread: two BLAS threads inside one block halve the speed on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.forms import Factors

BLOCK: Final = 64  # people: their scores of 20,000 items are 5 MB, about what a core's cache holds
AHEAD: Final = 4  # blocks a thread may be ahead of whoever takes them

Places = NDArray[np.int32]
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Ranker:
    """A factor model, laid out for ranking.

    Parameters
    ----------
    people : array of shape (U, d)
        Float32; may be memory-mapped.
    items : array of shape (d + 1, I)
        Vectors of items as columns, their biases below.
    """

    people: NDArray[np.floating[Any]]
    items: Scores

    @classmethod
    def of(cls, form: Factors) -> Ranker:
        """Lay a form out; a person's own bias moves no list and is left out."""
        bias = np.asarray(form.bias, dtype=np.float32)[None, :]
        vectors = np.asarray(form.items, dtype=np.float32).T
        return cls(form.people, np.ascontiguousarray(np.concatenate([vectors, bias])))

    def top(
        self, rows: NDArray[np.integer[Any]], k: int, barred: sparse.csr_array | None = None
    ) -> tuple[Places, Scores]:
        """Rank one block.

        Parameters
        ----------
        barred : csr array of shape (n, I), optional
            What each of `rows` may not be shown.

        Returns
        -------
        places, scores : arrays of shape (n, k)
            Best first; −1 and −inf where nothing is left to show.
        """
        vectors = np.asarray(self.people[rows], dtype=np.float32)
        ones = np.ones((len(vectors), 1), dtype=np.float32)
        # Negative, so that the smallest are best and nothing is negated again.
        scores = np.concatenate([-vectors, -ones], axis=1) @ self.items
        if barred is not None:
            line = np.repeat(np.arange(len(rows)), np.diff(barred.indptr))
            scores[line, barred.indices] = np.inf
        width = min(k, scores.shape[1])
        line = np.arange(len(rows))[:, None]
        chosen = np.argpartition(scores, width - 1, axis=1)[:, :width]
        order = np.argsort(scores[line, chosen], axis=1, kind="stable")
        places = np.take_along_axis(chosen, order, axis=1).astype(np.int32)
        values = -scores[line, places]
        places[np.isneginf(values)] = -1
        if width < k:
            short = ((0, 0), (0, k - width))
            places = np.pad(places, short, constant_values=-1)
            values = np.pad(values, short, constant_values=-np.inf)
        return places, values


def top_k(
    ranker: Ranker, k: int, seen: sparse.csr_array | None = None, *, threads: int = 2
) -> Iterator[tuple[slice, Places, Scores]]:
    """Rank everybody, block by block and in order; memory does not grow with their number.

    Parameters
    ----------
    seen : csr array of shape (U, I), optional
        What each person may not be shown.

    Yields
    ------
    people, places, scores
        The rows of a block, and what :meth:`Ranker.top` gives for them.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    total = len(ranker.people)
    blocks = (slice(start, min(start + BLOCK, total)) for start in range(0, total, BLOCK))

    def rank(block: slice) -> tuple[slice, Places, Scores]:
        rows = np.arange(block.start, block.stop)
        return (block, *ranker.top(rows, k, None if seen is None else _rows(seen, block)))

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(rank, block) for block in islice(blocks, threads * AHEAD)]
        while waiting:
            done = waiting.pop(0).result()
            waiting += [pool.submit(rank, block) for block in islice(blocks, 1)]
            yield done


def _rows(matrix: sparse.csr_array, block: slice) -> sparse.csr_array:
    """Cut rows out of a CSR array without copying more than their own entries."""
    start, end = int(matrix.indptr[block.start]), int(matrix.indptr[block.stop])
    starts = matrix.indptr[block.start : block.stop + 1] - start
    shape = (block.stop - block.start, matrix.shape[1])
    parts = (matrix.data[start:end], matrix.indices[start:end], starts)
    return sparse.csr_array(parts, shape=shape, copy=False)
