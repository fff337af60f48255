"""Simulated A/A experiments: coverage of fixed tests, false positives of those who peek daily.

Run as ``python -m tests.benchmarks.bench_experiments_simulations [--runs N] [--peeked N]``. Every
number is judged by the same functions as an experiment is; nothing differs between the arms.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.experiments.analysis import Metric, Settings, compare, compare_segments
from kindred.experiments.estimates import DENOMINATOR, VALUE, MetricKind
from kindred.experiments.guardrails import Guardrail
from kindred.experiments.moments import Moments
from kindred.experiments.quantiles import BELOW, EVENTS, Quantile, around
from kindred.experiments.results import Reading, Result

Rows = NDArray[np.float64]
UNITS = 1_000  # an arm
BEFORE, EARLIER = "before", "earlier"

METRICS = {
    "mean": Metric("mean", MetricKind.MEAN, (BEFORE,)),
    "mean, two covariates": Metric("mean", MetricKind.MEAN, (BEFORE, EARLIER)),
    "proportion": Metric("proportion", MetricKind.PROPORTION, (BEFORE,)),
    "ratio": Metric("ratio", MetricKind.RATIO, (BEFORE,)),
}


def draw(name: str, rng: np.random.Generator, n: int) -> dict[str, Rows]:
    """Draw units of one kind: skewed means, rates of 10 %, ratios; all foretold in part."""
    before = rng.gamma(2.0, 1.0, n)
    earlier = before + rng.normal(0, 1, n)
    if name == "proportion":
        value = (rng.random(n) < np.minimum(0.05 * before, 1)).astype(float)
        return {VALUE: value, BEFORE: before}
    if name == "ratio":
        views = 1.0 + rng.poisson(2 + before)
        clicks = rng.binomial(views.astype(int), np.minimum(0.1 + 0.1 * before, 0.9)).astype(float)
        return {VALUE: clicks, DENOMINATOR: views, BEFORE: before}
    value = before + rng.exponential(1.0, n)
    rows = {VALUE: value, BEFORE: before}
    return rows | {EARLIER: earlier} if "two" in name else rows


def results(name: str, runs: int) -> Iterator[Result]:
    """Judge one A/A experiment after the other."""
    metric, settings = METRICS[name], Settings("A")
    for run in range(runs):
        rng = np.random.default_rng([7, run])
        arms = {arm: Moments.of_rows(draw(name, rng, UNITS)) for arm in "AB"}
        yield compare(metric, arms, settings)[0][0]


def covers(interval: tuple[float, float]) -> bool:
    """Whether an interval holds the truth, which is no lift."""
    return interval[0] <= 0 <= interval[1]


def fixed_coverage(runs: int) -> dict[str, float]:
    """Count intervals that hold the truth: absolute and relative, raw and adjusted."""
    found: dict[str, float] = {}
    for name in METRICS:
        hits = np.zeros(4)
        for result in results(name, runs):
            assert result.cuped is not None
            readings: list[Reading] = [result.plain, result.cuped]
            hits += [covers(i) for r in readings for i in (r.interval, r.relative_interval)]
        words = ("absolute", "relative", "absolute, CUPED", "relative, CUPED")
        found |= {f"{name}: {word}": hit / runs for word, hit in zip(words, hits, strict=True)}
    return found


def quantile(rows: Rows, level: float) -> Quantile:
    """Summarise events of units, one row a unit."""
    events = rows.size
    low, high = around(level, events)
    value, lower, upper = (float(end) for end in np.quantile(rows, [level, low, high]))
    below = (rows <= value).sum(axis=1).astype(float)
    each = np.full(len(rows), float(rows.shape[1]))
    clusters = Moments.of_rows({BELOW: below, EVENTS: each})
    return Quantile(level, value, lower, upper, clusters)


def quantile_coverage(runs: int) -> dict[str, float]:
    """The same for the ninth decile of five events a unit, which are alike within units."""
    metric = Metric("latency", MetricKind.QUANTILE, level=0.9)
    hits = 0
    for run in range(runs):
        rng = np.random.default_rng([8, run])
        arms = {
            arm: quantile(
                np.exp(rng.normal(0, 0.7, (UNITS, 1)) + rng.normal(0, 0.5, (UNITS, 5))), 0.9
            )
            for arm in "AB"
        }
        hits += covers(compare(metric, arms, Settings("A"))[0][0].plain.interval)
    return {"clustered 90 % quantile: absolute": hits / runs}


def peeked(name: str, runs: int, days: int, daily: int) -> dict[str, float]:
    """Look every day, and call it a win or a loss the first time an interval leaves zero out."""
    metric, settings = METRICS[name], Settings("A")
    called = np.zeros(5)
    for run in range(runs):
        rng = np.random.default_rng([9, run])
        total = {arm: Moments.empty(metric.columns) for arm in "AB"}
        ever = np.zeros(5, dtype=bool)
        for _ in range(days):
            for arm in "AB":
                total[arm] = total[arm] + Moments.of_rows(draw(name, rng, daily))
            result = compare(metric, total, settings)[0][0]
            assert result.cuped is not None
            always, adjusted = result.plain.always, result.cuped.always
            if always is None or adjusted is None:
                continue
            ever |= [
                not covers(always.interval()),
                not covers(adjusted.interval()),
                always.lower_bound() > 0,
                always.upper_bound() < 0,
                not covers(result.plain.interval),
            ]
        called += ever
    words = ("always valid", "always valid, CUPED", "one-sided, better", "one-sided, worse",
             "fixed test, peeked at")  # fmt: skip
    return {f"{name}: {word}": count / runs for word, count in zip(words, called, strict=True)}


def guarded_peeked(runs: int, days: int, daily: int) -> dict[str, float]:
    """Look at a guardrail every day that is worse by just the margin, and call it safe once."""
    margin = 0.05
    metric = Metric("mean", MetricKind.MEAN, guardrail=Guardrail(margin))
    called = np.zeros(2)
    for run in range(runs):
        rng = np.random.default_rng([10, run])
        total = {arm: Moments.empty(metric.columns) for arm in "AB"}
        ever = np.zeros(2, dtype=bool)
        for _ in range(days):
            for arm, size in (("A", 1.0), ("B", 1 - margin)):
                rows = {VALUE: size * rng.gamma(2.0, 1.0, daily)}
                total[arm] = total[arm] + Moments.of_rows(rows)
            result = compare(metric, total, Settings("A"))[0][0]
            ever |= [bool(v and v.holds) for v in (result.always_guardrail, result.guardrail)]
        called += ever
    words = ("guardrail: always valid", "guardrail: fixed test, peeked at")
    return {word: count / runs for word, count in zip(words, called, strict=True)}


def levels_peeked(runs: int, days: int, daily: int, levels: int = 5) -> dict[str, float]:
    """Look every day whether levels differ, and at each level; all have other means, no lift."""
    metric, settings = Metric("mean", MetricKind.MEAN), Settings("A")
    called = np.zeros(4)
    for run in range(runs):
        rng = np.random.default_rng([11, run])
        total = {
            str(level): {arm: Moments.empty(metric.columns) for arm in "AB"}
            for level in range(levels)
        }
        ever = np.zeros(4, dtype=bool)
        for _ in range(days):
            for level, arms in total.items():
                for arm in arms:
                    drawn = rng.gamma(1.0 + int(level), 1.0, max(daily >> int(level), 2))
                    arms[arm] = arms[arm] + Moments.of_rows({VALUE: drawn})
            (found,) = compare_segments(metric, "level", total, settings)[0]
            readings = [result.plain for _, result in found.levels]
            ever |= [
                found.interaction.always_p_value < settings.alpha,
                min(r.always_adjusted_p_value for r in readings) < settings.alpha,
                found.interaction.p_value < settings.alpha,
                min(r.adjusted_p_value for r in readings) < settings.alpha,
            ]
        called += ever
    ways = ("always valid", "fixed test, peeked at")
    words = [f"{what}: {way}" for way in ways for what in ("do levels differ", "any level")]
    return {word: count / runs for word, count in zip(words, called, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--peeked", type=int, default=4_000)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--daily", type=int, default=100)
    given = parser.parse_args()
    coverage = fixed_coverage(given.runs) | quantile_coverage(given.runs)
    false: dict[str, float] = {}
    for name in ("mean", "proportion", "ratio"):
        false |= peeked(name, given.peeked, given.days, given.daily)
    false |= guarded_peeked(given.peeked, given.days, given.daily)
    false |= levels_peeked(given.peeked // 4, given.days, given.daily)
    for name, share in coverage.items():
        print(f"coverage {name:>45} {share:.2%} ± {2 * error(share, given.runs):.2%}")
    for name, share in false.items():
        print(f"called   {name:>45} {share:.2%} ± {2 * error(share, given.peeked):.2%}")
    found: dict[str, Any] = {"runs": given.runs, "peeked": given.peeked, "days": given.days}
    found |= {"daily": given.daily, "coverage": coverage, "called": false}
    print(json.dumps({"bench": "experiments_simulations", **found}))


def error(share: float, runs: int) -> float:
    """Standard error of a share."""
    return math.sqrt(share * (1 - share) / runs)


if __name__ == "__main__":
    main()
