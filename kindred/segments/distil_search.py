"""Search for few conditions that catch the people who were picked, over columns cut into bins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np

from kindred.segments.distil_codes import (
    Coded,
    Condition,
    Flags,
    Floats,
    Term,
    Terms,
    all_hold,
    caught,
)
from kindred.segments.distil_cuts import Cuts, Score, best_cuts

Key = frozenset[tuple[int, bytes]]  # a list of conditions, in whatever order

BEAM: Final = 3  # beginnings that are followed at once
BEAM_BESIDE: Final = 2  # the same for a list beside another
BETAS: Final = (1.0, 2.0)  # how much recall counts while more conditions are to come
ROUNDS: Final = 3  # of mending one condition after the other
BETTER: Final = 1e-4  # by which a change must raise the score
ENOUGH: Final = 0.98  # beyond which nothing is looked for beside a list
ANOTHER: Final = 0.01  # what an “or” must add: one list of conditions reads more easily


@dataclass(frozen=True)
class Found:
    """Conditions with whom they catch, and how well.

    Parameters
    ----------
    hits, misses : array of bool
        Whom of the picked and of the others.
    """

    terms: Terms
    hits: Flags
    misses: Flags
    f1: float

    @property
    def conditions(self) -> int:
        """How many there are."""
        return sum(len(term) for term in self.terms)


def search(people: Coded, most: int) -> list[Found]:
    """Find the best conditions, at most 1, at most 2, … at most `most`; the last is the best.

    Each list is grown a condition at a time, the best beginnings side by side; then every
    condition is chosen anew beside the others until that helps no more. What is left uncaught may
    be caught by a second list beside the first. Sources: rule lists as Fürnkranz & Flach, *ROC 'n'
    rule learning*, Machine Learning 58, 2005; the score is the F-measure itself.
    """
    nothing = Found((), *_nobody(people), 0.0)
    lists = _grown(people, most, nothing)
    best: list[Found] = []
    for count in range(1, most + 1):
        found = [one for one in lists if one.conditions <= count]
        best.append(max(found, key=_of_f1, default=nothing))
    for first in range(1, most):
        begun = max((one for one in lists if one.conditions == first), key=_of_f1, default=None)
        if begun is None or best[-1].f1 > ENOUGH:
            continue
        for joined in _grown(people, most - first, begun, beam=BEAM_BESIDE):
            for place in range(joined.conditions - 1, most):
                best[place] = _better(best[place], joined)
    for place in range(most):
        for seed in (best[max(place - 1, 0)], best[place]):
            if len(seed.terms) > 1:
                best[place] = _better(best[place], _balanced(people, seed, place + 1))
    return best


def _better(one: Found, other: Found) -> Found:
    """Choose the better; a second list has to add something that is worth the “or”."""
    more_lists = len(other.terms) > len(one.terms)
    return other if other.f1 > one.f1 + (ANOTHER if more_lists else BETTER) else one


def _balanced(people: Coded, found: Found, most: int) -> Found:
    """Choose the conditions of each list anew beside the other lists, and add one where it may."""
    for place in range(len(found.terms)):
        term = found.terms[place]
        rest = (*found.terms[:place], *found.terms[place + 1 :])
        hits, misses = caught(rest, people.hits), caught(rest, people.misses)
        search = _Search(people, Found(rest, hits, misses, 0.0), beam=1)
        tried = [search.mended(term)]
        if found.conditions < most:
            tried += [search.mended(longer) for longer in search.longer(tried, 1.0)]
        found = max((found, *map(search.found, tried)), key=_of_f1)
    return found


def _of_f1(found: Found) -> float:
    return found.f1


def _nobody(people: Coded) -> tuple[Flags, Flags]:
    return np.zeros(len(people.hits), np.bool_), np.zeros(len(people.misses), np.bool_)


def _grown(
    people: Coded,
    most: int,
    beside: Found,
    beam: int = BEAM,
) -> list[Found]:
    """Grow a list of conditions beside those found; gives what came of each length."""
    search = _Search(people, beside, beam)
    found: list[Found] = []
    for beta in BETAS:
        states: list[Term] = [()]
        for _ in range(most):
            states = search.longer(states, beta)
            mended = [search.mended(state) for state in states]
            found += [search.found(term) for term in mended]
            # Both go on: a state that lets more people through may end better.
            states = _distinct(chain(mended[:1], states))[:beam]
    return found


def _distinct(terms: Iterator[Term]) -> list[Term]:
    kept: dict[Key, Term] = {}
    for term in terms:
        kept.setdefault(_key(term), term)
    return list(kept.values())


def _key(term: Term) -> Key:
    """Name a list by its conditions, in whatever order."""
    return frozenset((condition.column, condition.allowed.tobytes()) for condition in term)


@dataclass(frozen=True)
class _Search:
    """Grows one list of conditions among those whom the others do not catch."""

    people: Coded
    beside: Found
    beam: int
    counted: dict[Key, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)
    cut: dict[tuple[Key, Score], Cuts] = field(default_factory=dict, repr=False)
    seen: dict[Key, Found] = field(default_factory=dict, repr=False)

    @cached_property
    def score(self) -> Score:
        """The score of what is caught beside the others."""
        hits, misses = float(self.beside.hits.sum()), float(self.beside.misses.sum())
        return Score(float(len(self.people.hits)), 1.0, hits, misses * self.people.weight)

    def longer(self, states: Sequence[Term], beta: float) -> list[Term]:
        """Add a condition to each, and keep the best."""
        # How well those left are caught: beside the others' many, what catches hardly anybody would
        # look best, and never grow into a condition that catches the few that are left.
        left = len(self.people.hits) - int(np.count_nonzero(self.beside.hits))
        score = Score(float(max(left, 1)), beta)
        every: list[tuple[float, Term]] = []
        for term in states:
            cuts = self._cuts(term, score)
            used = {condition.column for condition in term}
            order = np.argsort(-cuts.score, kind="stable").tolist()
            for column in [one for one in order if one not in used][: self.beam]:
                added = (*term, Condition(column, cuts.allowed[column]))
                every.append((float(cuts.score[column]), added))
        every.sort(key=lambda one: -one[0])
        return _distinct(term for _, term in every)[: self.beam]

    def mended(self, term: Term) -> Term:
        """Choose every condition anew beside the others, as long as that helps."""
        f1 = self.found(term).f1
        for _ in range(ROUNDS):
            before = f1
            for place in range(len(term)):
                rest = term[:place] + term[place + 1 :]
                cuts = self._cuts(rest, self.score)
                taken = [condition.column for condition in rest]
                ranked = cuts.score.copy()
                ranked[taken] = -1.0
                column = int(ranked.argmax())
                if ranked[column] > f1 + BETTER:
                    new = Condition(column, cuts.allowed[column])
                    term = (*rest[:place], new, *rest[place:])
                    f1 = float(ranked[column])
            if f1 <= before + BETTER:
                break
        return term

    def found(self, term: Term) -> Found:
        """Say whom a list catches together with those beside it."""
        key = _key(term)
        if key not in self.seen:
            hits = self.beside.hits | all_hold(term, self.people.hits)
            misses = self.beside.misses | all_hold(term, self.people.misses)
            whole = Score(self.score.people)
            f1 = whole.of(np.count_nonzero(hits), np.count_nonzero(misses) * self.people.weight)
            self.seen[key] = Found((*self.beside.terms, term), hits, misses, float(f1))
        return self.seen[key]

    def _cuts(self, term: Term, score: Score) -> Cuts:
        """Find the best conditions to add to a list; asked again and again of the same."""
        key = _key(term)
        asked = key, score
        if asked not in self.cut:
            if key not in self.counted:
                found = self.found(term)
                hits = found.hits & ~self.beside.hits
                misses = found.misses & ~self.beside.misses
                self.counted[key] = self.people.counts(hits, misses)
            self.cut[asked] = best_cuts(*self.counted[key], self.people.shapes, score)
        return self.cut[asked]
