"""What rules cost, by hand and as a law: no rules cost nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kindred.recommend import steering as s
from kindred.recommend.steering_cost import Catalogue, Sample, costs, qualities

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


def test_lists_shorter_than_k_and_nothing_left_are_no_error() -> None:
    one = replace(SAMPLE, wanted=(np.array([0]), np.array([], int)))
    assert qualities(one, s.IDENTITY, CATALOGUE, 10) == pytest.approx([1.0])
    only_beer = s.IncludeRule((s.ItemFilter("category", "eq", "beer"),))
    assert qualities(one, s.Steering((only_beer,)), CATALOGUE, 10) == pytest.approx([0.0])


def test_a_pinned_item_takes_the_first_place_even_if_it_was_no_candidate() -> None:
    few = replace(SAMPLE, candidates=SAMPLE.candidates[:, :2], scores=SAMPLE.scores[:, :2],
                  bought_days_ago=SAMPLE.bought_days_ago[:, :2])  # fmt: skip
    pinned = s.Steering((s.PinRule(("d",)),))
    # The first now sees d before a; the second wants a and d, and sees d, b, a.
    second = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    found = qualities(few, pinned, CATALOGUE, 3)
    assert found == pytest.approx([1 / np.log2(3), second])


def test_weights_of_a_blend_are_not_measured_without_the_single_models_scores() -> None:
    blend = s.Steering((s.BlendRule({"als": 1.0}),))
    assert costs(SAMPLE, blend, CATALOGUE, 3) is None
    parts = {"als": np.array([[1.0, 4.0, 2.0, 0.0], [1.0, 2.0, 3.0, 0.0]])}
    found = costs(replace(SAMPLE, parts=parts), blend, CATALOGUE, 3)
    assert found is not None
    # By als alone the first sees b, c, a; the second d, a, b.
    assert found.whole.after == pytest.approx((1 / np.log2(4) + 1.0) / 2)
