"""What questions to somebody new offer: what people deal with most, each told apart in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from data.onboarding import Onboarding
from kindred.recommend.exported import History


def asking(people: list[dict[int, float]], words: dict[str, str], items: int = 9) -> Onboarding:
    starts = np.cumsum([0, *map(len, people)])
    places = np.array([place for each in people for place in each], dtype=np.int64)
    weights = np.array([weight for each in people for weight in each.values()])
    history = History(starts, places, weights, np.zeros(len(places)))
    ids = np.arange(items).astype(np.bytes_)
    model: Any = SimpleNamespace(history=history, people=np.arange(len(people)), items=ids)
    return Onboarding(model, lambda item: words.get(item, item))


def test_items_of_the_same_words_are_one_choice_for_which_the_most_dealt_with_stands() -> None:
    people = [{4: 1.0, 7: 2.0}, {4: 1.0}, {6: 3.0, 7: 0.5}]
    found = asking(people, {"4": "milk", "7": "milk"})
    assert found.offered.tolist() == [7, 6]
    assert found.choice.tolist() == [-1, -1, -1, -1, 0, -1, 1, 0, -1]
    assert found.tastes.amounts.tolist() == [[3.0, 0.0], [1.0, 0.0], [0.5, 3.0]]


def test_a_question_offers_them_and_an_answer_is_shared_out_among_those_alike() -> None:
    people = [{4: 1.0, 7: 2.5}, {4: 1.0}, {6: 3.0}]
    found = asking(people, {"4": "milk", "7": "milk"})
    question = found.next({})
    assert question is not None
    assert sorted(question.choices) == ["6", "7"]
    assert found.items_for({question.key: "7"}) == pytest.approx({4: 2 / 4.5, 7: 2.5 / 4.5})
    assert found.items_for({question.key: "", "of another model": "3"}) == {}


def test_without_people_or_items_nothing_is_asked() -> None:
    assert asking([], {}, items=0).next({}) is None
    assert asking([{}, {}], {}).next({}) is None
