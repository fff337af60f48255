"""Score all items for many people at once: what :mod:`~kindred.recommend.forms` does for one.

A block's scores are those that each form gives person by person; a test holds them equal. Memory is
people of a block × items × 4 bytes, so callers go through people in blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

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

CELLS: Final = 24_000_000  # scores of a block: about 100 MB


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


def block_scores(form: Form, crowd: Crowd) -> NDArray[np.float32]:
    """Score all items for each, shape (n, I); NaN rows where the form has nothing to say."""
    found = _scores(form, crowd)
    return np.asarray(found, dtype=np.float32)


def _scores(form: Form, crowd: Crowd) -> Floats:
    some = np.diff(crowd.history.indptr) > 0
    if isinstance(form, Popular):
        return _popular(form, crowd)
    if isinstance(form, Personal):
        return _where(some, crowd.history.toarray())
    if isinstance(form, Neighbours):
        return _where(some, (crowd.history @ form.weights).toarray())
    if isinstance(form, Content):
        total = np.asarray(crowd.history.sum(axis=1)).ravel()
        profile = sparse.csr_array(crowd.history @ form.rows)
        scaled = sparse.diags_array(1.0 / np.where(total > 0, total, 1.0)) @ profile
        return _where(some, (scaled @ form.rows.T).toarray())
    if isinstance(form, Factors):
        return _factors(form, crowd)
    return np.stack([_alone(form, crowd.who(place)) for place in range(len(crowd))])


def _popular(form: Popular, crowd: Crowd) -> Floats:
    place = {name: row for row, name in enumerate(form.names)}
    person, group = [], []
    for trait, values in crowd.features.items():
        for value in {value for value in values if value is not None}:
            row = place.get(f"{trait}={value}")
            if row is not None:
                mine = np.flatnonzero(values == value)
                person.append(mine)
                group.append(np.full(len(mine), row))
    found = np.repeat(np.asarray(form.everybody)[None, :], len(crowd), axis=0)
    if not person:
        return found
    rows, columns = np.concatenate(person), np.concatenate(group)
    member = sparse.csr_array(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(crowd), len(form.names))
    )
    count = np.asarray(member.sum(axis=1)).ravel()
    inside = np.flatnonzero(count > 0)
    found[inside] = (member[inside] @ np.asarray(form.groups)) / count[inside, None]
    return found


def _factors(form: Factors, crowd: Crowd) -> Floats:
    vectors = np.full((len(crowd), form.items.shape[1]), np.nan, dtype=np.float32)
    known = crowd.rows >= 0
    vectors[known] = form.people[crowd.rows[known]]
    for place in np.flatnonzero(~known):
        vector = form.vector(crowd.who(int(place)))
        if vector is not None:
            vectors[place] = vector
    return np.asarray(vectors @ np.asarray(form.items).T + np.asarray(form.bias))


def _where(some: NDArray[np.bool_], scores: Floats) -> Floats:
    found = np.asarray(scores, dtype=np.float32)
    found[~some] = np.nan
    return found


def _alone(form: Form, who: Who) -> Floats:
    found = form.scores(who)
    assert found is not None
    return found
