"""What a training learns for people of whom little is known."""

from __future__ import annotations

import numpy as np
import pytest

from kindred.recommend import splits
from kindred.recommend.dataset import DAY, Interactions
from kindred.recommend.material import Material
from kindred.recommend.recipes import GROUPS, POPULARITY, TRENDING, recipes
from kindred.recommend.training import Contest, contest, fit_all, ingredients

PEOPLE, OLD, NEW = 40, 12, 12
TURN = 100  # days of the old fashion, before a week of the new one


def turned() -> Material:
    """Everybody dealt with old things for long, and with new ones since a week or two."""
    dealt = []
    for who in range(PEOPLE):
        for on in range(0, TURN, 10):
            dealt.append((who, (who + on // 10) % OLD, on))
        for on in range(20):
            dealt.append((who, OLD + (who + on) % NEW, TURN + on))
    person, item, day = np.array(dealt).T
    rows = Interactions(
        np.arange(PEOPLE).astype(str),
        np.arange(OLD + NEW).astype(str),
        person,
        item,
        day * DAY,
        np.ones(len(person)),
    )
    traits = {"region": np.array([f"r{who % 2}" for who in range(PEOPLE)], dtype=object)}
    return Material(rows, traits, {}, np.full(OLD + NEW, "", dtype=object), half_life=10_000.0)


@pytest.fixture(scope="module")
def found() -> Contest:
    material = turned()
    cut = (TURN + 2) * DAY  # the new fashion is two days old: trending sees it, counts do not
    split = splits.temporal(material.rows, cut, repeats=True)
    given = ingredients(material, split.train)
    chosen = [
        recipe
        for recipe in recipes(repeats=True, features=True, items_described=False)
        if recipe.name in {POPULARITY, GROUPS, TRENDING}
    ]
    forms = fit_all(given, chosen, lambda: 0.0, {TRENDING: {"half_life_days": 1.0}}).forms
    return contest(material, split, cut, given.matrix, forms)


@pytest.mark.parametrize("route", ["metadata", "unknown", "clicks"])
def test_what_trends_is_shown_to_strangers_where_it_foretells_more(
    found: Contest, route: str
) -> None:
    weights = found.blend[route]
    assert sum(weights.values()) == pytest.approx(1.0)
    assert max(weights, key=lambda name: weights[name]) == TRENDING


def test_of_the_unknown_no_groups_are_asked(found: Contest) -> None:
    assert set(found.blend["unknown"]) <= {POPULARITY, TRENDING}
