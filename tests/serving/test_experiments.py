"""Running experiments: string flags by OFREP, and the same variation from GrowthBook's own SDK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from growthbook import GrowthBook

from kindred.experiments.allocation import Holdout, Namespace
from kindred.experiments.definition import Experiment, Variation
from kindred.experiments.metrics import ConversionMetric
from kindred.segments import rules as r
from kindred.traits.trait import TraitType
from tests.support.api import Api
from tests.support.served import Town

PREFIX = "/ofrep/v1/evaluate/flags"
GOLD = r.TraitRule("plan", "eq", "gold")
VARIATIONS = (
    Variation("control", "As it is", 0.5),
    Variation("red", "Red", 0.3),
    Variation("blue", "", 0.2),
)
ORDERS = ConversionMetric(name="orders", event="Order Completed")
HERO = Experiment("Red sells more.", VARIATIONS, "orders", (ORDERS,))


@pytest.fixture(autouse=True)
def traits(town: Town) -> None:
    people = {f"u{n}": {"plan": "gold" if n % 2 else "free"} for n in range(60)}
    town.compute_traits({"plan": TraitType.CATEGORY}, people)
    for person, row in people.items():
        town.person(person, row)


def by_ofrep(api: Api, town: Town, person: str, key: str = "hero", **context: str) -> Any:
    token = town.key()
    api.serving.look()
    body = {"context": {"targetingKey": person, **context}}
    return api.ask("POST", f"{PREFIX}/{key}", body, key=token).json


@pytest.mark.parametrize(
    "experiment",
    [
        HERO,
        replace(HERO, coverage=0.4, seed="other"),
        replace(HERO, namespace=Namespace("page", 0.2, 0.8)),
        replace(HERO, holdouts=(Holdout("all", 0.3), Holdout("more", 0.2))),
        replace(HERO, holdouts=(Holdout("all", 0.3),), namespace=Namespace("page", 0.2, 0.8)),
        replace(HERO, cohort="gold"),
    ],
    ids=["plain", "covered", "namespace", "holdouts", "both", "cohort"],
)
def test_growthbooks_sdk_gives_everybody_the_variation_that_ofrep_gives(
    town: Town, api: Api, experiment: Experiment
) -> None:
    town.publish("gold", GOLD)
    town.publish_experiment("hero", experiment)
    token = town.key()
    api.serving.look()
    told = api.ask("GET", f"/api/features/{token}").json
    seen = set()
    for n in range(60):
        answer = by_ofrep(api, town, f"u{n}")
        attributes = {"id": f"u{n}", "plan": "gold" if n % 2 else "free"}
        sdk = GrowthBook(attributes=attributes, savedGroups=told["savedGroups"])
        sdk.set_features(told["features"])
        result = sdk.eval_feature("hero")
        assert result.value == answer["value"] == answer["variant"]
        exposed = result.experimentResult is not None and result.experimentResult.inExperiment
        assert exposed == answer["metadata"]["exposed"]
        assert (answer["reason"] == "SPLIT") == exposed
        seen.add((answer["value"], exposed))
        sdk.destroy()
    assert len(seen) >= 3


def test_who_is_not_in_gets_the_control_and_is_told_why(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.publish_experiment("hero", replace(HERO, cohort="gold"))
    out = by_ofrep(api, town, "u0")
    assert (out["value"], out["reason"]) == ("control", "DEFAULT")
    assert out["metadata"] == {
        "version": 1,
        "experiment": "hero",
        "exposed": False,
        "why": "cohort",
        "hashed": "targetingKey",
    }
    assert by_ofrep(api, town, "u0", plan="gold")["reason"] == "SPLIT"


def test_an_experiment_hashes_the_id_that_it_names(town: Town, api: Api) -> None:
    town.publish_experiment("hero", replace(HERO, hash_attribute="anonymousId"))
    same = [by_ofrep(api, town, f"u{n}", anonymousId="a1") for n in range(8)]
    assert len({answer["value"] for answer in same}) == 1
    assert same[0]["metadata"]["hashed"] == "anonymousId"
    assert by_ofrep(api, town, "a1")["value"] == same[0]["value"]


def test_a_segment_keeps_its_key_beside_an_experiment_of_the_same(town: Town, api: Api) -> None:
    town.publish_experiment("gold", HERO)
    assert by_ofrep(api, town, "u1", "gold")["reason"] == "SPLIT"
    town.publish("gold", GOLD)
    assert by_ofrep(api, town, "u1", "gold")["value"] is True
    assert by_ofrep(api, town, "u1", "experiment:gold")["reason"] == "SPLIT"


def test_a_cohort_that_browsers_may_not_know_is_not_told_through_an_experiment(
    town: Town, api: Api
) -> None:
    town.publish("gold", GOLD)
    town.publish("silver", r.NotRule(r.SegmentRule("gold")), browser=True)
    town.publish_experiment("hero", replace(HERO, cohort="gold"), browser=True)
    town.publish_experiment("open", HERO, browser=True)
    page = town.key(browser=True)
    api.serving.look()
    told = api.ask("GET", f"/api/features/{page}").json
    assert set(told["features"]) == {"open"}
    assert [out["key"] for out in told["leftOut"]] == ["silver", "hero"]
    assert "browsers may not know" in told["leftOut"][0]["reasons"][0]["reason"]
