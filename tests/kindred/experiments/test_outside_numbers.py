"""Formulas held against numbers that others have published, or that other packages compute.

`docs/reference/experiments.md` lists them. Where a package is named, its answer was computed with
statsmodels 0.15.0, mpmath 1.3 (50 digits) or gbstats 0.8.0, and stands here as it was printed.
"""

import math
from math import lgamma

import numpy as np
import pytest
from scipy import stats

from kindred.experiments.bayes import BetaBelief, beta_chance_and_loss
from kindred.experiments.comparison import Lift, absolute_lift, relative_lift, t_tail
from kindred.experiments.correction import benjamini_hochberg, holm
from kindred.experiments.estimates import (
    Estimate,
    MetricKind,
    adjusted_estimate,
    estimate,
    fit_adjustment,
)
from kindred.experiments.guardrails import Guardrail, judge
from kindred.experiments.heterogeneity import interaction
from kindred.experiments.moments import Moments
from kindred.experiments.planning import power, smallest_detectable, units_for_rate, units_needed
from kindred.experiments.quantiles import Quantile, around
from kindred.experiments.sequential import AlwaysValid
from kindred.experiments.srm import sample_ratio


def mean(n: int, total: float, squares: float) -> Estimate:
    return estimate(Moments.of_sums(("value",), n, [total], [[squares]]), MetricKind.MEAN)


def rate(n: int, hits: float) -> Estimate:
    moments = Moments.of_sums(("value",), n, [hits], [[hits]])
    return estimate(moments, MetricKind.PROPORTION)


# GrowthBook, packages/stats/tests/frequentist/test_tests.py: revenue of two arms.
REVENUE = mean(3407, 1396.87, 52377.9767), mean(3461, 2422.7, 134698.29)
SMALLER = mean(3000, 1396.87, 52377.9767), mean(3461, 2422.7, 134698.29)


def test_absolute_and_relative_lift_have_p_values_of_their_own() -> None:
    absolute, relative = absolute_lift(*REVENUE), relative_lift(*REVENUE)
    assert (round(absolute.value, 5), round(absolute.p_value, 5)) == (0.29, 0.02016)
    assert (round(relative.value, 5), round(relative.p_value, 5)) == (0.70732, 0.06191)
    assert [round(end, 5) for end in absolute.interval(0.05)] == [0.04538, 0.53462]
    assert [round(end, 5) for end in relative.interval(0.05)] == [-0.03526, 1.44989]


def test_a_rate_of_few_people() -> None:
    found = relative_lift(rate(28, 14), rate(30, 16))
    assert round(found.p_value, 5) == 0.80707
    assert [round(end, 5) for end in found.interval(0.05)] == [-0.47767, 0.61101]


def test_one_sided_tests() -> None:
    absolute, relative = absolute_lift(*SMALLER), relative_lift(*SMALLER)
    assert absolute.tail(0, "greater") == pytest.approx(0.03554272489873023, rel=1e-12)
    assert absolute.tail(0, "less") == pytest.approx(0.9644572751012698, rel=1e-12)
    assert absolute.value - absolute.reach(0.05) == pytest.approx(0.020791480063255735, rel=1e-12)
    assert relative.tail(0, "greater") == pytest.approx(0.06558262868467746, rel=1e-12)
    assert relative.value + relative.reach(0.05) == pytest.approx(1.0518588475628676, rel=1e-12)


def test_always_valid_intervals_two_sided_and_one_sided() -> None:
    absolute, relative = absolute_lift(*SMALLER), relative_lift(*SMALLER)
    tuned = AlwaysValid(relative, 6461, tuning=1000)
    assert [round(end, 5) for end in tuned.interval()] == [-0.55844, 1.56516]
    rates = AlwaysValid(relative_lift(rate(3000, 1396), rate(3461, 2422)), 6461)
    assert [round(end, 5) for end in rates.interval()] == [0.40098, 0.60675]
    one = AlwaysValid(absolute, 6461)
    assert one.lower_bound() == pytest.approx(-0.12656844172804982, rel=1e-12)
    assert one.upper_bound() == pytest.approx(0.5953217750613832, rel=1e-12)
    assert AlwaysValid(relative, 6461).lower_bound() == pytest.approx(-0.42356454602790883)


