"""Onboarding: which question tells most of somebody new, given what they answered already.

A question offers some items; its answer is the one that somebody deals with most, or none of them.
Known people stand in for the new one: each answer says whom among them the new person is like, and
that question is best after whose answers lists would be best: a tree grown as it is asked, after
Golbandi, Koren & Lempel 2011, https://doi.org/10.1145/1935826.1935910.

Items are offered rather than kinds of items: that somebody drinks milk is true of most, but which
of the milks says what to put first. Items that nobody could tell apart are one choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHOICES: Final = 5
LEAST_CHOICES: Final = 2
LISTED: Final = 10  # length of the lists that a question is to make better
_SHORTLIST: Final = 20  # items among which the later choices of a question are looked for
_UNLIKE: Final = 0.1  # what counts somebody who would have answered otherwise
_FAINT: Final = 0.05  # of what those who deal with an item do on average: too long ago to be told
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tastes:
    """How much known people deal with each choice that questions may offer.

    Parameters
    ----------
    amounts : array of shape (U, G)
    """

    amounts: Floats

    @property
    def offered(self) -> int:
        """How many choices there are."""
        return int(self.amounts.shape[1])

    @property
    def likely(self) -> Floats:
        """How likely each is to want each of them: nearer to 1 the more they deal with it."""
        return self.amounts / (self.amounts + 1.0)


def tastes(
    starts: NDArray[np.integer[Any]],
    places: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]],
    choice: NDArray[np.integer[Any]],
    offered: int,
) -> Tastes:
    """Take what questions may offer out of histories.

    Parameters
    ----------
    starts, places, weights
        Rows by person, as in :class:`~kindred.recommend.exported.History`.
    choice : array of shape (I,)
        Of each item which of the choices it is; −1 where it is offered by none.
    offered : int
        How many choices there are.
    """
    people = len(starts) - 1
    row = np.repeat(np.arange(people), np.diff(starts))
    at = choice[places]
    there = at >= 0
    amounts = np.zeros((people, offered))
    np.add.at(amounts, (row[there], at[there]), np.asarray(weights, dtype=np.float64)[there])
    dealing = np.maximum((amounts > 0).sum(axis=0), 1)
    amounts[amounts < _FAINT * amounts.sum(axis=0) / dealing] = 0.0
    return Tastes(amounts)


def answer_of(known: Tastes, question: Sequence[int]) -> NDArray[np.int64]:
    """Say what each known person would answer: the place of a choice, or −1 for none.

    Examples
    --------
    >>> answer_of(Tastes(np.array([[0.5, 2.0], [0.0, 0.0]])), [0, 1]).tolist()
    [1, -1]
    """
    amounts = known.amounts[:, list(question)]
    return np.where(amounts.max(axis=1) > 0, amounts.argmax(axis=1), -1).astype(np.int64)


def alike(known: Tastes, answers: Mapping[tuple[int, ...], int]) -> Floats:
    """Weigh known people by how far they would have answered the same, adding up to 1."""
    weights = np.ones(len(known.amounts))
    for question, answer in answers.items():
        weights *= np.where(answer_of(known, question) == answer, 1.0, _UNLIKE)
    total = weights.sum()
    return weights / total if total > 0 else weights


def best_question(
    known: Tastes, answers: Mapping[tuple[int, ...], int], choices: int = CHOICES
) -> tuple[int, ...] | None:
    """Choose the items to offer next, none of which was offered before; none if none tells.

    They are taken one after the other, each that which makes the question tell most.
    """
    if not len(known.amounts):
        return None
    weights, likely = alike(known, answers), known.likely
    asked = {item for question in answers for item in question}
    free = [item for item in range(known.offered) if item not in asked]
    if len(free) < LEAST_CHOICES:
        return None
    chosen: tuple[int, ...] = ()
    reached = before = _listed(weights @ likely)
    for _ in range(min(choices, len(free))):
        gains = {i: told(known, likely, weights, (*chosen, i)) for i in free if i not in chosen}
        free = sorted(gains, key=lambda item: (-gains[item], item))[:_SHORTLIST]
        chosen, reached = (*chosen, free[0]), gains[free[0]]
    return chosen if reached > before * (1 + 1e-9) else None


def told(known: Tastes, likely: Floats, weights: Floats, question: Sequence[int]) -> float:
    """Say how good lists would be that knew the answer: the discounted gain to be expected.

    Examples
    --------
    Two people want one thing each: knowing who it is puts that first.

    >>> known, weights = Tastes(np.eye(2)), np.full(2, 0.5)
    >>> round(told(known, known.likely, weights, (0,)), 3)
    0.5
    >>> round(_listed(weights @ known.likely), 3)
    0.408
    """
    answers = answer_of(known, question)
    return sum(_listed((weights * (answers == answer)) @ likely) for answer in np.unique(answers))


def _listed(likely: Floats) -> float:
    best = np.sort(likely)[::-1][:LISTED]
    return float(best @ (1.0 / np.log2(np.arange(2, len(best) + 2))))
