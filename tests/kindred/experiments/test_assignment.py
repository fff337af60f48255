"""Assignment against GrowthBook's published vectors (its SDKs' cases.json) and its Python SDK."""

from __future__ import annotations

from dataclasses import replace

import pytest
from growthbook.core import gbhash, getBucketRanges, inNamespace
from hypothesis import given
from hypothesis import strategies as st

from kindred.experiments.allocation import Allocation, Holdout, Namespace, assign
from kindred.experiments.assignment import bucket, buckets, choose, old_bucket, ranges


@pytest.mark.parametrize(
    ("seed", "unit", "expected"),
    [
        ("seed", "a", 0.0505),
        ("seed", "b", 0.2696),
        ("foo", "ab", 0.2575),
        ("foo", "def", 0.2019),
        ("89123klj", "8952klfjas09ujkasdf", 0.124),
        ("90850943850283058242805", "123", 0.7516),
        ("()**(%$##$%#$#", '___)((*":&', 0.0128),
    ],
)
def test_published_hashes_of_version_2(seed: str, unit: str, expected: float) -> None:
    assert bucket(seed, unit) == gbhash(seed, unit, 2) == expected


@pytest.mark.parametrize(
    ("seed", "unit", "expected"),
    [("", "a", 0.22), ("", "b", 0.077), ("feature", "123", 0.863), ("feature", "456", 0.178),
     ("feature", "fds", 0.514)],
)  # fmt: skip
def test_published_hashes_of_version_1(seed: str, unit: str, expected: float) -> None:
    assert old_bucket(seed, unit) == expected


@pytest.mark.parametrize(
    ("coverage", "weights", "expected"),
    [
        (1, [0.5, 0.5], [(0, 0.5), (0.5, 1)]),
        (0.5, [0.5, 0.5], [(0, 0.25), (0.5, 0.75)]),
        (0, [0.5, 0.5], [(0, 0), (0.5, 0.5)]),
        (1, [0.25] * 4, [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]),
        (1, [0.4, 0.6], [(0, 0.4), (0.4, 1)]),
        (0.2, [0.2, 0.3, 0.5], [(0, 0.04), (0.2, 0.26), (0.5, 0.6)]),
        (-0.2, [0.5, 0.5], [(0, 0), (0.5, 0.5)]),
        (1.5, [0.5, 0.5], [(0, 0.5), (0.5, 1)]),
        (1, [0.4, 0.1], [(0, 0.5), (0.5, 1)]),
        (1, [0.7, 0.6], [(0, 0.5), (0.5, 1)]),
        (1, [0.4, 0.5999], [(0, 0.4), (0.4, 0.9999)]),
    ],
)
def test_published_ranges(
    coverage: float, weights: list[float], expected: list[tuple[float, float]]
) -> None:
    found = ranges(weights, coverage)
    assert [pytest.approx(pair) for pair in expected] == found
    assert found == getBucketRanges(len(weights), coverage, weights)


@pytest.mark.parametrize(
    ("bucket_of", "weights", "coverage", "expected"),
    [
        (0.2, [0.5, 0.5], 1, 0), (0.4, [0.5, 0.5], 1, 0), (0.6, [0.5, 0.5], 1, 1),
        (0.8, [0.5, 0.5], 1, 1), (0, [0.5, 0.5], 1, 0), (0.5, [0.5, 0.5], 1, 1),
        (0.2, [0.5, 0.5], 0.5, 0), (0.4, [0.5, 0.5], 0.5, -1), (0.6, [0.5, 0.5], 0.5, 1),
        (0.8, [0.5, 0.5], 0.5, -1), (0.25, [0.5, 0.5], 0.5, -1), (0.5, [0.5, 0.5], 0.5, 1),
        (0.5, [0.5, 0, 0.5], 1, 2),
    ],
)  # fmt: skip
def test_published_choices(
    bucket_of: float, weights: list[float], coverage: float, expected: int
) -> None:
    assert choose(bucket_of, weights, coverage) == expected


