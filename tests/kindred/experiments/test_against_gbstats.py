"""GrowthBook's engine and ours, number by number, where both define the same test."""

import json
from pathlib import Path
from typing import Any

import pytest

from kindred.experiments.bayes import Prior, posterior
from kindred.experiments.comparison import Lift, absolute_lift, relative_lift
from kindred.experiments.estimates import (
    MetricKind,
    adjusted_estimate,
    estimate,
    fit_adjustment,
)
from kindred.experiments.moments import Moments
from kindred.experiments.sequential import AlwaysValid
from kindred.experiments.srm import sample_ratio

GBSTATS: dict[str, Any] = json.loads(Path(__file__).with_name("gbstats_cases.json").read_text())
CASES: list[dict[str, Any]] = GBSTATS["cases"]


def same(theirs: float) -> object:
    return pytest.approx(theirs, rel=1e-9, abs=1e-9)


def moments(rows: list[list[float]]) -> Moments:
    value, denominator, before = zip(*rows, strict=True)
    return Moments.of_rows({"value": value, "denominator": denominator, "before": before})


def lift(case: dict[str, Any], difference: str) -> Lift:
    control, arm = moments(case["control"]), moments(case["arm"])
    kind = MetricKind(case["kind"])
    if case["covariate"]:
        adjustment = fit_adjustment(control + arm, kind, ["before"])
        assert adjustment is not None
        a = adjusted_estimate(control, kind, adjustment)
        b = adjusted_estimate(arm, kind, adjustment)
    else:
        a, b = estimate(control, kind), estimate(arm, kind)
    return absolute_lift(a, b) if difference == "absolute" else relative_lift(a, b)


@pytest.mark.parametrize("difference", ["absolute", "relative"])
@pytest.mark.parametrize(
    "case",
    CASES,
    ids=lambda c: f"{c['kind']}{'+cuped' * c['covariate']} {len(c['control'])}:{len(c['arm'])}",
)
def test_every_number_is_the_one_gbstats_gives(case: dict[str, Any], difference: str) -> None:
    ours, theirs = lift(case, difference), case[difference]
    assert ours.value == same(theirs["lift"])
    assert ours.p_value == same(theirs["p_value"])
    assert ours.interval(0.05) == same(theirs["interval"])
    peeking = AlwaysValid(ours, len(case["control"]) + len(case["arm"]), tuning=400)
    assert peeking.interval() == same(theirs["sequential_interval"])
    assert peeking.p_value() == same(theirs["sequential_p_value"])
    believed = posterior(ours, Prior(0.01, 0.2))
    assert believed.mean == same(theirs["posterior_mean"])
    assert believed.chance_to_win == same(theirs["chance_to_win"])
    assert believed.expected_loss == same(theirs["expected_loss"])


@pytest.mark.parametrize("case", GBSTATS["srm"], ids=lambda c: str(c["counts"]))
def test_the_sample_ratio_is_the_one_gbstats_gives(case: dict[str, Any]) -> None:
    counts = {str(i): n for i, n in enumerate(case["counts"])}
    weights = {str(i): w for i, w in enumerate(case["weights"])}
    assert sample_ratio(counts, weights).p_value == pytest.approx(case["p_value"], rel=1e-12)
