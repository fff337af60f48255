"""Laws that hold whatever the numbers are: merging, symmetry, scale, what time may add."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kindred.errors import UserError
from kindred.experiments.analysis import (
    Metric,
    Settings,
    adjust_p_values,
    compare,
    compare_segments,
    corrected,
)
from kindred.experiments.bayes import Prior, posterior
from kindred.experiments.comparison import Lift, absolute_lift, relative_lift
from kindred.experiments.correction import benjamini_hochberg, holm
from kindred.experiments.estimates import (
    MetricKind,
    adjusted_estimate,
    estimate,
    fit_adjustment,
)
from kindred.experiments.guardrails import Guardrail, judge, judge_always
from kindred.experiments.heterogeneity import interaction
from kindred.experiments.moments import Moments
from kindred.experiments.over_time import by_days_since, cumulative, trend
from kindred.experiments.planning import (
    Duration,
    duration,
    outlook,
    power,
    smallest_detectable,
    units_for_rate,
    units_needed,
    units_when_peeking,
)
from kindred.experiments.pooling import pooled, pooled_counts
from kindred.experiments.report import Cell, report
from kindred.experiments.results import Reading, Result
from kindred.experiments.sequential import AlwaysValid, so_far, tightest_at

numbers = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)
p_values = st.lists(st.floats(0, 1), max_size=12)
MEAN = Metric("m", MetricKind.MEAN)


def moments(values: list[float]) -> Moments:
    return Moments.of_rows({"value": values})


@given(numbers, numbers, numbers)
def test_summaries_merge_in_any_order(a: list[float], b: list[float], c: list[float]) -> None:
    whole = moments(a + b + c)
    for merged in ((moments(a) + moments(b)) + moments(c), moments(c) + (moments(b) + moments(a))):
        assert merged.n == whole.n
        assert merged.mean("value") == pytest.approx(whole.mean("value"), abs=1e-9)
        assert merged.variance("value") == pytest.approx(
            whole.variance("value"), rel=1e-9, abs=1e-9
        )


@given(numbers, numbers)
def test_turning_the_arms_round_turns_the_lift_round(a: list[float], b: list[float]) -> None:
    one, other = estimate(moments(a), MetricKind.MEAN), estimate(moments(b), MetricKind.MEAN)
    there, back = absolute_lift(one, other), absolute_lift(other, one)
    assume(there.usable)
    assert there.value == -back.value
    assert there.p_value == back.p_value


@given(numbers, numbers, st.floats(0.1, 100), st.sampled_from([1, -1]))
def test_a_unit_of_measure_changes_no_test(
    a: list[float], b: list[float], scale: float, sign: int
) -> None:
    def lifts(factor: float) -> tuple[Lift, Lift]:
        pair = [estimate(moments([factor * x for x in v]), MetricKind.MEAN) for v in (a, b)]
        return absolute_lift(*pair), relative_lift(*pair)

    plain, scaled = lifts(1.0), lifts(scale * sign)
    assume(plain[0].standard_error > 1e-3 and abs(np.mean(a)) > 1e-3 and plain[1].usable)
    for before, after in zip(plain, scaled, strict=True):
        assert after.p_value == pytest.approx(before.p_value, rel=1e-6, abs=1e-12)
    # the relative lift is of the control, sign and all, so it is the same for losses as for gains
    assert scaled[1].value == pytest.approx(plain[1].value, rel=1e-6, abs=1e-9)


@given(p_values)
def test_corrected_p_values_keep_their_order_and_only_grow(values: list[float]) -> None:
    order = np.argsort(values, kind="stable")
    for method in (holm, benjamini_hochberg):
        found = method(values)
        assert all(q >= p for p, q in zip(values, found, strict=True))
        assert all(0 <= q <= 1 for q in found)
        ranked = [found[i] for i in order]
        assert ranked == sorted(ranked)
    assert all(h >= b for h, b in zip(holm(values), benjamini_hochberg(values), strict=True))
    assert corrected(values, "none") == values


def test_what_was_not_tested_is_no_member_of_the_family() -> None:
    assert holm([0.01, math.nan, 0.03])[0] == 0.02
    assert math.isnan(benjamini_hochberg([0.01, math.nan])[1])


def test_families_are_all_tests_or_each_metrics_own() -> None:
    rng = np.random.default_rng(2)
    results: list[Result] = []
    for name in ("one", "two"):
        arms = {arm: moments(rng.normal(0.1 * i, 1, 400).tolist()) for i, arm in enumerate("ABC")}
        results += compare(Metric(name, MetricKind.MEAN), arms, Settings("A"))[0]
    together, apart = (adjust_p_values(results, "holm", family) for family in ("all", "metric"))
    raw = [r.plain.p_value for r in results]
    assert [r.plain.adjusted_p_value for r in together] == holm(raw)
    assert [r.plain.adjusted_p_value for r in apart] == holm(raw[:2]) + holm(raw[2:])


def test_several_covariates_are_a_regression() -> None:
    rng = np.random.default_rng(4)
    n = 500
    one, two = rng.normal(size=n), rng.normal(size=n)
    value = 2 * one - two + rng.normal(size=n)
    arm = np.arange(n) % 2 == 1
    rows = {"value": value, "one": one, "two": two}
    parts = [Moments.of_rows({k: v[mask] for k, v in rows.items()}) for mask in (~arm, arm)]
    adjustment = fit_adjustment(parts[0] + parts[1], MetricKind.MEAN, ["one", "two"])
    assert adjustment is not None
    design = np.column_stack([np.ones(n), one, two])
    beta = np.linalg.lstsq(design, value, rcond=None)[0]
    assert list(adjustment.theta.values()) == pytest.approx(beta[1:].tolist())
    residual = value - one * beta[1] - two * beta[2]
    lift = absolute_lift(*(adjusted_estimate(m, MetricKind.MEAN, adjustment) for m in parts))
    assert lift.value == pytest.approx(residual[arm].mean() - residual[~arm].mean())
    variances = [residual[mask].var(ddof=1) / mask.sum() for mask in (arm, ~arm)]
    assert lift.standard_error == pytest.approx(math.sqrt(sum(variances)))
    twice = {**rows, "two": one}  # the same covariate, named twice
    same = [Moments.of_rows({k: v[mask] for k, v in twice.items()}) for mask in (~arm, arm)]
    doubled = fit_adjustment(same[0] + same[1], MetricKind.MEAN, ["one", "two"])
    assert doubled is not None
    assert max(map(abs, doubled.theta.values())) < 3


@given(st.floats(-1, 1), st.floats(0.01, 1), st.integers(100, 10**6))
def test_an_always_valid_interval_is_wider_and_agrees_with_its_p_value(
    value: float, error: float, n: int
) -> None:
    lift = Lift(value, error, math.inf)
    always = AlwaysValid(lift, n)
    low, high = always.interval()
    assert high - low > lift.interval(0.05)[1] - lift.interval(0.05)[0]
    assert (low <= 0 <= high) == (always.p_value() >= 0.05 * (1 - 1e-9))
    assert always.lower_bound() >= low
    assert always.upper_bound() <= high


def test_looks_add_up_to_one_statement() -> None:
    looks = [
        AlwaysValid(Lift(value, error, math.inf), n)
        for value, error, n in [(0.5, 0.4, 200), (0.4, 0.05, 5_000), (0.3, 0.2, 6_000)]
    ]
    told = so_far([None, *looks])
    assert told[0] is None
    states = [state for state in told if state is not None]
    assert [state.decided_at for state in states] == [None, 2, 2]
    assert states[2].interval == looks[1].interval()
    assert states[2].p_value == looks[1].p_value()


@settings(max_examples=30)
@given(st.floats(-0.5, 0.5), st.floats(0.01, 1), st.floats(0.01, 2), st.floats(-0.5, 0.5))
def test_a_prior_draws_the_belief_towards_itself(
    value: float, error: float, spread: float, centre: float
) -> None:
    lift = Lift(value, error, 100.0)
    believed = posterior(lift, Prior(centre, spread))
    assert min(value, centre) - 1e-9 <= believed.mean <= max(value, centre) + 1e-9
    assert believed.standard_deviation < error
    other = believed.reversed
    assert believed.chance_to_win + other.chance_to_win == pytest.approx(1)
    # E[max(−X, 0)] − E[max(X, 0)] = −E[X]
    assert believed.expected_loss - other.expected_loss == pytest.approx(-believed.mean, abs=1e-12)
    assert Prior(0.1, 0.2, relative=True).scaled(-50.0) == Prior(5.0, 10.0)


def test_guardrails_look_at_the_bad_side() -> None:
    margin = Guardrail(0.02)
    slower = Lift(0.05, 0.005, math.inf)
    assert judge(slower, margin, "higher", 0.05).holds  # type: ignore[union-attr]
    verdict = judge(slower, margin, "lower", 0.05)
    assert verdict is not None
    assert (verdict.holds, verdict.broken) == (False, True)
    assert verdict.worst == pytest.approx(0.05 + 1.6448536 * 0.005)
    unsure = judge(Lift(0.0, 0.05, math.inf), margin, "higher", 0.05)
    assert unsure is not None
    assert (unsure.holds, unsure.broken) == (False, False)
    assert judge(Lift(0.0, math.nan, math.nan), margin, "higher", 0.05) is None


@given(st.floats(-5, 8), st.floats(10, 1e6), st.sampled_from([0.01, 0.05, 0.1]))
def test_the_one_sided_p_value_is_the_level_at_which_the_bound_meets_the_null(
    z: float, n: float, alpha: float
) -> None:
    seen = AlwaysValid(Lift(z * 0.1, 0.1, math.inf), n, alpha)
    bound = seen.lower_bound()
    assert seen.p_value_above(bound) == pytest.approx(alpha, rel=1e-9)
    assert (seen.p_value_above(0.0) < alpha) == (bound > 0)
    assert seen.reversed.upper_bound() == pytest.approx(-bound)


def test_a_guardrail_that_is_looked_at_every_day_has_the_wider_bound() -> None:
    lift, margin = Lift(0.0, 0.01, math.inf), Guardrail(0.02)
    once = judge(lift, margin, "higher", 0.05)
    always = judge_always(AlwaysValid(lift, 10_000), margin, "higher")
    assert once is not None
    assert once.holds
    assert not always.holds
    assert always.worst < once.worst
    assert always.p_value > 0.05 > once.p_value
    worse = AlwaysValid(Lift(-0.1, 0.01, math.inf), 10_000)
    seen, mirrored = (
        judge_always(worse, margin, "higher"),
        judge_always(worse.reversed, margin, "lower"),
    )
    assert (seen.broken, mirrored.broken) == (True, True)
    assert mirrored.worst == -seen.worst > 0.1


def test_levels_looked_at_every_day_are_tested_by_the_mean_of_their_e_values() -> None:
    # ρ² n = 1: e = exp(z²/4)/√2 of each against the others; two levels have the same contrast.
    n = 1 / tightest_at(5000.0, 0.05) ** 2
    pair = [Lift(0.3, 0.06, math.inf), Lift(-0.1, 0.08, math.inf)]  # apart by .4 ± .1: z = 4
    found = interaction(pair, [AlwaysValid(lift, n / 2) for lift in pair])
    assert found.always_p_value == pytest.approx(math.sqrt(2) / math.exp(4))
    assert found.p_value < found.always_p_value
    # A third level without an interval bets nothing: e = 1 in the mean of three.
    three = interaction(pair, [*[AlwaysValid(lift, n / 2) for lift in pair], None])
    assert three.always_p_value == pytest.approx(3 / (1 + 2 * math.exp(4) / math.sqrt(2)))


def test_planning_is_the_inverse_of_power() -> None:
    n = units_needed(0.1, 1.0, share_control=0.3, power=0.9)
    assert power(0.1, 1.0, 0.3 * n, 0.7 * n) == pytest.approx(0.9, abs=1e-3)
    assert smallest_detectable(1.0, 0.3 * n, 0.7 * n, power=0.9) == pytest.approx(0.1, rel=1e-3)
    assert units_for_rate(0.1, -0.02) == units_for_rate(0.9, 0.02)
    assert duration(1_000, 2 / 3, 100) == Duration(21, 1_500)
    assert duration(1_000, 2 / 3, 100, whole_weeks=False).days == 15
    for effect, base in ((0.0, 0.1), (0.95, 0.1)):
        with pytest.raises(UserError):
            units_for_rate(base, effect)


def test_peeking_costs_people_and_finds_the_effect_in_the_end() -> None:
    fixed, peeking = units_needed(0.1, 1.0), units_when_peeking(0.1, 1.0)
    assert fixed < peeking < 4 * fixed
    rng = np.random.default_rng(5)
    error = math.sqrt(4 / peeking)
    found = [
        AlwaysValid(Lift(value, error, math.inf), peeking).interval()[0] > 0
        for value in rng.normal(0.1, error, 2_000)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_the_outlook_plans_from_the_spread_that_is_seen() -> None:
    ahead = outlook(Lift(0.01, 0.05, math.inf), 1_600, effect=0.1)
    assert ahead is not None
    assert ahead.detectable == pytest.approx((1.959964 + 0.8416212) * 0.05)
    assert ahead.power == pytest.approx(power(0.1, 1.0, 800, 800))
    assert ahead.units_left == pytest.approx(units_needed(0.1, 1.0) - 1_600, abs=1)
    assert outlook(Lift(0.0, math.nan, math.nan), 1, 0.1) is None


def day(rng: np.random.Generator, shift: float, n: int = 300) -> dict[str, Moments]:
    return {arm: moments(rng.normal(shift * i, 1, n).tolist()) for i, arm in enumerate("AB")}


def test_days_cumulate_to_the_whole_and_evidence_is_kept() -> None:
    rng = np.random.default_rng(6)
    days = {f"2026-01-{d:02}": day(rng, 0.3) for d in (3, 1, 2, 4)}
    looks = cumulative(MEAN, days, Settings("A"))["B"]
    assert [look.day for look in looks] == sorted(days)
    whole = {arm: sum((d[arm] for d in days.values()), Moments.empty(("value",))) for arm in "AB"}
    last = compare(MEAN, whole, Settings("A"))[0][0]
    assert looks[-1].result.plain.p_value == pytest.approx(last.plain.p_value)
    states = [look.so_far for look in looks if look.so_far is not None]
    assert [s.p_value for s in states] == sorted((s.p_value for s in states), reverse=True)
    assert states[-1].decided_at is not None


def test_an_arm_that_starts_late_is_empty_before() -> None:
    rng = np.random.default_rng(7)
    first, second = day(rng, 0.0), day(rng, 0.0)
    looks = cumulative(MEAN, {"1": {"A": first["A"]}, "2": second}, Settings("A"))["B"]
    assert [look.result.plain.arm.n for look in looks] == [0, 300]
    assert looks[0].so_far is None


def result_of(lift: Lift) -> Result:
    one = estimate(moments([0.0, 1.0]), MetricKind.MEAN)
    reading = Reading(one, one, lift, lift, (0, 0), (0, 0), 1.0, None, None, None)
    return Result("m", "B", "A", reading, None)


def test_a_trend_is_statsmodels_weighted_least_squares() -> None:
    # WLS([.1, .3, -.05, .22], days 0 … 3, weights 1/variance), cov_type="fixed scale"
    pairs = [(0.1, 0.01), (0.3, 0.02), (-0.05, 0.015), (0.22, 0.008)]
    days = [
        (float(i), result_of(Lift(v, math.sqrt(s2), math.inf))) for i, (v, s2) in enumerate(pairs)
    ]
    found = trend(days)
    assert found is not None
    assert found.slope == pytest.approx(0.01981567, abs=1e-8)
    assert found.standard_error == pytest.approx(0.04346724, abs=1e-8)
    assert found.p_value == pytest.approx(0.6484792, abs=1e-7)
    assert trend(days[:1]) is None


def test_days_since_exposure_are_read_one_by_one() -> None:
    rng = np.random.default_rng(8)
    found = by_days_since(MEAN, {1: day(rng, 0.0), 0: day(rng, 2.0)}, Settings("A"))["B"]
    assert [day for day, _ in found] == [0, 1]
    assert found[0][1].plain.p_value < 1e-10 < found[1][1].plain.p_value


def test_pooled_arms_are_their_people_together() -> None:
    rng = np.random.default_rng(9)
    arms = {arm: moments(rng.normal(0, 1, 50).tolist()) for arm in "ABC"}
    together = pooled(arms, {"treated": ["B", "C"]})
    assert list(together) == ["A", "treated"]
    assert together["treated"].n == 100
    assert together["treated"].variance("value") == (arms["B"] + arms["C"]).variance("value")
    assert pooled_counts({"A": 0.5, "B": 0.2, "C": 0.3}, {"t": ["B", "C"]}) == {"A": 0.5, "t": 0.5}
    with pytest.raises(UserError, match="two groups"):
        pooled(arms, {"one": ["B"], "two": ["B"]})


def test_levels_that_differ_are_found_and_tests_of_it_are_corrected() -> None:
    rng = np.random.default_rng(10)
    cells = []
    for metric in ("same", "differs"):
        for level, shift in (("x", 0.0), ("y", 0.8 if metric == "differs" else 0.0)):
            for arm, found in day(rng, shift, 800).items():
                cells.append(Cell("device", level, arm, metric, found))
    metrics = [Metric(name, MetricKind.MEAN) for name in ("same", "differs")]
    told = report({"A": 1600, "B": 1600}, cells, metrics, Settings("A"))
    same, differs = told.segments
    assert differs.interaction.p_value < 1e-10 < same.interaction.p_value
    raw = [same.interaction.p_value, differs.interaction.p_value]
    assert [s.interaction.adjusted_p_value for s in told.segments] == holm(raw)
    assert sum(result.plain.arm.n for _, result in same.levels) == 1600
    assert told.results[0].plain.arm.n == 1600  # levels add up to the whole


def test_a_single_level_has_no_interaction() -> None:
    rng = np.random.default_rng(11)
    found, _ = compare_segments(MEAN, "device", {"x": day(rng, 0.0)}, Settings("A"))
    assert math.isnan(found[0].interaction.p_value)
    assert found[0].as_json()["interaction"]["p_value"] is None


@pytest.mark.parametrize(
    ("rows", "zero"),
    [
        ({"value": [0.1] * 600}, True),
        ({"value": [1e9 + i % 2 for i in range(600)]}, False),
        ({"value": [1e-9 * (i % 2) for i in range(600)]}, False),
    ],
)
def test_rounding_is_no_spread_and_a_small_spread_is_one(
    rows: dict[str, list[float]], zero: bool
) -> None:
    whole = Moments.of_rows(rows)
    halves = Moments.of_rows({"value": rows["value"][:250]}) + Moments.of_rows(
        {"value": rows["value"][250:]}
    )
    for found in (whole, halves):
        assert (found.variance("value") == 0) is zero
    assert found.variance("value") == pytest.approx(np.var(rows["value"], ddof=1), abs=1e-30)


def test_sums_of_a_constant_have_no_spread() -> None:
    values = np.full(1_000, 0.1)
    found = Moments.of_sums(("value",), 1_000, [values.sum()], [[(values**2).sum()]])
    assert found.variance("value") == 0
    clicks = Moments.of_rows({"value": [0.2, 0.4, 0.6], "denominator": [0.1, 0.2, 0.3]})
    assert estimate(clicks, MetricKind.RATIO).variance == 0
