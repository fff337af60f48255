"""Ranking metrics against a plain reading of their definitions, person by person."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from kindred.recommend import metrics
from kindred.recommend.auc import auc
from kindred.recommend.diversity import diversity
from kindred.recommend.evaluation import interval, intervals, paired


@st.composite
def judged(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    items, k, n = draw(st.integers(3, 8)), draw(st.integers(1, 5)), draw(st.integers(1, 6))
    wanted = np.array(draw(st.lists(st.lists(st.booleans(), min_size=items, max_size=items),
                                    min_size=n, max_size=n)), dtype=float)  # fmt: skip
    lists = np.full((n, k), -1)
    for row in range(n):
        chosen = draw(st.permutations(range(items)))[: draw(st.integers(0, k))]
        lists[row, : len(chosen)] = chosen
    return lists, wanted


@given(judged())
@settings(max_examples=60, deadline=None)
def test_metrics_are_what_their_definitions_say(given: tuple[np.ndarray, np.ndarray]) -> None:
    lists, wanted = given
    positives = sparse.csr_array(wanted)
    hit, counts = metrics.hits(lists, positives), metrics.wanted(positives)
    k = lists.shape[1]
    for row, shown in enumerate(lists):
        good = set(np.flatnonzero(wanted[row]))
        found = [item >= 0 and item in good for item in shown]
        if not good:
            assert math.isnan(metrics.ndcg(hit, counts)[row])
            continue
        gain = sum(1 / math.log2(place + 2) for place in range(k) if found[place])
        best = sum(1 / math.log2(place + 2) for place in range(min(k, len(good))))
        precisions = [sum(found[: place + 1]) / (place + 1) for place in range(k) if found[place]]
        first = next((place for place in range(k) if found[place]), None)
        assert metrics.ndcg(hit, counts)[row] == pytest.approx(gain / best)
        assert metrics.precision(hit, counts)[row] == pytest.approx(sum(found) / k)
        assert metrics.recall(hit, counts)[row] == pytest.approx(sum(found) / len(good))
        assert metrics.average_precision(hit, counts)[row] == pytest.approx(
            sum(precisions) / min(k, len(good))
        )
        assert metrics.reciprocal_rank(hit, counts)[row] == (
            0 if first is None else 1 / (first + 1)
        )


def test_auc_counts_pairs_and_halves_ties_and_leaves_out_what_is_barred() -> None:
    scores = np.array([[3.0, 2.0, 2.0, 9.0, 1.0]])
    positives = sparse.csr_array(np.array([[0, 1, 0, 0, 0]]))
    barred = sparse.csr_array(np.array([[0.0, 0, 0, 1, 0]]))
    # Against 3, 2 and 1: lost, tied, won.
    assert auc(scores, positives, barred)[0] == pytest.approx(1.5 / 3)


def test_diversity_is_one_less_the_mean_likeness_of_pairs() -> None:
    rows = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    found = diversity(np.array([[0, 1, 2], [0, 2, -1], [1, -1, -1]]), rows)
    assert found[:2].tolist() == pytest.approx([1 - 1 / 3, 0.0])
    assert math.isnan(found[2])


def test_novelty_is_in_bits() -> None:
    found = metrics.novelty(np.array([[0, 1], [1, -1]]), np.array([0.5, 0.125]))
    assert found.tolist() == [2.0, 3.0]


def test_an_interval_narrows_with_people_and_holds_the_mean() -> None:
    rng = np.random.default_rng(3)
    few, many = interval(rng.uniform(size=50)), interval(rng.uniform(size=5_000))
    assert few.low is not None
    assert few.high is not None
    assert few.low <= (few.value or 0) <= few.high
    assert (many.high or 0) - (many.low or 0) < (few.high - few.low) / 5
    # The standard error of a uniform mean of 5,000 is 0.0041.
    assert (many.high or 0) - (many.low or 0) == pytest.approx(2 * 1.96 * 0.0041, rel=0.25)


def test_nobody_to_judge_is_said_and_is_no_number() -> None:
    found = intervals({"ndcg": np.array([np.nan, np.nan]), "map": np.array([1.0, np.nan])})
    assert found["ndcg"].as_json() == {"value": None, "low": None, "high": None}
    assert found["map"].people == 1
    assert paired(np.array([np.nan]), np.array([1.0])).absolute.value is None


def test_pairs_of_models_are_told_apart_where_each_alone_is_not() -> None:
    rng = np.random.default_rng(1)
    base = rng.uniform(size=300)
    better = base + 0.01
    assert (interval(base).high or 0) > (interval(better).low or 0)  # apart they overlap
    found = paired(better, base)
    assert (found.absolute.low or 0) > 0
    assert found.better == 1.0
