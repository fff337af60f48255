"""Experiments as definitions: what is kept can be read again, what can't be judged is refused."""

from __future__ import annotations

from typing import Any

import pytest
from growthbook import Experiment as GrowthBookExperiment
from growthbook import GrowthBook

from kindred.errors import UserError
from kindred.experiments.allocation import Namespace
from kindred.experiments.definition import (
    Limit,
    Variation,
    document,
    growthbook,
    read_experiment,
    variation_of,
)
from kindred.experiments.difference import differences, moves_people
from kindred.experiments.estimates import MetricKind
from kindred.experiments.metrics import (
    BounceMetric,
    ConversionMetric,
    CountMetric,
    Part,
    RatioMetric,
    RetentionMetric,
    TimeMetric,
)
from kindred.segments.rules import PropertyFilter
from tests.support.experiments import hero_banner

EVERY_KIND = (
    *hero_banner().metrics,
    CountMetric(name="mugs", where=(PropertyFilter("category", "eq", "mugs"),)),
    RatioMetric(
        name="order value",
        numerator=Part("Order Completed", "revenue"),
        denominator=Part("Order Completed"),
    ),
    BounceMetric(name="bounces"),
    TimeMetric(name="time"),
    RetentionMetric(name="back"),
)


def test_every_kind_of_metric_is_read_as_it_was_written() -> None:
    whole = hero_banner(metrics=EVERY_KIND, namespace=Namespace("site", 0.2, 0.6))

    assert read_experiment(document(whole)) == whole


def test_the_primary_metric_is_judged_first_and_guardrails_carry_their_margin() -> None:
    metrics = hero_banner(primary="revenue").analysed()

    assert [metric.name for metric in metrics] == ["revenue", "orders", "click rate"]
    assert metrics[0].guardrail is not None
    assert metrics[0].guardrail.margin == 0.05
    assert metrics[2].kind is MetricKind.RATIO


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variations": (Variation("a", "", 1.0),)}, "two variations"),
        ({"variations": (Variation("a"), Variation("a"))}, "key of its own"),
        ({"variations": (Variation("a", "", 0.5), Variation("b", "", 0.4))}, "add up to 0.9"),
        ({"variations": (Variation("a", "", 0.0), Variation("b", "", 1.0))}, "control gets nobody"),
        ({"coverage": 0.0}, "0 is no share"),
        ({"primary": "profit"}, "no metric called “profit”"),
        ({"guardrails": (Limit("returns"),)}, "no metric called “returns”"),
        ({"metrics": (ConversionMetric(name="orders"),) * 2}, "one name"),
        ({"metrics": (ConversionMetric(name="orders", within="P1M"),)}, "not a length of time"),
        ({"metrics": (RetentionMetric(name="orders", after="P14D"),)}, "before it begins"),
    ],
)
def test_what_could_not_be_judged_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_experiment(document(hero_banner(**changes)))


def test_a_word_that_no_experiment_knows_is_refused_with_its_place() -> None:
    body = document(hero_banner())
    body["experiment"]["metrics"][0]["event_name"] = "Order Completed"

    with pytest.raises(UserError) as refused:
        read_experiment(body)

    assert refused.value.where == "metrics.0.conversion.event_name"


def test_growthbooks_own_sdk_gives_everybody_the_same_variation() -> None:
    test = hero_banner(coverage=0.7, namespace=Namespace("site", 0.0, 0.8))
    rule = growthbook(test, "hero")

    for number in range(500):
        unit = f"u{number}"
        sdk = GrowthBook(attributes={"anonymousId": unit})
        theirs = sdk.run(
            GrowthBookExperiment(
                key=rule["key"],
                variations=rule["variations"],
                weights=rule["weights"],
                coverage=rule["coverage"],
                hashVersion=rule["hashVersion"],
                seed=rule["seed"],
                hashAttribute=rule["hashAttribute"],
                namespace=tuple(rule["namespace"]),
            )
        )
        ours = variation_of(test, "hero", unit).variation
        assert (theirs.value if theirs.inExperiment else None) == ours


def test_versions_differ_in_sentences() -> None:
    before = hero_banner()
    after = hero_banner(
        metrics=(*hero_banner().metrics[:2], CountMetric(name="mugs")),
        guardrails=(),
        primary="revenue",
        coverage=0.5,
    )

    assert differences(before, before) == []
    assert differences(before, after) == [
        "50% of them take part, no longer 100%.",
        "No longer measured: click rate.",
        "Now measured: mugs: “Order Completed” per unit within 14 days of the exposure.",
        "revenue decides, no longer orders.",
        "Must not get worse: nothing.",
    ]
    assert not moves_people(before, after), "a larger share adds people, and moves nobody"


def test_another_split_says_that_people_change_their_variation() -> None:
    split = (Variation("control", "Old banner", 0.8), Variation("variation", "Warm banner", 0.2))
    found = differences(hero_banner(), hero_banner(variations=split))

    assert found[0] == "Variations: Old banner 80%, Warm banner 20%."
    assert "Some people get another variation" in found[1]
