"""What sets a group apart, told from histograms of bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindred.clusters.contrast import (
    MAX_CATEGORIES,
    UNKNOWN,
    bin_categories,
    bin_numbers,
    coarse,
    contrast,
    median,
    rank_contrasts,
)

some = st.lists(st.integers(0, 20), min_size=1, max_size=30)


@given(some, some)
def test_the_effect_is_cliffs_delta_counted_pair_by_pair(here: list[int], there: list[int]) -> None:
    trait = bin_numbers("t", np.array(here + there, dtype=float))
    rows = np.arange(len(here) + len(there))
    found = contrast(trait, trait.of(rows[: len(here)]), trait.of(rows[len(here) :]))
    pairs = [(a > b) - (a < b) for a in here for b in there]
    assert found.effect == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


@given(some, some)
def test_swapping_the_groups_turns_the_effect_round(here: list[int], there: list[int]) -> None:
    trait = bin_numbers("t", np.array(here + there, dtype=float))
    rows = np.arange(len(here) + len(there))
    a, b = trait.of(rows[: len(here)]), trait.of(rows[len(here) :])
    assert contrast(trait, a, b).effect == pytest.approx(-contrast(trait, b, a).effect)


def test_nobody_differs_from_themselves() -> None:
    trait = bin_numbers("t", np.random.default_rng(0).normal(size=5000))
    assert contrast(trait, trait.counts, trait.counts).effect == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("shape", ["normal", "lognormal"])
def test_the_median_from_bins_is_near_the_exact_one(shape: str) -> None:
    values = getattr(np.random.default_rng(1), shape)(size=20_000)
    trait = bin_numbers("t", values)
    assert trait.log == (shape == "lognormal")
    assert median(trait, trait.counts) == pytest.approx(np.median(values), abs=0.02)


def test_what_is_not_known_counts_in_no_bin_and_is_said() -> None:
    trait = bin_numbers("age", np.array([20.0, np.nan, 40.0, np.nan]))
    found = contrast(trait, trait.of(np.array([1, 2])), trait.counts)
    assert (found.known, found.here) == (0.5, 40.0)
    assert trait.counts[UNKNOWN] == 2


def test_a_trait_nobody_has_sets_nobody_apart() -> None:
    trait = bin_numbers("t", np.full(3, np.nan))
    found = contrast(trait, trait.of(np.array([0])), trait.counts)
    assert found.effect == 0
    assert rank_contrasts([found]) == []


def test_a_category_is_told_by_its_largest_difference_of_shares() -> None:
    labels = ["north", "south", "east"]
    trait = bin_categories("region", np.array([0, 0, 1, 1, 1, 2, -1]), labels)
    found = contrast(trait, trait.of(np.array([0, 1])), trait.counts)
    assert trait.categories == ("south", "north", "east")
    assert (found.category, found.here) == ("north", 1.0)
    assert found.there == pytest.approx(1 / 3)
    assert found.effect == pytest.approx(2 / 3)


def test_rare_categories_are_told_as_one() -> None:
    trait = bin_categories("c", np.arange(200), [str(i) for i in range(200)])
    assert len(trait.categories) == MAX_CATEGORIES + 1
    assert trait.counts[MAX_CATEGORIES] == 140


def test_a_picture_has_all_the_people_in_its_bars() -> None:
    trait = bin_numbers("t", np.random.default_rng(2).exponential(size=3000))
    edges, shares = coarse(trait, trait.counts)
    assert len(edges) == len(shares) + 1 == 26
    assert shares.sum() == pytest.approx(1)


def test_effects_are_told_strongest_first() -> None:
    values = np.arange(100.0)
    up, flat = bin_numbers("up", values), bin_numbers("flat", values % 2)
    rows = np.arange(50, 100)
    found = rank_contrasts([contrast(t, t.of(rows), t.counts) for t in (flat, up)])
    assert [c.name for c in found] == ["up"]
    assert found[0].effect == pytest.approx(0.5)
    assert found[0].strength == "much"
