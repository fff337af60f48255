"""A few hundred of the benchmark's A/A experiments: intervals hold the truth, peeking is safe."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_experiments_simulations import fixed_coverage, peeked

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
