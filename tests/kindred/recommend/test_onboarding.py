"""Which question is asked next, and what an answer says of whom somebody is like."""

from __future__ import annotations

import numpy as np
import pytest

from kindred.recommend.onboarding import Tastes, alike, answer_of, best_question, tastes

PEOPLE = 60
# Everybody deals with 0, one half with 1, 3, 5, … and the other with 2, 4, …; 13 is nobody's.
HALVES = np.zeros((PEOPLE, 14))
HALVES[:, 0] = 4.0
HALVES[::2, 1:13:2] = 2.0
HALVES[1::2, 2:13:2] = 2.0


def test_the_question_offers_what_parts_people_and_not_what_all_have() -> None:
    question = best_question(Tastes(HALVES), {}, choices=2)
    assert question is not None
    assert 0 not in question
    assert len(set(answer_of(Tastes(HALVES), question))) == 2


def test_nothing_is_offered_twice() -> None:
    rng = np.random.default_rng(3)
    known = Tastes(rng.exponential(size=(PEOPLE, 12)) * (rng.uniform(size=(PEOPLE, 12)) < 0.4))
    answers: dict[tuple[int, ...], int] = {}
    while (question := best_question(known, answers)) is not None:
        answers[question] = 0
    offered = [item for each in answers for item in each]
    assert len(answers) >= 2
    assert len(set(offered)) == len(offered)


def test_where_all_are_alike_no_question_tells_anything() -> None:
    assert best_question(Tastes(np.ones((PEOPLE, 12))), {}) is None


@pytest.mark.parametrize("shape", [(0, 12), (PEOPLE, 0), (PEOPLE, 1)])
def test_without_people_or_choices_nothing_is_asked(shape: tuple[int, int]) -> None:
    assert best_question(Tastes(np.ones(shape)), {}) is None


def test_those_who_answer_alike_count_most() -> None:
    weights = alike(Tastes(HALVES), {(1, 2): 0})
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] == pytest.approx(10 * weights[1])


def test_what_was_dealt_with_long_ago_is_no_answer() -> None:
    starts, places = np.array([0, 2, 3]), np.array([4, 7, 4])
    choice = np.array([-1, -1, -1, -1, 1, -1, -1, 0, -1])
    known = tastes(starts, places, np.array([1e-3, 1.0, 5.0]), choice, 2)
    assert known.amounts.tolist() == [[1.0, 0.0], [0.0, 5.0]]