@pytest.mark.parametrize(
    ("t", "freedom", "p_value"),
    [
        (10, 50, 8.0386673441677183e-14),
        (30, 1_000, 7.6873437220217411e-142),
        (25, 1e6, 3.3711790837718372e-138),
    ],
)
def test_tiny_tails_are_mpmaths(t: float, freedom: float, p_value: float) -> None:
    assert t_tail(t, freedom) == pytest.approx(p_value, rel=1e-10)


def test_no_p_value_is_zero() -> None:
    sure = Lift(1.0, 0.001, 1e6)
    assert 0 < sure.p_value < 1e-300
    assert 0 < AlwaysValid(sure, 1e6).p_value() < 1e-300
    assert 0 < sample_ratio({"A": 10**9, "B": 10}, {"A": 1, "B": 1}).p_value < 1e-300
    apart = [sure, Lift(-1.0, 0.001, 1e6)]
    assert 0 < interaction(apart).p_value < 1e-300
    looked = [AlwaysValid(lift, 1e6) for lift in apart]
    assert 0 < interaction(apart, looked).always_p_value < 1e-300
    assert 0 < looked[0].p_value_above(0.0) < 1e-300


# Wikipedia, *Welch's t-test*, example 1: equal sizes, unequal variances.
ONE = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
OTHER = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4]


def of(values: list[float]) -> Estimate:
    return estimate(Moments.of_rows({"value": values}), MetricKind.MEAN)


def test_welchs_degrees_of_freedom_are_the_textbooks() -> None:
    found = absolute_lift(of(OTHER), of(ONE))
    assert round(found.value / found.standard_error, 2) == -2.46
    assert round(found.degrees_of_freedom, 1) == 25.0
    assert round(found.p_value, 3) == 0.021


X1 = [19.7146, 22.8245, 26.3348, 25.4338, 20.8310, 19.3516, 29.1662, 21.5908, 25.0997, 18.0220,
      20.8439, 28.8265, 23.8161, 27.0340, 23.5834]  # fmt: skip
X2 = [21.6, 22.0, 25.1, 23.3, 24.8, 20.1, 26.7, 25.5, 24.9, 21.7, 27.2]


def test_welch_and_non_inferiority_are_statsmodels() -> None:
    lift = absolute_lift(of(X1), of(X2))
    assert lift.degrees_of_freedom == pytest.approx(23.84803894039137, rel=1e-12)
    assert lift.p_value == pytest.approx(0.7254861150579978, rel=1e-12)
    assert lift.interval(0.05) == pytest.approx((-1.933013476415939, 2.73662680974927), rel=1e-12)
    verdict = judge(lift, Guardrail(1.5, relative=False), "higher", 0.05)
    assert verdict is not None
    assert verdict.p_value == pytest.approx(0.05283933451715262, rel=1e-12)
    assert not verdict.holds
    assert not verdict.broken


def test_corrections_are_statsmodels() -> None:
    p_values = [0.01, 0.04, 0.03, 0.2, 0.0005, 0.5]
    assert holm(p_values) == pytest.approx([0.05, 0.12, 0.12, 0.4, 0.003, 0.5])
    assert benjamini_hochberg(p_values) == pytest.approx([0.03, 0.06, 0.06, 0.24, 0.003, 0.5])


def test_benjamini_and_hochbergs_own_example() -> None:
    # Their § 3.2, fifteen tests: Holm's rejects three at .05, theirs four.
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                0.4262, 0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    assert sum(p <= 0.05 for p in holm(p_values)) == 3
    assert sum(p <= 0.05 for p in benjamini_hochberg(p_values)) == 4


def test_cochrans_q_is_statsmodels() -> None:
    lifts = [
        Lift(value, math.sqrt(variance), 1e9)
        for value, variance in [(0.1, 0.01), (0.3, 0.02), (-0.05, 0.015), (0.22, 0.008)]
    ]
    found = interaction(lifts)
    assert found.statistic == pytest.approx(4.641463414634147, rel=1e-12)
    assert found.p_value == pytest.approx(0.20001386367044108, rel=1e-12)


