"""Onboarding: which question tells most of somebody new, given what they answered already.

A question offers some groups of items; its answer is the one they care for most, or none. Known
people stand in for the new one: each answer says whom among them the new person is like, and the
question is best whose answers part those people's tastes most (a regression tree grown as it is
asked, after Golbandi, Koren & Lempel 2011, https://doi.org/10.1145/1935826.1935910).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHOICES: Final = 3
_SHORTLIST: Final = 12
_LEAST: Final = 0.02  # of a taste, for a group to be cared for at all
_UNLIKE: Final = 0.1  # what counts somebody who would have answered otherwise
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tastes:
    """What known people care for.

    Parameters
    ----------
    shares : array of shape (U, G)
        Of each person's history in each group, adding up to at most 1.
    """

    shares: Floats

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return int(self.shares.shape[1])


def tastes(
    starts: NDArray[np.integer[Any]],
    places: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]],
    group_of: NDArray[np.integer[Any]],
    groups: int,
) -> Tastes:
    """Sum up histories by group.

    Parameters
    ----------
    starts, places, weights
        Rows by person, as in :class:`~kindred.recommend.exported.History`.
    group_of : array of shape (I,)
        The group of each item; −1 for none.
    """
    people = len(starts) - 1
    row = np.repeat(np.arange(people), np.diff(starts))
    group = group_of[places]
    there = group >= 0
    sums = np.bincount(
        row[there] * groups + group[there],
        weights=np.asarray(weights, dtype=np.float64)[there],
        minlength=people * groups,
    ).reshape(people, groups)
    total = sums.sum(axis=1, keepdims=True)
    return Tastes(sums / np.where(total > 0, total, 1.0))


def answer_of(known: Tastes, question: Sequence[int]) -> NDArray[np.int64]:
    """Say what each known person would answer: the place of a choice, or −1 for none.

    Examples
    --------
    >>> answer_of(Tastes(np.array([[0.5, 0.1], [0.0, 0.0]])), [0, 1]).tolist()
    [0, -1]
    """
    offered = known.shares[:, list(question)]
    relative = offered / np.maximum(known.shares.mean(axis=0)[list(question)], 1e-12)
    best = relative.argmax(axis=1)
    return np.where(offered.max(axis=1) >= _LEAST, best, -1).astype(np.int64)


def alike(known: Tastes, answers: Mapping[tuple[int, ...], int]) -> Floats:
    """Weigh known people by how far they would have answered the same, adding up to 1."""
    weights = np.ones(len(known.shares))
    for question, answer in answers.items():
        weights *= np.where(answer_of(known, question) == answer, 1.0, _UNLIKE)
    total = weights.sum()
    return weights / total if total > 0 else weights


def best_question(
    known: Tastes, answers: Mapping[tuple[int, ...], int], choices: int = CHOICES
) -> tuple[int, ...] | None:
    """Choose the groups to offer next, none of which was offered before; none if none tells."""
    if not len(known.shares):
        return None
    weights = alike(known, answers)
    asked = {group for question in answers for group in question}
    free = [group for group in range(known.groups) if group not in asked]
    spread = {group: told(known, weights, (group,)) for group in free}
    shortlist = sorted((g for g in free if spread[g] > 0), key=lambda g: -spread[g])[:_SHORTLIST]
    if len(shortlist) < choices:
        return None
    return max(combinations(shortlist, choices), key=lambda q: told(known, weights, q))


def told(known: Tastes, weights: Floats, question: Sequence[int]) -> float:
    """Say how far apart the answers' mean tastes lie: the variance that a question explains.

    Groups count on one scale: each taste is taken relative to the group's own spread.
    """
    spread = np.maximum(known.shares.std(axis=0), 1e-12)
    answers = answer_of(known, question)
    middle = weights @ known.shares
    explained = 0.0
    for answer in np.unique(answers):
        own = weights * (answers == answer)
        mass = own.sum()
        if mass > 0:
            apart = ((own / mass) @ known.shares - middle) / spread
            explained += float(mass * (apart @ apart))
    return explained
