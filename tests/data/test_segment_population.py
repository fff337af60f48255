"""Rules over a real workspace: events imported, traits kept, days added up, some of them late."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine

from data.day_aggregates import DAY_AGGREGATES, events_by_day, fresh_days
from data.engine import reader
from data.lake import live_files
from data.segment_opening import open_catalogue, open_population
from data.segment_population import memberships
from data.segment_preview import preview
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.catalogue import Catalogue
from kindred.segments.membership import belongs
from kindred.segments.parse import RuleRefused
from kindred.segments.profile import Happened
from kindred.segments.rules import Rule
from pipelines.cli import main
from tests.support.segment_workspace import (
    KINDS,
    MIDNIGHT,
    NOON,
    ORDER,
    WORLD,
    add_up,
    keep_traits,
    opened,
    take_in,
)
from tests.support.segment_worlds import (
    NIGHTLY,
    RUN,
    Person,
    World,
    event_leaves,
    segments,
    trait_rules,
)


@pytest.fixture
def filled(workspace: Workspace, engine: Engine, tmp_path: Path) -> Workspace:
    take_in(workspace, engine, WORLD, tmp_path / "first")
    keep_traits(workspace, engine, WORLD)
    return workspace


def in_memory(rule: Rule, world: World, as_of: datetime) -> list[bool]:
    context = world.context([rule])
    return [belongs(person.profile(), rule, context, as_of) for person in world.people]


RULES: list[Rule] = [
    r.EventRule(ORDER, "count", "gte", 2, within="P7D"),
    r.EventRule(ORDER, "count", "lt", 2, within="P7D"),
    r.EventRule(ORDER, "did_not", within="P14D"),
    r.EventRule(ORDER, "sum", "gte", 1.5, "revenue", "P30D"),
    r.EventRule(ORDER, "avg", "gt", 1, "revenue"),
    r.EventRule(ORDER, "min", "lte", 0.5, "revenue", "P60D"),
    r.EventRule(ORDER, "max", "between", (0.5, 1.5), "revenue", between=("P60D", "P7D")),
    r.EventRule("Product Viewed", where=(r.PropertyFilter("category", "eq", "Deli"),)),
    r.FirstTimeRule("Product Added", "P30D"),
    r.StoppedRule(ORDER, "P14D"),
    r.RestartedRule(ORDER, "P7D", "P7D"),
    r.RegularlyRule(ORDER, "P7D", 4, 2),
    r.RegularlyRule(ORDER, "PT12H", 40, 3),
    r.PercentileRule("monetary", "top", 25),
    r.SequenceRule((r.Step("Product Viewed"), r.Step(ORDER, within="P7D"))),
]


@pytest.mark.parametrize("as_of", [NOON, MIDNIGHT], ids=["noon", "midnight"])
def test_days_that_are_added_up_change_no_answer(
    filled: Workspace, engine: Engine, as_of: datetime
) -> None:
    expected = [in_memory(rule, WORLD, as_of) for rule in RULES]
    assert any(any(held) and not all(held) for held in expected)
    raw = opened(filled, engine, as_of)
    assert [raw.members(rule).held().tolist() for rule in RULES] == expected
    assert add_up(filled, engine).rows > 0
    quick = opened(filled, engine, as_of)
    assert quick.measures.days is not None
    assert quick.measures.days.aggregates
    assert [quick.members(rule).held().tolist() for rule in RULES] == expected


def test_adding_up_again_does_nothing_and_late_events_only_their_days(
    filled: Workspace, engine: Engine, tmp_path: Path
) -> None:
    add_up(filled, engine)
    assert add_up(filled, engine).fresh
    late = [
        Happened(ORDER, NOON - timedelta(days=3, minutes=n), {"revenue": 9.0}, f"late{n}")
        for n in range(4)
    ]
    newcomer = Person("zz", {}, [Happened(ORDER, NOON - timedelta(days=40), {}, "zz1")])
    people = [Person("p00", {}, late), newcomer]
    take_in(filled, engine, World(people, NOON), tmp_path / "late")

    rule = r.EventRule(ORDER, "count", "gte", 4, within="P7D")
    with reader(engine).connect() as conn:
        days = events_by_day(conn)
        stale = days.keys() - fresh_days(conn, DAY_AGGREGATES, days).keys()
    assert stale == {"2026-10-29", "2026-09-22"}
    assert 0 in opened(filled, engine).members(rule), "stale days are read raw"

    assert add_up(filled, engine).detail == {"days": 2, "ended": 2}
    assert 0 in opened(filled, engine).members(rule)
    with reader(engine).connect() as conn:
        assert len(live_files(conn, DAY_AGGREGATES)) == len(days)


@pytest.mark.slow
def test_random_rules_over_added_up_days_agree_with_memory(
    filled: Workspace, engine: Engine, pairs_held: Callable[[int], None]
) -> None:
    add_up(filled, engine)
    for as_of in (NOON, MIDNIGHT, NOON - timedelta(days=7)):
        population = opened(filled, engine, as_of)

        @settings(
            max_examples=600 if NIGHTLY else 40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        )
        @given(rule=event_leaves | trait_rules, among=segments)
        def agree(rule: Rule, among: dict[str, Rule]) -> None:
            world = World(WORLD.people, as_of, segments=among)  # noqa: B023
            expected = in_memory(rule, world, as_of)  # noqa: B023
            assert population.members(rule).held().tolist() == expected  # noqa: B023
            pairs_held(1)

        agree()


def test_many_segments_share_their_leaves(filled: Workspace, engine: Engine) -> None:
    population = opened(filled, engine)
    both = r.AllRule((RULES[0], RULES[9]))
    found = memberships({"one": RULES[0], "two": RULES[9], "both": both}, population)
    assert found["both"] == found["one"] & found["two"]


def test_a_trait_that_does_not_exist_is_refused(filled: Workspace, engine: Engine) -> None:
    population = opened(filled, engine)
    for rule in (
        r.TraitRule("nothing", "gt", 3),
        r.TraitRule("person_id", "is_set"),
        r.PercentileRule("nothing", "top", 10),
        r.ClusterRule(1, RUN),
        r.SegmentRule("nothing"),
        r.ListRule("nothing"),
    ):
        with pytest.raises(UserError):
            population.members(r.AnyRule((r.AllRule(()), rule)))


def test_without_traits_the_command_to_run_is_said(workspace: Workspace, engine: Engine) -> None:
    with reader(engine).connect() as conn, pytest.raises(UserError, match="pipelines traits"):
        open_population(workspace, conn)


def test_the_catalogue_is_what_the_workspace_holds(filled: Workspace, engine: Engine) -> None:
    population = opened(filled, engine)
    with reader(engine).connect() as conn:
        found = open_catalogue(conn, population)
    assert found.traits == KINDS
    assert set(found.events or ()) == {ORDER, "Product Added", "Product Viewed"}
    with pytest.raises(RuleRefused, match="Order Completed"):
        preview(r.EventRule("Order Complete"), population, found)


def test_a_preview_counts_and_says(filled: Workspace, engine: Engine) -> None:
    found = preview(r.TraitRule("monetary", "gte", 22), opened(filled, engine), Catalogue())
    assert found.size == 2
    assert found.share == pytest.approx(2 / 24)
    assert found.sentence == "People whose monetary is at least 22."
    assert found.members.positions().tolist() == [22, 23]


def test_the_command_previews_and_validates(
    filled: Workspace,
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(filled.home))
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"kind": "trait", "trait": "monetary", "op": "gte", "value": 22}')
    bad.write_text('{"kind": "not", "rule": {"kind": "trait", "trait": "monetry", "op": "is_set"}}')

    assert main(["segments", "preview", "--rule", str(good), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "size": 2,
        "share": pytest.approx(2 / 24),
        "sentence": "People whose monetary is at least 22.",
        "as_of": NOON.isoformat(),
    }
    as_of = ["--as-of", "2026-10-01T02:00:00+02:00"]
    assert main(["segments", "preview", "--rule", str(good), "--json", *as_of]) == 0
    assert json.loads(capsys.readouterr().out)["as_of"] == "2026-10-01T00:00:00+00:00"

    assert main(["segments", "validate", "--rule", str(good)]) == 0
    assert capsys.readouterr().out == "Valid. People whose monetary is at least 22.\n"
    assert main(["segments", "validate", "--rule", str(bad), "--json"]) == 2
    problem = json.loads(capsys.readouterr().out)["problems"][0]
    assert problem["path"] == "rule.trait"
    assert problem["accepted"] == "Did you mean monetary?"
    assert main(["segments", "preview", "--rule", str(tmp_path / "none.json")]) == 2
    assert "Check the path" in capsys.readouterr().err