def test_power_is_statsmodels() -> None:
    # zt_ind_solve_power(effect_size=.1, nobs1=1000, alpha=.05) and its inverses
    assert power(0.1, 1.0, 1000, 1000) == pytest.approx(0.6087794846454566, rel=1e-9)
    assert units_needed(0.1, 1.0) == math.ceil(2 * 1569.7721019023288)
    # statsmodels counts a significant lift of the wrong sign as found; no planner does
    found = smallest_detectable(1.0, 1000, 2000)
    assert found == pytest.approx(0.10850379112166945, rel=2e-5)


def test_sizes_for_rates_are_rs() -> None:
    # ?power.prop.test: p1 = .50, p2 = .75, power = .90 gives n = 76.65294 an arm
    assert units_for_rate(0.5, 0.25, power=0.9) == math.ceil(2 * 76.65294)
    # power.prop.test(p1 = .20, p2 = .25, power = .80) gives n = 1093.739
    assert units_for_rate(0.2, 0.05) == math.ceil(2 * 1093.739)


def closed_form(a: BetaBelief, b: BetaBelief) -> float:
    """Evan Miller (2015), *Formulas for Bayesian A/B testing*, eq. 6: P(B > A)."""

    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return sum(
        math.exp(
            log_beta(a.successes + i, a.failures + b.failures)
            - math.log(b.failures + i)
            - log_beta(1 + i, b.failures)
            - log_beta(a.successes, a.failures)
        )
        for i in range(int(b.successes))
    )


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b"),
    [
        (0, 10, 0, 10),
        (5, 20, 8, 20),
        (100, 1_000, 130, 1_000),
        (3, 5, 900, 1_000),
        (500, 600, 3, 9),
    ],
)
def test_the_chance_to_win_is_the_closed_form(a: int, n_a: int, b: int, n_b: int) -> None:
    control, arm = BetaBelief.after(a, n_a), BetaBelief.after(b, n_b)
    chance, loss = beta_chance_and_loss(control, arm)
    assert chance == pytest.approx(closed_form(control, arm), rel=1e-10)
    other_chance, other_loss = beta_chance_and_loss(arm, control)
    assert chance + other_chance == pytest.approx(1, rel=1e-12)
    # E[max(A − B, 0)] − E[max(B − A, 0)] = E[A] − E[B]
    assert loss - other_loss == pytest.approx(control.mean - arm.mean, abs=1e-13)


def test_one_trial_each_by_hand() -> None:
    # Beta(2, 1) against Beta(1, 2): P = ∫ 2b (1 − (1 − b)²) db = 5/6; loss = ∫∫ (a − b)⁺ = 1/30
    chance, loss = beta_chance_and_loss(BetaBelief.after(0, 1), BetaBelief.after(1, 1))
    assert chance == pytest.approx(5 / 6, rel=1e-12)
    assert loss == pytest.approx(1 / 30, rel=1e-12)


def test_a_split_off_by_chance_or_by_more() -> None:
    # Fabijan et al. 2019, introduction: 821,588 and 815,482 of a planned half each: p = 1.8e-6
    found = sample_ratio({"A": 821_588, "B": 815_482}, {"A": 0.5, "B": 0.5})
    assert f"{found.p_value:.1e}" == "1.8e-06"
    counts, weights = {"A": 300, "B": 310, "C": 980}, {"A": 0.2, "B": 0.2, "C": 0.6}
    theirs = stats.chisquare([300, 310, 980], [318, 318, 954])
    assert sample_ratio(counts, weights).p_value == pytest.approx(theirs.pvalue, rel=1e-12)


def test_arms_without_weight_take_no_part() -> None:
    found = sample_ratio({"A": 50, "B": 50, "C": 3}, {"A": 1, "B": 1, "C": 0})
    assert (found.p_value, found.unplanned) == (1.0, ("C",))


