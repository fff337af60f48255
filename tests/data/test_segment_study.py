"""What screens say of a rule: its parts, its people and why, what there is to choose from."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine

from data.segment_overlap import overlap
from data.segment_population import Population
from data.segment_profiles import asked_by, read_profiles, reasons
from data.segment_study import sample, study
from data.segment_vocabulary import (
    events_known,
    properties_known,
    spread,
    templates_know,
)
from data.workspace import Workspace
from kindred.segments import rules as r
from kindred.segments.bitmap import Bitmap
from kindred.segments.membership import belongs
from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType
from tests.support.segment_workspace import (
    NOON,
    ORDER,
    WORLD,
    add_up,
    keep_traits,
    opened,
    take_in,
)

RICH = r.TraitRule("monetary", "gte", 10)
ACTIVE = r.EventRule(ORDER, "count", "gte", 2, within="P7D")
OFTEN = r.TraitRule("frequency", "gte", 2)


@pytest.fixture(params=["raw", "added up"])
def population(
    request: pytest.FixtureRequest, workspace: Workspace, engine: Engine, tmp_path: Path
) -> Population:
    take_in(workspace, engine, WORLD, tmp_path / "first")
    keep_traits(workspace, engine, WORLD)
    if request.param == "added up":
        add_up(workspace, engine)
    return opened(workspace, engine)


def held(rule: Rule) -> set[int]:
    context = WORLD.context([rule])
    people = enumerate(WORLD.people)
    return {n for n, person in people if belongs(person.profile(), rule, context, NOON)}


def test_a_study_says_what_every_condition_keeps(population: Population) -> None:
    rule = r.AllRule((RICH, ACTIVE, r.NotRule(OFTEN)))
    found = study(rule, population)
    sets = [held(RICH), held(ACTIVE), held(r.NotRule(OFTEN))]
    assert found.size == len(set.intersection(*sets))
    assert found.share == found.size / 24
    assert [stage.alone for stage in found.funnel] == [len(one) for one in sets]
    assert [stage.left for stage in found.funnel] == [
        len(sets[0]),
        len(sets[0] & sets[1]),
        len(sets[0] & sets[1] & sets[2]),
    ]
    assert [stage.without for stage in found.funnel] == [
        len(sets[1] & sets[2]),
        len(sets[0] & sets[2]),
        len(sets[0] & sets[1]),
    ]
    assert found.funnel[0].clause == "whose monetary is at least 10"
    assert found.narrows
    assert found.sizes[()] == found.size
    assert found.sizes[(2,)] == len(sets[2])
    assert found.sizes[(2, 0)] == len(held(OFTEN))


def test_revenue_is_that_of_the_people(population: Population) -> None:
    found = study(RICH, population)
    spent = [person.traits.get("monetary", 0.0) for person in WORLD.people]
    rich = sum(money for money in spent if money >= 10)
    assert found.revenue == rich
    assert found.revenue_share == pytest.approx(rich / sum(spent))
    assert found.funnel == (), "a lone condition has no funnel"


def test_of_any_each_condition_adds(population: Population) -> None:
    found = study(r.AnyRule((RICH, ACTIVE)), population)
    assert not found.narrows
    assert [stage.left for stage in found.funnel] == [
        len(held(RICH)),
        len(held(RICH) | held(ACTIVE)),
    ]


def test_nobody_has_no_shares_to_speak_of(population: Population) -> None:
    found = study(r.TraitRule("monetary", "gte", 999), population)
    assert (found.size, found.share, found.revenue, found.revenue_share) == (0, 0.0, 0.0, 0.0)


def test_a_sample_is_the_same_for_the_same_seed_and_all_of_few() -> None:
    members = Bitmap.of(np.arange(0, 1000, 3), 1000)
    first = sample(members, 10, 1).tolist()
    assert first == sample(members, 10, 1).tolist() == sorted(first)
    assert set(first) <= set(range(0, 1000, 3))
    assert sample(members, 10, 2).tolist() != first
    fewer = Bitmap.of(np.array([n for n in range(0, 1000, 3) if n % 2 or n in first]), 1000)
    assert sample(fewer, 10, 1).tolist() == first, "who still is a member is shown again"
    assert sample(Bitmap.of(np.array([7]), 10), 5, 1).tolist() == [7]


SEQUENCE = r.SequenceRule(
    (r.Step("Product Viewed"), r.Step(ORDER, within="P7D")), then_not=r.ThenNot("Product Added")
)
REASONED: list[Rule] = [
    r.AllRule((RICH, ACTIVE)),
    r.AnyRule((r.NotRule(OFTEN), SEQUENCE)),
    r.AllRule((r.EventRule(ORDER, "sum", "gte", 1, "revenue"), r.StoppedRule(ORDER, "P14D"))),
    r.AtLeastRule(2, (r.RegularlyRule(ORDER, "P7D", 4, 2), r.FirstTimeRule(ORDER, "P60D"), RICH)),
    r.PercentileRule("monetary", "top", 25),
    r.EventRule("Product Viewed", where=(r.PropertyFilter("category", "eq", "Deli"),)),
]


@pytest.mark.parametrize("rule", REASONED)
def test_reasons_are_those_of_the_people_themselves(population: Population, rule: Rule) -> None:
    """Whoever is read from the lake is judged as the person in memory is."""
    everybody = list(range(len(WORLD.people)))
    profiles = read_profiles(asked_by(rule, population), population, everybody)
    found = reasons(rule, population, profiles)
    assert [person for person, _ in found] == [person.id for person in WORLD.people]
    members = population.members(rule)
    from kindred.segments.evidence import why

    context = population.complete([rule])
    for place, (person, said) in zip(WORLD.people, found, strict=True):
        expected = why(place.profile(), rule, context, NOON)
        assert [(one.path, one.holds) for one in said] == [
            (one.path, one.holds) for one in expected
        ]
        assert [one.value for one in said] == [one.value for one in expected]
        assert person == place.id
    assert {n for n in everybody if n in members} == held(rule)


def test_values_are_told_with_how_common_they_are(population: Population) -> None:
    money = [float(p.traits["monetary"]) for p in WORLD.people if "monetary" in p.traits]
    found = spread(population, "monetary")
    assert found.known == len(money) / 24
    assert found.quantiles[::2] == (min(money), np.median(money), max(money))
    income = spread(population, "income")
    told = [p.traits["income"] for p in WORLD.people if "income" in p.traits]
    assert dict(income.values) == {v: told.count(v) / 24 for v in set(told)}
    shares = [share for _, share in income.values]
    assert all(a >= b for a, b in pairwise(shares))
    assert spread(population, "tags").known == 0.0


def test_events_and_their_properties_are_told(population: Population) -> None:
    found = {one.name: one for one in events_known(population)}
    orders = [p for p in WORLD.people if any(e.event == ORDER for e in p.events)]
    assert found[ORDER].people == len(orders)
    assert found[ORDER].events == sum(e.event == ORDER for p in WORLD.people for e in p.events)
    viewed = {one.name: one for one in properties_known(population, "Product Viewed")}
    assert viewed["category"].type is TraitType.CATEGORY
    assert viewed["category"].share == 1.0
    assert {value for value, _ in viewed["category"].values} == {"Deli", "Dairy"}
    revenue = next(one for one in properties_known(population, ORDER) if one.name == "revenue")
    assert revenue.type is TraitType.NUMBER
    assert 0 < revenue.share < 1
    assert len(revenue.quantiles) == 5
    assert properties_known(population, "Never Heard Of") == []
    assert templates_know(population).events == set(found)


def test_overlaps_count_pairs_and_every_combination(population: Population) -> None:
    rules: dict[str, Rule] = {"rich": RICH, "active": ACTIVE, "often": OFTEN}
    found = overlap(population, rules)
    sets = {key: held(rule) for key, rule in rules.items()}
    for i, one in enumerate(rules):
        for j, other in enumerate(rules):
            both, either = sets[one] & sets[other], sets[one] | sets[other]
            assert found.shared[i, j] == len(both)
            assert found.jaccard()[i, j] == pytest.approx(len(both) / len(either))
    for keys, people in found.combinations:
        inside = set.intersection(*(sets[key] for key in keys))
        outside = set().union(*(sets[key] for key in rules if key not in keys))
        assert people == len(inside - outside) > 0
    assert sum(people for _, people in found.combinations) == len(set().union(*sets.values()))
    counts = [people for _, people in found.combinations]
    assert counts == sorted(counts, reverse=True)


def test_no_segments_overlap_nothing(population: Population) -> None:
    assert overlap(population, {}).combinations == []
