"""Score all items for many people at once: what :mod:`~kindred.recommend.forms` does for one.

A block's scores are those that each form gives person by person; a test holds them equal. Memory is
people of a block × items × 4 bytes, so callers go through people in blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.forms import (
    Content,
    Factors,
    Floats,
    Form,
    Neighbours,
    Personal,
    Popular,
    Who,
)
from kindred.recommend.kernels import add_rows

CELLS: Final = 24_000_000  # scores of a block: about 100 MB
_TURNED: Final = 1024  # items whose scores are turned from columns to rows at once, in the cache
AHEAD: Final = 4  # blocks a thread may be ahead of whoever takes them

Made = TypeVar("Made")


@dataclass(frozen=True)
class Crowd:
    """People to recommend to.

    Parameters
    ----------
    rows : array of int, shape (n,)
        Their rows in the models; −1 for somebody that the models were not fitted with.
    history : csr array of shape (n, I)
        What they dealt with, weighed.
    features : mapping of trait to array of shape (n,)
        Texts; None where not known.
    """

    rows: NDArray[np.int64]
    history: sparse.csr_array
    features: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count them."""
        return len(self.rows)

    def part(self, which: slice | NDArray[np.int64]) -> Crowd:
        """Take some of them."""
        chosen = {name: values[which] for name, values in self.features.items()}
        rows = np.arange(len(self.rows))[which]
        return Crowd(self.rows[which], sparse.csr_array(self.history[rows]), chosen)

    def slice(self, block: slice) -> Crowd:
        """Take those who stand together, without copying what is known of them."""
        chosen = {name: values[block] for name, values in self.features.items()}
        return Crowd(self.rows[block], rows_of(self.history, block), chosen)

    def who(self, place: int) -> Who:
        """Give one of them alone."""
        start, end = self.history.indptr[place], self.history.indptr[place + 1]
        known = {n: str(v[place]) for n, v in self.features.items() if v[place] is not None}
        row = int(self.rows[place])
        weights = np.asarray(self.history.data[start:end], dtype=np.float64)
        return Who(row if row >= 0 else None, self.history.indices[start:end], weights, known)


def in_blocks(crowd: Crowd) -> Iterator[slice]:
    """Part people so that a block's scores take bounded memory."""
    size = max(1, min(2048, CELLS // max(crowd.history.shape[1], 1)))
    for start in range(0, len(crowd), size):
        yield slice(start, min(start + size, len(crowd)))


def over_blocks(
    total: int, size: int, work: Callable[[slice], Made], *, threads: int = 2
) -> Iterator[Made]:
    """Do a work for each block of people, in threads, and give what came of each in order.

    Each thread has one BLAS thread, and no more than a few blocks are worked on ahead of whoever
    takes them, so memory does not grow with the number of people.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    blocks = (slice(start, min(start + size, total)) for start in range(0, total, size))
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work, block) for block in islice(blocks, threads * AHEAD)]
        while waiting:
            done = waiting.pop(0).result()
            waiting += [pool.submit(work, block) for block in islice(blocks, 1)]
            yield done


def rows_of(matrix: sparse.csr_array, block: slice) -> sparse.csr_array:
    """Cut rows out of a CSR array without copying more than their own entries."""
    start, end = int(matrix.indptr[block.start]), int(matrix.indptr[block.stop])
    starts = matrix.indptr[block.start : block.stop + 1] - start
    shape = (block.stop - block.start, matrix.shape[1])
    parts = (matrix.data[start:end], matrix.indices[start:end], starts)
    return sparse.csr_array(parts, shape=shape, copy=False)


def block_scores(form: Form, crowd: Crowd) -> NDArray[np.float32]:
    """Score all items for each, shape (n, I); rows of NaN where the form has nothing to say.

    Where everybody gets the same, it is one row, broadcast, that may not be written to.
    """
    found = _scores(form, crowd)
    return np.asarray(found, dtype=np.float32)


def _scores(form: Form, crowd: Crowd) -> Floats:
    some = np.diff(crowd.history.indptr) > 0
    if isinstance(form, Popular):
        return _popular(form, crowd)
    if isinstance(form, Factors):
        return _factors(form, crowd)
    history = crowd.history.astype(np.float32)
    if isinstance(form, Personal):
        return _where(some, history.toarray())
    if isinstance(form, Neighbours):
        return _where(some, _neighbours(form, history))
    if isinstance(form, Content):
        return _where(some, _content(form, history))
    return np.stack([_alone(form, crowd.who(place)) for place in range(len(crowd))])


def _popular(form: Popular, crowd: Crowd) -> Floats:
    place = {name: row for row, name in enumerate(form.names)}
    member = [
        [place.get(f"{trait}={value}", -1) for value in values]
        for trait, values in crowd.features.items()
    ]
    # Few are as many different people as there are combinations of groups.
    kinds, kind = np.unique(
        np.array(member, dtype=np.int64).reshape(len(member), len(crowd)),
        axis=1,
        return_inverse=True,
    )
    table = np.empty((kinds.shape[1], len(form.everybody)), dtype=np.float32)
    for at, groups in enumerate(kinds.T):
        own = groups[groups >= 0]
        table[at] = form.groups[own].mean(axis=0) if len(own) else form.everybody
    if len(table) == 1:
        return np.broadcast_to(table, (len(crowd), table.shape[1]))
    return table[kind.ravel()]


def _neighbours(form: Neighbours, history: sparse.csr_array) -> Floats:
    found = np.zeros(history.shape, dtype=np.float32)
    own = form.weights
    values = np.asarray(own.data, dtype=np.float32)
    before = (history.indptr, history.indices, history.data)
    add_rows(*before, own.indptr, own.indices, values, found)
    return found


def _content(form: Content, history: sparse.csr_array) -> Floats:
    total = np.asarray(history.sum(axis=1)).ravel()
    profile = sparse.csr_array(history @ form.rows)
    scaled = sparse.diags_array(1.0 / np.where(total > 0, total, 1.0)) @ profile
    # Common words are in most profiles, so that these are dense in all but name.
    wide = np.asarray(scaled.T.toarray(order="C"), dtype=np.float32)
    found = np.empty(history.shape, dtype=np.float32)
    for start in range(0, found.shape[1], _TURNED):
        some = slice(start, min(start + _TURNED, found.shape[1]))
        found[:, some] = (rows_of(form.rows, some) @ wide).T
    return found


def _factors(form: Factors, crowd: Crowd) -> Floats:
    vectors = np.full((len(crowd), form.items.shape[1]), np.nan, dtype=np.float32)
    known = crowd.rows >= 0
    vectors[known] = form.people[crowd.rows[known]]
    for place in np.flatnonzero(~known):
        vector = form.vector(crowd.who(int(place)))
        if vector is not None:
            vectors[place] = vector
    found = vectors @ np.asarray(form.items, dtype=np.float32).T
    if np.any(form.bias):
        found += np.asarray(form.bias, dtype=np.float32)
    return found


def _where(some: NDArray[np.bool_], scores: Floats) -> Floats:
    found = np.asarray(scores, dtype=np.float32)
    found[~some] = np.nan
    return found


def _alone(form: Form, who: Who) -> Floats:
    found = form.scores(who)
    assert found is not None
    return found