def test_the_variance_of_a_ratio_by_hand() -> None:
    # clicks 1, 2, 3 of views 2, 3, 7: R = 1/2; residuals 0, ½, −½; s² = ¼; over D̄² = 16
    rows = {"value": [1.0, 2.0, 3.0], "denominator": [2.0, 3.0, 7.0]}
    found = estimate(Moments.of_rows(rows), MetricKind.RATIO)
    assert (found.value, found.variance) == pytest.approx((0.5, 0.25 / 16))


# GrowthBook, packages/stats, test_two_sided_ttest_test_runs_ratio_ra: post and pre, sums and
# products of 100 units each.
NAMES = ("value", "denominator", "m", "d")
POST_PRE = [
    ([485.112236689623, 679.9093275844917, 192.59138069991536, 290.1398399750233],
     [[2715.484666118136, 3602.146836776702, 1113.6215759318352, 1559.2878434944676],
      [3602.146836776702, 4939.424001640236, 1460.3181079276983, 2130.9404074446747],
      [1113.6215759318352, 1460.3181079276983, 460.076026390857, 634.239482353647],
      [1559.2878434944676, 2130.9404074446747, 634.239482353647, 920.9461385038898]]),
    ([514.7757826608777, 705.4090874383759, 206.94157227402536, 302.54389139107326],
     [[2994.897482705013, 3918.1561431600717, 1237.0953021125997, 1701.0287270040265],
      [3918.1561431600717, 5291.36604146392, 1604.0759503266522, 2292.081739775257],
      [1237.0953021125997, 1604.0759503266522, 514.2903702246757, 698.4173425817908],
      [1701.0287270040265, 2292.081739775257, 698.4173425817908, 994.4506208125663]]),
]  # fmt: skip


def test_a_ratio_adjusted_by_the_ratio_before_is_growthbooks() -> None:
    arms = [Moments.of_sums(NAMES, 100, sums, products) for sums, products in POST_PRE]
    pooled = arms[0] + arms[1]
    before = pooled.mean("m") / pooled.mean("d")
    turn = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -before]])
    single = [
        Moments(("value", "denominator", "x"), m.n, turn @ m.means, turn @ m.comoments @ turn.T)
        for m in arms
    ]
    adjustment = fit_adjustment(single[0] + single[1], MetricKind.RATIO, ["x"])
    assert adjustment is not None
    a, b = (adjusted_estimate(m, MetricKind.RATIO, adjustment) for m in single)
    assert round(relative_lift(a, b).value, 4) == -0.0007  # raw: +.0228
    both = fit_adjustment(pooled, MetricKind.RATIO, ["m", "d"])
    assert both is not None
    sharper = [adjusted_estimate(m, MetricKind.RATIO, both) for m in arms]
    assert relative_lift(*sharper).standard_error < relative_lift(a, b).standard_error


def test_the_clusters_of_a_quantile_are_growthbooks() -> None:
    # packages/stats tests: two clusters, sums 10 and 4, squares 52 and 10, products 22: .5625
    clusters = Moments.of_sums(("below", "events"), 2, [10, 4], [[52, 22], [22, 10]])
    share = clusters.mean("below") / clusters.mean("events")
    spread = clusters.combination_variance({"below": 1.0, "events": -share})
    assert spread / (2 * clusters.mean("events") ** 2) == pytest.approx(0.5625)


def test_a_quantile_of_one_event_a_unit_is_growthbooks() -> None:
    # gbstats 0.8.0: QuantileStatistic(n=n_star=3000, nu=.9, lower 6.9694904968, upper 7.3434):
    # variance 27.286843423553055; the units' Bernoulli variance has divisor n − 1 here.
    clusters = Moments.of_sums(
        ("below", "events"), 3000, [2700, 3000], [[2700, 2700], [2700, 3000]]
    )
    found = Quantile(0.9, 7.158, 6.9694904968, 7.3434, clusters)
    assert found.variance() * 2999 / 3000 == pytest.approx(27.286843423553055, rel=1e-9)
    low, high = around(0.9, 3000)
    assert stats.binom.cdf(3000 * high, 3000, 0.9) - stats.binom.cdf(
        3000 * low, 3000, 0.9
    ) == pytest.approx(0.95, abs=0.005)
