"""Nearest neighbours of people, found once and used for the projection and for carrying over."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
CELLS = 128  # of the coarse grid that a search for others goes through
CELLS_SEARCHED = 16
EXACT_UP_TO = 5_000


class Neighbours:
    """The k nearest of each of a set of people, and a way to ask for those of others.

    Within the set the search is exact: n² distances, a second for 20,000 people. Others are looked
    for in the nearest eighth of the set's cells (inverted file; Johnson, Douze & Jégou 2019,
    *Billion-scale similarity search with GPUs*, § 2). Compiled code throughout: no wait for a JIT.

    Parameters
    ----------
    matrix : ndarray, shape (n, F), float32
    k : int
        Neighbours of each, itself included as the first.
    """

    def __init__(self, matrix: Matrix, k: int) -> None:
        self._matrix = np.ascontiguousarray(matrix, dtype=np.float32)
        self._exact = faiss.IndexFlatL2(matrix.shape[1])
        self._exact.add(self._matrix)
        self._cells: faiss.IndexIVFFlat | None = None
        self.k = min(k, len(matrix))
        self.ids, self.distances = _oneself_first(*self._search(self._exact, self._matrix, self.k))

    def query(self, others: Matrix, k: int) -> tuple[NDArray[np.int32], Matrix]:
        """Find the `k` nearest of each of other people; shapes (m, k)."""
        wanted = np.ascontiguousarray(others, dtype=np.float32)
        k = min(k, len(self._matrix))
        if len(self._matrix) <= EXACT_UP_TO:
            return self._search(self._exact, wanted, k)
        if self._cells is None:
            self._cells = self._grid()
        return self._search(self._cells, wanted, k)

    def _grid(self) -> faiss.IndexIVFFlat:
        width = self._matrix.shape[1]
        grid = faiss.IndexIVFFlat(faiss.IndexFlatL2(width), width, CELLS)
        grid.train(self._matrix)  # its k-means starts from a fixed seed
        grid.add(self._matrix)
        grid.nprobe = CELLS_SEARCHED
        return grid

    @staticmethod
    def _search(index: faiss.Index, wanted: Matrix, k: int) -> tuple[NDArray[np.int32], Matrix]:
        squares, ids = index.search(wanted, k)
        return ids.astype(np.int32), np.sqrt(np.maximum(squares, 0.0))


def _oneself_first(ids: NDArray[np.int32], distances: Matrix) -> tuple[NDArray[np.int32], Matrix]:
    """Put each person first among its neighbours, even where a twin is as near."""
    own = np.arange(len(ids), dtype=np.int32)
    place = np.where((ids == own[:, None]).any(axis=1), (ids == own[:, None]).argmax(axis=1), -1)
    ids, distances = ids.copy(), distances.copy()
    for row in np.flatnonzero(place != 0):
        last = place[row] if place[row] > 0 else ids.shape[1] - 1
        ids[row, 1 : last + 1] = ids[row, :last]
        distances[row, 1 : last + 1] = distances[row, :last]
        ids[row, 0], distances[row, 0] = row, 0.0
    return ids, distances
