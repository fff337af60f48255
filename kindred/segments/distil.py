"""Distil a rule from people who were picked: a family from short to exact, each with its worth.

What is learned from is a sample; how well a rule does is said of people it has not seen
(cross-validation), since a rule that fits only those it was made from catches the wrong ones
tomorrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kindred.errors import UserError
from kindred.segments.distil_codes import Coded, Terms, caught
from kindred.segments.distil_columns import Bins, Column, cut
from kindred.segments.distil_leaves import leaf, together
from kindred.segments.distil_lists import ListColumn, ranked
from kindred.segments.distil_search import search
from kindred.segments.rules import AnyRule, Rule
from kindred.segments.walk import leaves

MOST_CONDITIONS: Final = 5
FEWEST_PICKED: Final = 10
MOST_PICKED: Final = 10_000  # of the picked, and
MOST_OTHERS: Final = 30_000  # of the others, whom a rule is learned from
FOLDS: Final = 3
WORTH_MORE: Final = 0.005  # by which a longer rule must do better to be offered
SEED: Final = 20

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Quality:
    """How well a rule catches who was picked.

    Parameters
    ----------
    precision : float
        Of those caught, how many were picked; 0 of nobody.
    recall : float
        Of those picked, how many are caught.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both.

        Examples
        --------
        >>> Quality(0.5, 1.0).f1
        0.6666666666666666
        """
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @classmethod
    def of(cls, hits: float, caught: float, picked: float) -> Quality:
        """Count: `hits` of the `picked` are among the `caught`."""
        return cls(float(hits / caught) if caught else 0.0, float(hits / picked) if picked else 0.0)


@dataclass(frozen=True)
class Step:
    """One rule of the family.

    Parameters
    ----------
    checked : Quality
        Of rules of this length, on people whom they were not learned from.
    """

    rule: Rule
    conditions: int
    checked: Quality


@dataclass(frozen=True)
class Sample:
    """Whom a rule is learned from.

    Parameters
    ----------
    rows : array of int, shape (n,)
        Ascending.
    picked : array of bool, shape (n,)
    weight : float
        How many of the others each one in the sample stands for, against one of the picked.
    """

    rows: NDArray[np.intp]
    picked: Flags
    weight: float


def sample(picked: Flags, seed: int = SEED) -> Sample:
    """Choose whom to learn from: all the picked and the others, or so many by chance.

    Raises
    ------
    UserError
        Too few are picked to learn anything, or everybody is.
    """
    hits, misses = np.flatnonzero(picked), np.flatnonzero(~picked)
    if len(hits) < FEWEST_PICKED:
        raise UserError(
            f"{len(hits)} people are too few to learn a rule from.",
            f"Pick at least {FEWEST_PICKED}.",
        )
    if not len(misses):
        raise UserError("Everybody is picked.", "Pick some of them.")
    draw = np.random.default_rng(seed)
    taken = [
        draw.choice(rows, most, replace=False) if len(rows) > most else rows
        for rows, most in ((hits, MOST_PICKED), (misses, MOST_OTHERS))
    ]
    stands_for = [len(rows) / len(some) for rows, some in zip((hits, misses), taken, strict=True)]
    rows = np.sort(np.concatenate(taken))
    return Sample(rows, picked[rows], stands_for[1] / stands_for[0])


def distil(
    columns: Sequence[Column | ListColumn],
    picked: Flags,
    *,
    weight: float = 1.0,
    most_conditions: int = MOST_CONDITIONS,
    seed: int = SEED,
) -> list[Step]:
    """Learn a family of rules, the shortest first, each better than those before.

    Parameters
    ----------
    columns : sequence of Column or ListColumn
        What is known of each of n people.
    picked : array of bool, shape (n,)
    weight : float
        How many each of those who are not picked stands for; see :func:`sample`.
    most_conditions : int
        Of the longest rule.

    Raises
    ------
    UserError
        Nothing is known of them that differs from person to person.
    """
    flat = list(_flat(columns, picked, weight))
    found = [(column, bins) for column in flat if (bins := cut(column, picked)) is not None]
    if not found:
        raise UserError(
            "Nothing is known that tells people apart.", "Compute traits, or choose more of them."
        )
    people = Coded.of([bins for _, bins in found], picked, weight)
    learned = search(people, most_conditions)
    checked = _checked(people, most_conditions, seed)
    steps: list[Step] = []
    for terms, quality in zip((one.terms for one in learned), checked, strict=True):
        rule = _rule(terms, found)
        conditions = sum(1 for _ in leaves(rule))
        if steps and quality.f1 < steps[-1].checked.f1 + WORTH_MORE:
            continue
        while steps and steps[-1].conditions >= conditions:  # two may have become one
            steps.pop()
        steps.append(Step(rule, conditions, quality))
    return steps


def _flat(columns: Sequence[Column | ListColumn], picked: Flags, weight: float) -> Iterator[Column]:
    """Give columns of which everybody has one value."""
    for column in columns:
        if isinstance(column, ListColumn):
            yield from ranked(column, picked, weight)
        else:
            yield column


def _checked(people: Coded, most: int, seed: int) -> list[Quality]:
    """Learn from all folds but one and count on that one, each in turn; one quality a length."""
    draw = np.random.default_rng(seed)
    folds = [draw.permutation(len(rows)) % FOLDS for rows in (people.hits, people.misses)]
    hits, wrong = np.zeros(most), np.zeros(most)
    for fold in range(FOLDS):
        seen = people.part(folds[0] != fold, folds[1] != fold)
        held_out = people.part(folds[0] == fold, folds[1] == fold)
        for place, found in enumerate(search(seen, most)):
            hits[place] += caught(found.terms, held_out.hits).sum()
            wrong[place] += caught(found.terms, held_out.misses).sum() * people.weight
    total = len(people.hits)
    return [Quality.of(hit, hit + miss, total) for hit, miss in zip(hits, wrong, strict=True)]


def _rule(terms: Terms, found: Sequence[tuple[Column, Bins]]) -> Rule:
    """Write what was found in the rule language."""
    parts = [together([leaf(*found[one.column], one.allowed) for one in term]) for term in terms]
    return parts[0] if len(parts) == 1 else AnyRule(tuple(parts))