@pytest.mark.parametrize(
    ("unit", "name", "first"),
    [
        ("1", "namespace1", False), ("1", "namespace2", False),
        ("2", "namespace1", False), ("2", "namespace2", False),
        ("3", "namespace1", False), ("3", "namespace2", True),
        ("4", "namespace1", False), ("4", "namespace2", True),
    ],
)  # fmt: skip
def test_published_namespaces(unit: str, name: str, first: bool) -> None:
    assert Namespace(name, 0, 0.4).holds(unit) is first
    assert Namespace(name, 0.4, 1).holds(unit) is not first


THREE = Allocation("feature-exp", ("control", "red", "blue"), (0.3334, 0.3333, 0.3333))


@pytest.mark.parametrize(
    ("unit", "version", "oldest", "kept", "expected"),
    [
        ("d123", 0, 0, {}, "red"),
        ("d123", 0, 0, {0: "blue"}, "blue"),
        ("i123", 3, 0, {0: "red"}, "blue"),
        ("i123", 3, 3, {0: "red"}, None),
        ("d123", 3, 3, {3: "blue"}, "blue"),
        ("d123", 3, 3, {2: "blue"}, None),
        ("d123", 3, 3, {4: "blue"}, "red"),
        ("d123", 4, 3, {3: "blue"}, "red"),
    ],
)
def test_published_sticky_buckets(
    unit: str, version: int, oldest: int, kept: dict[int, str], expected: str | None
) -> None:
    allocation = replace(THREE, version=version, oldest=oldest)
    assert assign(allocation, unit, kept).variation == expected


def test_published_buckets_of_the_sticky_cases() -> None:
    assert (bucket("feature-exp", "d123"), bucket("feature-exp", "i123")) == (0.6468, 0.9943)


@given(st.text(max_size=12), st.text(max_size=12), st.floats(0, 1), st.integers(1, 5))
def test_every_text_is_hashed_as_by_the_sdk(
    seed: str, unit: str, coverage: float, count: int
) -> None:
    assert bucket(seed, unit) == gbhash(seed, unit, 2)
    assert old_bucket(seed, unit) == gbhash(seed, unit, 1)
    assert float(buckets(seed, [unit])[0]) == bucket(seed, unit)
    assert Namespace(seed, 0.2, 0.7).holds(unit) == inNamespace(unit, (seed, 0.2, 0.7))
    weights = [1 / count] * count
    assert ranges(weights, coverage) == getBucketRanges(count, coverage, weights)


def test_more_coverage_moves_nobody_and_a_larger_holdout_only_adds() -> None:
    units = [str(i) for i in range(2_000)]
    narrow = Allocation("seed", ("A", "B"), coverage=0.3)
    wide = Allocation("seed", ("A", "B"), coverage=0.6)
    for unit in units:
        before = assign(narrow, unit).variation
        assert before is None or assign(wide, unit).variation == before
    held = [{u for u in units if Holdout("out", share).holds(u)} for share in (0.05, 0.1)]
    assert held[0] < held[1]
    assert len(held[1]) == pytest.approx(200, abs=45)


def test_namespaces_that_share_a_name_exclude_each_other_and_holdouts_all() -> None:
    one = Allocation("one", ("A", "B"), namespace=Namespace("page", 0, 0.5),
                     holdouts=(Holdout("out", 0.1),))  # fmt: skip
    other = Allocation("other", ("A", "B"), namespace=Namespace("page", 0.5, 1),
                       holdouts=(Holdout("out", 0.1),))  # fmt: skip
    for unit in map(str, range(1_000)):
        both = assign(one, unit), assign(other, unit)
        assert None in {each.variation for each in both}
        if Holdout("out", 0.1).holds(unit):
            assert {each.why for each in both} == {"holdout"}


def test_overrides_come_first_and_are_no_exposure() -> None:
    allocation = Allocation("s", ("A", "B"), coverage=0, overrides={"me": "B", "you": "gone"})
    assert assign(allocation, "me").variation == "B"
    assert not assign(allocation, "me").exposed
    assert assign(allocation, "you").why == "coverage"
    assert assign(allocation, "").why == "nobody"


def test_weights_share_people_out_as_they_say() -> None:
    allocation = Allocation("shares", ("A", "B", "C"), (0.2, 0.3, 0.5))
    given_to = [assign(allocation, str(i)).variation for i in range(20_000)]
    shares = [given_to.count(name) / 20_000 for name in "ABC"]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.012)
