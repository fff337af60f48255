"""A cluster keeps its identity by the people it shares with the run before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindred.clusters.matching import Match, free_colour, match_clusters


def test_clusters_are_matched_by_who_they_hold_not_by_number() -> None:
    before = np.array([0, 0, 0, 1, 1, 2, 2, -1])
    now = np.array([1, 1, 1, 0, 0, 2, -1, -1])
    assert match_clusters(before, now) == [
        Match(0, 1, 1.0),
        Match(1, 0, 1.0),
        Match(2, 2, 0.5),
    ]


def test_a_cluster_that_shares_too_few_people_is_new() -> None:
    before = np.array([0] * 10 + [1] * 10)
    now = np.array([0] * 10 + [1] * 2 + [2] * 8)
    assert match_clusters(before, now) == [Match(0, 0, 1.0), Match(2, 1, 0.8)]


def test_nobody_in_common_matches_nothing() -> None:
    assert match_clusters(np.array([-1, 0]), np.array([0, -1])) == []


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=60), st.permutations(range(5)))
def test_renumbering_alone_matches_everything_fully(
    labels: list[int], renumbered: list[int]
) -> None:
    before = np.array(labels)
    now = np.array([renumbered[label] if label >= 0 else -1 for label in labels])
    found = {match.label: match for match in match_clusters(before, now)}
    for label in set(labels) - {-1}:
        assert found[renumbered[label]].before == label
        assert found[renumbered[label]].overlap == pytest.approx(1.0)


def test_colours_are_given_in_turn_and_end_in_grey() -> None:
    assert free_colour([0, 1, 3]) == 2
    assert free_colour(range(12)) == 12
