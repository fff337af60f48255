"""A few hundred of the benchmark's A/A experiments: intervals hold the truth, peeking is safe."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_experiments_simulations import (
    fixed_coverage,
    guarded_peeked,
    levels_peeked,
    peeked,
)

pytestmark = pytest.mark.slow


def test_fixed_intervals_hold_the_truth_as_often_as_they_say() -> None:
    found = fixed_coverage(300)
    assert len(found) == 16
    assert all(0.91 < share < 0.99 for share in found.values()), found


def test_who_looks_every_day_is_misled_by_the_fixed_test_alone() -> None:
    found = peeked("ratio", 80, days=14, daily=100)
    fixed = found.pop("ratio: fixed test, peeked at")
    assert all(share <= 0.05 for share in found.values()), found
    assert fixed > 0.1


def test_who_looks_at_a_guardrail_every_day_is_misled_by_the_fixed_test_alone() -> None:
    found = guarded_peeked(120, days=14, daily=100)
    assert found["guardrail: always valid"] <= 0.05, found
    assert found["guardrail: fixed test, peeked at"] > 0.1, found


def test_who_looks_at_levels_every_day_is_misled_by_the_fixed_tests_alone() -> None:
    found = levels_peeked(60, days=14, daily=200)
    assert found["do levels differ: always valid"] <= 0.05, found
    assert found["any level: always valid"] <= 0.05, found
    assert found["do levels differ: fixed test, peeked at"] > 0.1, found
    assert found["any level: fixed test, peeked at"] > 0.1, found
