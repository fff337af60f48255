"""Bitmaps are sets of positions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kindred.segments.bitmap import Bitmap, at_least, overlaps

sizes = st.integers(0, 200)
sets_of = st.integers(0, 200).flatmap(
    lambda size: st.tuples(
        st.just(size),
        st.lists(st.sets(st.integers(0, size - 1)) if size else st.just(set()), max_size=9),
    )
)


def bitmap(members: set[int], size: int) -> Bitmap:
    return Bitmap.of(np.array(sorted(members), np.int64), size)


@given(sets_of)
def test_they_combine_like_sets(given_sets: tuple[int, list[set[int]]]) -> None:
    size, sets = given_sets
    everybody = set(range(size))
    for one in sets:
        held = bitmap(one, size)
        assert set((~held).positions().tolist()) == everybody - one
        assert len(held) == len(one)
        assert Bitmap.where(held.held()) == held
        assert ~~held == held
        for other in sets:
            assert set((held & bitmap(other, size)).positions().tolist()) == one & other
            assert set((held | bitmap(other, size)).positions().tolist()) == one | other
    assert len(Bitmap.everybody(size)) == size


@given(sets_of, st.integers(-1, 10))
def test_at_least_counts_sets(given_sets: tuple[int, list[set[int]]], count: int) -> None:
    size, sets = given_sets
    found = at_least(count, [bitmap(one, size) for one in sets], size)
    expected = {p for p in range(size) if sum(p in one for one in sets) >= count}
    assert set(found.positions().tolist()) == expected


@given(sets_of)
def test_overlaps_are_sizes_of_intersections(given_sets: tuple[int, list[set[int]]]) -> None:
    size, sets = given_sets
    shared = overlaps([bitmap(one, size) for one in sets])
    assert shared.tolist() == [[len(one & other) for other in sets] for one in sets]


def test_one_position_is_asked_for() -> None:
    held = bitmap({0, 63, 64, 129}, 130)
    assert [p for p in range(130) if p in held] == [0, 63, 64, 129]
