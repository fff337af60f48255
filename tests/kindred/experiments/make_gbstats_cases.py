"""Write gbstats_cases.json: what GrowthBook's engine answers, for our tests to be held against.

Run in an environment of its own: ``pip install gbstats==0.8.0 "numpy<2" "pandas<2"``.
"""

import json
import pathlib
import random

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import (
    ProportionStatistic,
    RatioStatistic,
    RegressionAdjustedStatistic,
    SampleMeanStatistic,
)
from gbstats.utils import check_srm


def rows(rng, n, shift, kind):
    out = []
    for _ in range(n):
        before = rng.gauss(10, 3)
        if kind == "proportion":
            value = float(rng.random() < 0.2 + shift / 20)
        else:
            value = before * 0.7 + rng.gauss(3 + shift, 2)
        out.append((value, float(1 + int(rng.random() * 5)), before))
    return out


def mean(xs):
    return SampleMeanStatistic(n=len(xs), sum=sum(xs), sum_squares=sum(x * x for x in xs))


def statistic(data, kind, covariate):
    value, bottom, before = (list(column) for column in zip(*data, strict=True))
    n = len(value)
    if kind == "ratio":
        products = sum(v * d for v, d in zip(value, bottom, strict=True))
        return RatioStatistic(
            n=n, m_statistic=mean(value), d_statistic=mean(bottom), m_d_sum_of_products=products
        )
    main = ProportionStatistic(n=n, sum=sum(value)) if kind == "proportion" else mean(value)
    if not covariate:
        return main
    products = sum(v * b for v, b in zip(value, before, strict=True))
    return RegressionAdjustedStatistic(
        n=n,
        post_statistic=main,
        pre_statistic=mean(before),
        post_pre_sum_of_products=products,
        theta=0,
    )


def answers(a, b, difference):
    fixed = TwoSidedTTest(a, b, FrequentistConfig(difference_type=difference)).compute_result()
    peeking = SequentialTwoSidedTTest(
        a, b, SequentialConfig(difference_type=difference, sequential_tuning_parameter=400)
    ).compute_result()
    bayes = EffectBayesianABTest(
        a,
        b,
        EffectBayesianConfig(
            difference_type=difference,
            prior_type=difference,
            prior_effect=GaussianPrior(mean=0.01, variance=0.04, proper=True),
        ),
    ).compute_result()
    return {
        "lift": fixed.expected,
        "interval": fixed.ci,
        "p_value": fixed.p_value,
        "sequential_interval": peeking.ci,
        "sequential_p_value": peeking.p_value,
        "chance_to_win": bayes.chance_to_win,
        "expected_loss": bayes.risk[1],
        "posterior_mean": bayes.expected,
    }


def main():
    rng = random.Random(20261123)
    cases = []
    for kind, covariate in [
        ("mean", False),
        ("proportion", False),
        ("ratio", False),
        ("mean", True),
        ("proportion", True),
    ]:
        for n_control, n_arm, shift in [(40, 40, 0.0), (200, 150, 0.5), (60, 300, 1.5)]:
            a, b = rows(rng, n_control, 0.0, kind), rows(rng, n_arm, shift, kind)
            case = {"kind": kind, "covariate": covariate, "control": a, "arm": b}
            for difference in ("absolute", "relative"):
                control, arm = statistic(a, kind, covariate), statistic(b, kind, covariate)
                case[difference] = answers(control, arm, difference)
            cases.append(case)
    srm = [
        {"counts": c, "weights": w, "p_value": check_srm(c, w)}
        for c, w in [([500, 600], [1, 1]), ([300, 310, 980], [0.2, 0.2, 0.6]), ([9, 1], [0.9, 0.1])]
    ]
    target = pathlib.Path(__file__).with_name("gbstats_cases.json")
    target.write_text(json.dumps({"gbstats": "0.8.0", "cases": cases, "srm": srm}) + "\n")


if __name__ == "__main__":
    main()
