"""Judging many people by many models at once says what judging each alone would say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from kindred.recommend import judge as judging
from kindred.recommend.auc import auc
from kindred.recommend.blend import Blending
from kindred.recommend.blocks import Crowd
from kindred.recommend.diversity import diversity
from kindred.recommend.evaluation import intervals, intervals_of
from kindred.recommend.judge import Task, judge, judge_each
from kindred.recommend.topk import best, largest

RNG = np.random.default_rng(11)
PEOPLE, ITEMS = 90, 40


def flags(share: float) -> sparse.csr_array:
    return sparse.csr_array((RNG.uniform(size=(PEOPLE, ITEMS)) < share).astype(np.float32))


def task() -> Task:
    """Give people of whom some want nothing, or may be shown next to nothing."""
    positives, barred = flags(0.1).tolil(), flags(0.2).tolil()
    positives[4] = 0
    barred[5] = np.ones(ITEMS)
    described = sparse.csr_array(np.eye(ITEMS, 6, dtype=np.float32))
    crowd = Crowd(np.arange(PEOPLE), flags(0.3))
    shares = RNG.uniform(0.01, 1, ITEMS)
    return Task(crowd, sparse.csr_array(positives.tocsr()), sparse.csr_array(barred.tocsr()),
                shares, described)  # fmt: skip


SCORES = {
    "fine": RNG.normal(size=(PEOPLE, ITEMS)).astype(np.float32),
    "coarse": RNG.integers(0, 3, (PEOPLE, ITEMS)).astype(np.float32),
    "silent of some": np.where(np.arange(PEOPLE)[:, None] % 7 == 0, np.nan,
                               RNG.normal(size=(PEOPLE, ITEMS))).astype(np.float32),
}  # fmt: skip


def scorer(values: np.ndarray) -> judging.Scorer:
    return lambda crowd: values[crowd.rows]


def pairs_won(scores: np.ndarray, good: np.ndarray, others: np.ndarray) -> float:
    """Count the pairs of a positive and another item that stand in order, ties for half."""
    if not len(good) or not len(others):
        return np.nan
    apart = scores[good][:, None] - scores[others][None, :]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean())


@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 5), st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_auc_is_the_share_of_pairs_in_order(n: int, items: int, levels: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, levels, (n, items)).astype(np.float32)
    wanted, barred = draw.uniform(size=(2, n, items)) < draw.uniform(size=(2, n, 1))
    found = auc(scores, sparse.csr_array(wanted), sparse.csr_array(barred))
    for row in range(n):
        good, others = np.flatnonzero(wanted[row]), np.flatnonzero(~wanted[row] & ~barred[row])
        expected = pairs_won(scores[row], good, others)
        assert found[row] == pytest.approx(expected, nan_ok=True)


@given(st.integers(1, 8), st.integers(1, 400), st.integers(1, 30), st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_the_largest_are_those_of_sorting_everything_ties_by_place(
    n: int, items: int, k: int, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    values = draw.integers(0, 1 + seed % 9, (n, items)).astype(np.float32)
    values[draw.uniform(size=values.shape) < 0.1] = -np.inf
    values[draw.uniform(size=values.shape) < 0.05 * (seed % 2)] = np.nan
    found = largest(values, k)
    for row in range(n):
        known = np.where(np.isnan(values[row]), -np.inf, values[row])
        order = np.argsort(-known, kind="stable")
        expected = order[np.isfinite(known[order])][:k].tolist()
        assert found[row].tolist() == expected + [-1] * (k - len(expected))


def test_blocks_of_any_size_and_models_together_say_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = task()
    rows = asked.crowd.rows

    def each(crowd: Crowd) -> list[tuple[str, np.ndarray]]:
        return [(name, values[crowd.rows]) for name, values in SCORES.items()]

    whole = judge_each(each, asked, 5)
    monkeypatch.setattr(judging, "_CELLS", 7 * ITEMS)  # seven people a block
    parts = judge_each(each, asked, 5)
    for name, values in SCORES.items():
        alone = judge(scorer(values), asked, 5)
        assert alone.lists.tolist() == best(values[rows], asked.barred, 5).tolist()
        for found in (whole[name], parts[name]):
            assert found.lists.tolist() == alone.lists.tolist()
            assert found.whole == pytest.approx(alone.whole)
            for metric, own in alone.people.items():
                np.testing.assert_allclose(found.people[metric], own, equal_nan=True)


def test_auc_is_measured_by_some_evenly_apart_and_the_number_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = task()
    everybody = judge(scorer(SCORES["fine"]), asked, 5).people["auc"]
    monkeypatch.setattr(judging, "_CELLS", 7 * ITEMS)
    one = judge_each(lambda crowd: [("", scorer(SCORES["fine"])(crowd))], asked, 5, ranked=30)
    some = one[""].people
    ranked = np.arange(0, PEOPLE, 3)
    np.testing.assert_allclose(some["auc"][ranked], everybody[ranked], equal_nan=True)
    assert np.isnan(np.delete(some["auc"], ranked)).all()
    told = intervals(some)
    assert told["auc"].people == int((~np.isnan(everybody[ranked])).sum())
    assert told["ndcg"].people == int((np.diff(asked.positives.indptr) > 0).sum()) < PEOPLE
    assert np.isnan(judge(scorer(SCORES["fine"]), asked, 5, with_auc=False).people["auc"]).all()


def unlike(row: np.ndarray, described: np.ndarray) -> float:
    """Average one less the likeness of all pairs of a list, one pair at a time."""
    some = [described[place] for place in row if place >= 0]
    pairs = [one @ other for at, one in enumerate(some) for other in some[:at]]
    return float(1 - np.mean(pairs)) if pairs else np.nan


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_diversity_is_that_of_all_pairs(n: int, k: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows = draw.uniform(size=(12, 5)) * (draw.uniform(size=(12, 5)) < 0.5)
    lists = np.array([draw.permutation(12)[:k] for _ in range(n)])
    lists[draw.uniform(size=lists.shape) < 0.2] = -1
    found = diversity(lists, sparse.csr_array(rows))
    expected = [unlike(row, rows) for row in lists]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


@given(st.integers(1, 8), st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_blend_is_the_sum_of_scaled_scores_by_route(n: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    history = sparse.csr_array((draw.uniform(size=(n, 7)) < 0.2).astype(np.float32))
    ages = np.array([("old", None)[at] for at in draw.integers(0, 2, n)], dtype=object)
    people = Crowd(np.arange(n), history, {"age": ages})
    weights = {"history": {"a": 0.7, "b": 0.3}, "metadata": {"b": 1.0}, "unknown": {"a": 1.0}}
    parts = {name: draw.normal(size=(n, 7)).astype(np.float32) for name in "ab"}
    parts["a"][draw.uniform(size=n) < 0.3] = np.nan  # of whom it says nothing
    parts["b"][draw.uniform(size=n) < 0.3] = 2.0  # to whom all items stand alike
    total = Blending(weights, people)
    for name, scores in parts.items():
        total.add(name, scores)
    some = np.diff(history.indptr) > 0
    for row in range(n):
        route = "history" if some[row] else "metadata" if ages[row] else "unknown"
        expected = np.zeros(7)
        for name, weight in weights[route].items():
            own = parts[name][row]
            if np.isfinite(own).all() and np.ptp(own) > 0:
                expected += weight * (own - own.mean()) / (own.max() - own.mean())
        np.testing.assert_allclose(total.scores[row], expected, rtol=1e-4, atol=1e-4)


def test_nobody_to_judge_gives_metrics_of_nobody() -> None:
    asked = task().part(np.empty(0, dtype=np.int64))
    found = judge(lambda crowd: np.empty((len(crowd), ITEMS), dtype=np.float32), asked, 5)
    assert found.lists.shape == (0, 5)
    assert {len(own) for own in found.people.values()} == {0}
    assert intervals(found.people)["ndcg"].value is None


def test_models_share_their_resamples() -> None:
    draw = np.random.default_rng(1)
    models = {name: {"ndcg": draw.uniform(size=50), "map": draw.uniform(size=50)} for name in "ab"}
    assert intervals_of(models) == {name: intervals(own) for name, own in models.items()}
