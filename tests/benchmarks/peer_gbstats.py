"""gbstats on rows of sums; runs in its own environment (see peers.py)."""

import json
import sys
import time

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig
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


def mean(n, sums, products, i):
    return SampleMeanStatistic(n=n, sum=sums[i], sum_squares=products[i][i])


def statistic(row):
    n, sums, products = row["n"], row["sums"], row["products"]
    if row["kind"] == "proportion":
        return ProportionStatistic(n=n, sum=sums[0])
    if row["kind"] == "ratio":
        return RatioStatistic(
            n=n,
            m_statistic=mean(n, sums, products, 0),
            d_statistic=mean(n, sums, products, 1),
            m_d_sum_of_products=products[0][1],
        )
    if row["kind"] == "cuped":
        return RegressionAdjustedStatistic(
            n=n,
            post_statistic=mean(n, sums, products, 0),
            pre_statistic=mean(n, sums, products, 1),
            post_pre_sum_of_products=products[0][1],
            theta=0,
        )
    return mean(n, sums, products, 0)


def tests(difference):
    return {
        "fixed": (TwoSidedTTest, FrequentistConfig(difference_type=difference)),
        "sequential": (SequentialTwoSidedTTest, SequentialConfig(difference_type=difference)),
        "bayes": (EffectBayesianABTest, EffectBayesianConfig(difference_type=difference)),
    }


def main():
    rows = json.load(sys.stdin)
    found, spent = [], {}
    for difference in ("absolute", "relative"):
        for name, (test, config) in tests(difference).items():
            began = time.perf_counter()
            for control, arm in rows:
                test(statistic(control), statistic(arm), config).compute_result()
            spent[f"{name}_{difference}"] = time.perf_counter() - began
    for control, arm in rows:
        answer = {}
        for difference in ("absolute", "relative"):
            for name, (test, config) in tests(difference).items():
                one = test(statistic(control), statistic(arm), config).compute_result()
                answer[f"{name}_{difference}"] = {
                    "expected": one.expected,
                    "ci": list(one.ci),
                    "p_value": getattr(one, "p_value", None),
                    "chance": getattr(one, "chance_to_win", None),
                    "loss": getattr(one, "risk", [None, None])[1],
                }
        found.append(answer)
    print(json.dumps({"answers": found, "seconds": spent}))


if __name__ == "__main__":
    main()
