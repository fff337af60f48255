"""Hold out what a model is judged by: the last of the time, some people whole, some items whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.dataset import DAY, Flags, Interactions

REPEATS: Final = 0.2  # of later rows that repeat an earlier one, from which on people rebuy


@dataclass(frozen=True)
class Split:
    """What a model may know, and what it is judged by.

    Parameters
    ----------
    train : Interactions
    positives : csr array of shape (U, I)
        Ones where somebody wanted an item later; with `repeats` also one that they knew.
    """

    train: Interactions
    positives: sparse.csr_array
    repeats: bool

    @property
    def judged(self) -> NDArray[np.int64]:
        """People with at least one positive."""
        return np.flatnonzero(np.diff(self.positives.indptr) > 0)

    @property
    def usable(self) -> bool:
        """Whether there is something to learn from, and somebody to judge by."""
        return bool(len(self.judged)) and len(self.train.wanted()) > 0

    @property
    def known(self) -> float:
        """The share of those judged of whom something is known."""
        known = np.bincount(self.train.wanted().person, minlength=len(self.train.people)) > 0
        return float(known[self.judged].mean()) if len(self.judged) else 0.0


def repeat_share(rows: Interactions) -> float:
    """Say how much of all later rows repeats what the same person dealt with on a day before.

    Examples
    --------
    >>> rows = Interactions(np.array(["a"]), np.array(["x", "y"]), np.array([0, 0, 0]),
    ...     np.array([0, 0, 1]), np.array([0.0, 2 * DAY, 3 * DAY]), np.ones(3))
    >>> repeat_share(rows)
    0.5
    """
    known = rows.wanted()
    day = np.floor(known.time / DAY).astype(np.int64)
    once = np.unique(np.stack([known.person, known.item, day]), axis=1)
    pairs = np.unique(once[:2], axis=1).shape[1]
    people = len(np.unique(once[0]))
    later = once.shape[1] - people
    return float(max(once.shape[1] - pairs, 0) / later) if later > 0 else 0.0


def cut_in_time(rows: Interactions, share: float) -> float:
    """Find the time after which `share` of all wanted rows lie.

    Where rows bear few different times it is put so that both sides hold something, if they can.
    """
    times = np.sort(rows.wanted().time)
    if not len(times):
        return 0.0
    at = float(times[min(int(len(times) * (1 - share)), len(times) - 1)])
    if at <= times[0]:
        later = times[times > times[0]]
        return float(later[0]) if len(later) else at
    return at


def temporal(rows: Interactions, cut: float, *, repeats: bool) -> Split:
    """Hold out all rows from a time on."""
    late = rows.time >= cut
    return Split(rows.only(~late), _positives(rows, late, repeats=repeats), repeats)


def last_of_each(rows: Interactions, *, repeats: bool) -> Split:
    """Hold out each person's last item, of those who have two: for rows without telling times."""
    known = np.flatnonzero(rows.weight > 0)
    order = known[np.lexsort((rows.item[known], rows.time[known], rows.person[known]))]
    person = rows.person[order]
    last = np.flatnonzero(np.append(person[1:] != person[:-1], [True] * bool(len(person))))
    counts = np.bincount(person, minlength=len(rows.people))
    held = np.zeros(len(rows), dtype=np.bool_)
    ends = order[last]
    held[ends[counts[rows.person[ends]] > 1]] = True
    return Split(rows.only(~held), _positives(rows, held, repeats=repeats), repeats)


def some_of_each(rows: Interactions, share: float, *, repeats: bool, seed: int = 1) -> Split:
    """Hold out some of each person's items, drawn, of those who have two: time plays no part."""
    pairs = np.unique(np.stack([rows.person, rows.item]), axis=1)
    drawn = np.random.default_rng(seed).uniform(size=pairs.shape[1]) < share
    counts = np.bincount(pairs[0], minlength=len(rows.people))
    taken = np.bincount(pairs[0], weights=drawn, minlength=len(rows.people))
    drawn &= (counts > taken)[pairs[0]]  # something must be left to know them by
    chosen = pairs[0][drawn] * len(rows.items) + pairs[1][drawn]
    held = np.isin(rows.person * len(rows.items) + rows.item, chosen)
    return Split(rows.only(~held), _positives(rows, held, repeats=repeats), repeats)


def first_items(
    rows: Interactions, most: int, *, repeats: bool, seed: int = 1
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Part what each dealt with into the first items and all that came after them.

    Those of one moment come in an order drawn by chance.

    Parameters
    ----------
    most : int
        How many items are the first.
    repeats : bool
        Whether a first item counts as wanted after it when it is dealt with again.

    Returns
    -------
    first, after : csr arrays of shape (U, I), of ones

    Examples
    --------
    Milk, bread, and milk again.

    >>> rows = Interactions(np.array(["a"]), np.array(["milk", "bread"]), np.zeros(3, int),
    ...     np.array([0, 1, 0]), np.arange(3) * DAY, np.ones(3))
    >>> [part.toarray().tolist() for part in first_items(rows, 1, repeats=True)]
    [[[1.0, 0.0]], [[1.0, 1.0]]]
    """
    rows = rows.wanted()
    chance = np.random.default_rng(seed).uniform(size=len(rows))
    ordered = rows.only(np.lexsort((chance, rows.time, rows.person)))
    pairs = ordered.person * len(rows.items) + ordered.item
    at = np.sort(np.unique(pairs, return_index=True)[1])  # where each met each item first
    starts = np.searchsorted(ordered.person[at], np.arange(len(rows.people)))
    early = at[np.arange(len(at)) - starts[ordered.person[at]] < most]
    first = np.zeros(len(ordered), dtype=np.bool_)
    first[early] = True
    later = ~first if repeats else ~np.isin(pairs, pairs[early])
    return ordered.only(first).seen(), ordered.only(later).seen()


def without_people(rows: Interactions, left_out: Flags) -> tuple[Interactions, sparse.csr_array]:
    """Leave people out whole: what is known of the others, and what those left out want."""
    mine = left_out[rows.person]
    return rows.only(~mine), _positives(rows, mine, repeats=True)


def without_items(rows: Interactions, left_out: Flags) -> tuple[Interactions, sparse.csr_array]:
    """Leave items out whole: what is known of the others, and who wants those left out."""
    mine = left_out[rows.item]
    return rows.only(~mine), _positives(rows, mine, repeats=True)


def _positives(rows: Interactions, held: Flags, *, repeats: bool) -> sparse.csr_array:
    wanted = rows.only(held & (rows.weight > 0))
    ones = wanted.seen()
    if repeats:
        return ones
    known = rows.only(~held).seen()
    left = sparse.csr_array(ones - ones.multiply(known))
    left.eliminate_zeros()
    return left
