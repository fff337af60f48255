"""What a training learns for people of whom little is known."""

from __future__ import annotations

import numpy as np
import pytest

from kindred.recommend import splits
from kindred.recommend.dataset import DAY, Interactions
from kindred.recommend.material import Material
from kindred.recommend.recipes import GROUPS, PERSONAL, POPULARITY, TRENDING, recipes
from kindred.recommend.training import Contest, contest, fit_all, ingredients

PEOPLE, OLD, NEW = 40, 12, 12
TURN = 100  # days of the old fashion, before a week of the new one

CUT = (TURN + 2) * DAY


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
    cut = CUT  # the new fashion is two days old: trending sees it, counts do not
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


def test_a_contest_knows_from_when_on_its_test_lies(found: Contest) -> None:
    assert found.cut == CUT


def own() -> Material:
    """Each deals with the same four of many items, over and over, and once with another."""
    rng = np.random.default_rng(5)
    mine = rng.integers(0, 60, (PEOPLE, 4))
    days = np.arange(30)
    person, day = (each.ravel() for each in np.meshgrid(np.arange(PEOPLE), days, indexing="ij"))
    rows = Interactions(
        np.arange(PEOPLE).astype(str),
        np.arange(60).astype(str),
        person,
        np.where(day < 29, mine[person, day % 4], person),
        (day * DAY).astype(np.float64),
        np.ones(len(person)),
    )
    return Material(rows, {}, {}, np.full(60, "", dtype=object))


@pytest.mark.parametrize("repeats", [True, False])
def test_first_clicks_come_again_only_where_people_deal_with_things_again(repeats: bool) -> None:
    material, cut = own(), 20 * DAY
    split = splits.temporal(material.rows, cut, repeats=repeats)
    given = ingredients(material, split.train)
    chosen = [
        recipe
        for recipe in recipes(repeats=True, features=False, items_described=False)
        if recipe.name in {POPULARITY, PERSONAL}
    ]
    forms = fit_all(given, chosen, lambda: 0.0).forms
    weights = contest(material, split, cut, given.matrix, forms).blend["clicks"]
    assert (PERSONAL in weights) is repeats
