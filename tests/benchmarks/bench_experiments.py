"""Experiments: a file of ten million units against bare sums; the statistics against gbstats.

Run as ``python -m tests.benchmarks.bench_experiments [--units N] [--home DIR]``. The made-up file
is kept in DIR (by default below var/) and used again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.estimates import MetricKind
from kindred.experiments.moments import Moments
from kindred.experiments.report import Cell, Report, report
from tests.benchmarks.bare_sums import MEANS, RATES, RATIOS
from tests.benchmarks.child import Spent, spend
from tests.benchmarks.peers import ask, peer

REQUIREMENTS = ["gbstats==0.8.0", "numpy<2", "pandas<2"]
KINDS = ("mean", "proportion", "ratio", "cuped")


def make_file(home: Path, units: int) -> Path:
    """Make a file of units in two arms and twenty countries; one in fifty has a second row."""
    path = home / f"experiment-{units}.parquet"
    if path.exists():
        return path
    home.mkdir(parents=True, exist_ok=True)

    def draw(seed: int, most: int) -> str:
        return f"(hash(i * 31 + {seed}) % {most})"

    columns = [f"{draw(k, 100_000)} / 1000.0 AS {name}" for k, name in enumerate(MEANS)]
    columns += [f"({draw(50 + k, 10)} = 0)::UTINYINT AS {name}" for k, name in enumerate(RATES)]
    for k, (top, bottom) in enumerate(RATIOS):
        columns.append(f"{draw(70 + k, 5)}::INTEGER AS {top}")
        columns.append(f"(1 + {draw(90 + k, 20)})::INTEGER AS {bottom}")
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(
        f"""
        COPY (
            SELECT i % {units} AS unit, 'AB'[1 + (hash(i % {units}) % 2)::INT] AS variation,
                   'country ' || (hash(i % {units} + 7) % 20) AS country, {", ".join(columns)}
            FROM range({units + units // 50}) AS t(i)
        ) TO '{path}' (FORMAT parquet)
        """
    )
    return path


def arguments(path: Path) -> list[str]:
    """Say the same to the command line."""
    given = ["analyze", str(path), "--unit", "unit", "--control", "A", "--segment", "country"]
    for name in MEANS:
        given += ["--metric", f"{name}:mean"]
    for name in RATES:
        given += ["--metric", f"{name}:proportion"]
    for top, bottom in RATIOS:
        given += ["--metric", f"{top}:ratio:{bottom}"]
    return [*given, "--json"]


def from_file(path: Path, runs: int = 3) -> dict[str, Any]:
    """Time both in processes of their own, in turn, from the start of Python to its end."""
    bare: list[Spent] = []
    ours: list[Spent] = []
    for _ in range(runs):
        bare.append(spend("tests.benchmarks.bare_sums", str(path)))
        ours.append(spend("pipelines", *arguments(path)))
    found = ours[0].result
    assert sum(found["arms"].values()) == bare[0].result["units"]
    assert len(found["results"]) == 10
    assert all(len(segment["levels"]) == 20 for segment in found["segments"])
    seconds = statistics.median(one.seconds for one in ours)
    alone = statistics.median(one.seconds for one in bare)
    return {
        "bare_s": alone,
        "ours_s": seconds,
        "ratio": seconds / alone,
        "bare_peak_gib": max(one.peak for one in bare),
        "ours_peak_gib": max(one.peak for one in ours),
    }


def make_rows(count: int) -> list[list[dict[str, Any]]]:
    """Make pairs of arms as rows of sums, of every kind in turn."""
    rng = np.random.default_rng(1)
    pairs = []
    for i in range(count):
        kind = KINDS[i % len(KINDS)]
        pair = []
        for shift in (0.0, 0.03):
            n = int(rng.integers(400, 4_000))
            before = rng.gamma(2.0, 2.0, n)
            value = before + rng.normal(5 + shift, 2, n)
            if kind == "proportion":
                value = (rng.random(n) < 0.2 + shift).astype(float)
            other = 1.0 + rng.poisson(4, n) if kind == "ratio" else before
            table = np.vstack([value, other])
            pair.append({"kind": kind, "n": n, "sums": table.sum(axis=1).tolist(),
                         "products": (table @ table.T).tolist()})  # fmt: skip
        pairs.append(pair)
    return pairs


def judged(pairs: list[list[dict[str, Any]]]) -> Report:
    """Judge the rows as one experiment of many metrics."""
    metrics, cells = [], []
    for i, pair in enumerate(pairs):
        kind = pair[0]["kind"]
        ours = MetricKind.MEAN if kind == "cuped" else MetricKind(kind)
        metric = Metric(f"m{i}", ours, ("before",) if kind == "cuped" else ())
        metrics.append(metric)
        k = len(metric.columns)
        for arm, row in zip("AB", pair, strict=True):
            products = [line[:k] for line in row["products"][:k]]
            moments = Moments.of_sums(metric.columns, row["n"], row["sums"][:k], products)
            cells.append(Cell(None, None, arm, metric.name, moments))
    return report({"A": 1, "B": 1}, cells, metrics, Settings("A"))


def furthest(found: Report, theirs: list[dict[str, Any]]) -> float:
    """Give the largest difference between both engines' numbers."""
    worst = 0.0
    for result, answer in zip(found.results, theirs, strict=True):
        reading = result.best
        for name, lift, always in (
            ("absolute", reading.absolute, reading.always),
            ("relative", reading.relative, reading.always_relative),
        ):
            fixed, peeking = answer[f"fixed_{name}"], answer[f"sequential_{name}"]
            assert always is not None
            pairs = [(lift.value, fixed["expected"]), (lift.p_value, fixed["p_value"]),
                     (always.p_value(), peeking["p_value"])]  # fmt: skip
            pairs += list(zip(lift.interval(0.05), fixed["ci"], strict=True))
            pairs += list(zip(always.interval(), peeking["ci"], strict=True))
            worst = max(worst, *(abs(ours - other) for ours, other in pairs))
        assert reading.belief is not None
        bayes = answer["bayes_absolute"]
        worst = max(worst, abs(reading.belief.chance_to_win - bayes["chance"]))
        worst = max(worst, abs(reading.belief.expected_loss - bayes["loss"]))
    return worst


def from_sums(count: int = 1_000) -> dict[str, Any]:
    """Time both engines on the same rows.

    A row of ours holds both lifts with their tests, always-valid intervals and beliefs; theirs
    are asked one by one. *fixed* is the two t-tests alone, against all of ours.
    """
    pairs = make_rows(count)
    there = ask(peer("gbstats", REQUIREMENTS), Path(__file__).with_name("peer_gbstats.py"), pairs)
    judged(pairs[:10]).as_json()
    times = []
    for _ in range(3):
        began = time.perf_counter()
        found = judged(pairs)
        found.as_json()
        times.append(time.perf_counter() - began)
    ours, theirs = statistics.median(times), there["seconds"]
    fixed = theirs["fixed_absolute"] + theirs["fixed_relative"]
    return {
        "ours_s": ours,
        "gbstats_fixed_s": fixed,
        "gbstats_all_s": sum(theirs.values()),
        "ratio_fixed": fixed / ours,
        "ratio_all": sum(theirs.values()) / ours,
        "largest_difference": furthest(found, there["answers"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=10_000_000)
    parser.add_argument("--home", type=Path, default=Path("var/bench-experiments"))
    given = parser.parse_args()
    found = {"sums": from_sums(), "file": from_file(make_file(given.home, given.units))}
    for part, numbers in found.items():
        for name, value in numbers.items():
            print(f"{part:>6} {name:>20} {value:.4g}")
    print(json.dumps({"bench": "experiments", "units": given.units, **found}))


if __name__ == "__main__":
    main()
