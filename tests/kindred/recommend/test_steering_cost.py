"""What rules cost, by hand and as a law: no rules cost nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kindred.recommend import steering as s
from kindred.recommend.steering_cost import Catalogue, Sample, costs, ndcg, qualities

CATALOGUE = Catalogue(
    np.array(["a", "b", "c", "d"], dtype=object),
    {"category": np.array(["fish", "beer", "fish", None], dtype=object)},
)
SAMPLE = Sample(
    candidates=np.array([[0, 1, 2, 3], [1, 0, 3, -1]]),
    scores=np.array([[4.0, 3.0, 2.0, 1.0], [3.0, 2.0, 1.0, 0.0]]),
    bought_days_ago=np.full((2, 4), np.nan),
    wanted=(np.array([0]), np.array([0, 3])),
)
NO_FISH = s.ExcludeRule((s.ItemFilter("category", "eq", "fish"),))


def test_qualities_by_hand() -> None:
    # The first wants what stands first; the second what stands second and third.
    second = (1 / np.log2(3) + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert qualities(SAMPLE, s.IDENTITY, CATALOGUE, 3) == pytest.approx([1.0, second])


def test_rules_cost_what_they_take_away() -> None:
    found = costs(SAMPLE, s.Steering((NO_FISH,)), CATALOGUE, 3)

    # Without fish the first gets b and d, nothing that was wanted; the second gets d second.
    second = (1 / np.log2(3)) / (1 + 1 / np.log2(3))
    assert found is not None
    assert found.whole.after == pytest.approx(second / 2)
    assert found.whole.difference < 0
    assert found.whole.low <= found.whole.difference <= found.whole.high
    assert found.whole.people == 2
    assert found.each == (found.whole,)


def test_of_two_rules_each_is_told_beside_the_other() -> None:
    found = costs(SAMPLE, s.Steering((NO_FISH, s.CapRule("category", 1))), CATALOGUE, 3)

    assert found is not None
    without_cap, without_ban = found.each[1], found.each[0]
    assert without_cap.difference == pytest.approx(0.0)  # what the ban leaves, the cap allows
    assert without_ban.before > without_ban.after


def test_rules_that_change_nothing_cost_nothing() -> None:
    found = costs(SAMPLE, s.Steering((s.CapRule("category", 9),)), CATALOGUE, 3)

    assert found is not None
    assert (found.whole.difference, found.whole.low, found.whole.high) == (0, 0, 0)


def test_where_nobody_wanted_anything_no_cost_is_told() -> None:
    nobody = replace(SAMPLE, wanted=(np.array([], int), np.array([], int)))
    assert costs(nobody, s.IDENTITY, CATALOGUE) is None


def test_lists_shorter_than_k_and_nothing_wanted_are_no_error() -> None:
    assert ndcg(np.array([], int), np.array([1]), 10) == 0.0
    assert ndcg(np.array([1]), np.array([], int), 10) == 0.0
    assert ndcg(np.array([1]), np.array([1]), 10) == 1.0
