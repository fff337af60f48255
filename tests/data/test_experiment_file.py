"""An experiment in a file: the same numbers as from the rows, and every oddity said."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from kindred.experiments.moments import Moments
from pipelines.cli import main

Rows = list[dict[str, Any]]

pytestmark = pytest.mark.slow


def write(path: Path, rows: Rows) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows(n: int = 600) -> Rows:
    rng = np.random.default_rng(4)
    made = []
    for unit in range(n):
        before = rng.gamma(2, 10)
        arm = "AB"[unit % 2]
        made.append(
            {
                "unit": unit,
                "variation": arm,
                "revenue": before / 2 + rng.normal(10, 5) + (arm == "B"),
                "converted": int(rng.random() < 0.2),
                "clicks": rng.poisson(2),
                "views": 1 + rng.poisson(4),
                "before": before,
                "device": "md"[unit % 3 == 0],
            }
        )
    return made


METRICS = [
    "--metric", "revenue:mean", "--metric", "converted:proportion",
    "--metric", "clicks:ratio:views", "--covariate", "revenue:before", "--segment", "device",
]  # fmt: skip


def analyze(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["analyze", *arguments, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_a_mean_is_tested_as_scipy_tests_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rows()
    found = analyze(
        capsys, str(write(tmp_path / "e.csv", made)), "--unit", "unit", "--control", "A", *METRICS
    )
    a, b = ([row["revenue"] for row in made if row["variation"] == arm] for arm in "AB")
    welch = stats.ttest_ind(b, a, equal_var=False)
    row = found["results"][0]
    assert row["p_value"] == pytest.approx(welch.pvalue, rel=1e-9)
    assert row["lift_ci"] == pytest.approx(list(welch.confidence_interval(0.95)), rel=1e-9)
    assert row["mean"] == pytest.approx(np.mean(b), rel=1e-12)
    assert found["arms"] == {"A": 300, "B": 300}
    assert found["srm"]["p_value"] == 1.0


def test_cuped_is_a_regression_on_what_came_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rows()
    found = analyze(
        capsys, str(write(tmp_path / "e.csv", made)), "--unit", "unit", "--control", "A", *METRICS
    )
    y = np.array([row["revenue"] for row in made])
    x = np.array([row["before"] for row in made])
    arm = np.array([row["variation"] for row in made]) == "B"
    theta = np.cov(y, x)[0, 1] / np.var(x, ddof=1)
    adjusted = y - theta * x
    row = found["results"][0]
    assert row["cuped"]["lift"] == pytest.approx(adjusted[arm].mean() - adjusted[~arm].mean())
    width = np.subtract(*row["lift_ci"][::-1])
    assert np.subtract(*row["cuped"]["lift_ci"][::-1]) < 0.8 * width
    assert found["results"][1]["cuped"] is None


def test_segments_test_the_interaction_first_and_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = analyze(
        capsys, str(write(tmp_path / "e.csv", rows())), "--unit", "unit", "--control", "A", *METRICS
    )
    segment = found["segments"][0]
    assert (segment["segment"], segment["metric"]) == ("device", "revenue")
    assert segment["interaction"]["degrees_of_freedom"] == 1
    assert sum(level["n"] for level in segment["levels"]) == 300


def test_every_oddity_is_said_where_it_is_and_the_rest_is_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = rows()
    made[0]["revenue"] = "oops"
    made[1]["revenue"] = ""
    made[2]["revenue"] = "inf"
    made[3]["converted"] = 7
    made[4]["variation"] = ""
    made[5]["unit"] = ""
    made.append(dict(made[6]))
    made.append(dict(made[7]) | {"variation": "A"})
    made[8]["before"] = ""
    found = analyze(
        capsys, str(write(tmp_path / "e.csv", made)), "--unit", "unit", "--control", "A", *METRICS
    )
    said = {(warning["code"], warning["where"]) for warning in found["warnings"]}
    assert said == {
        ("not_a_number", "revenue"),
        ("missing_value", "revenue"),
        ("not_a_proportion", "converted"),
        ("missing_variation", "variation"),
        ("missing_unit", "unit"),
        ("duplicated_unit", "unit"),
        ("crossover", "unit"),
        ("missing_covariate", "revenue · before"),
    }
    assert len(found["results"]) == 3
    assert all(row["p_value"] is not None for row in found["results"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revenue": 3}, "zero_variance"),
        ({"views": 0}, "zero_denominator"),
        ({"clicks": 0, "revenue": 0}, "zero_baseline"),
    ],
)
def test_degenerate_metrics_are_told_and_the_others_computed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], code: str
) -> None:
    made = [row | change for row in rows()]
    found = analyze(
        capsys, str(write(tmp_path / "e.csv", made)), "--unit", "unit", "--control", "A", *METRICS
    )
    assert code in {warning["code"] for warning in found["warnings"]}
    assert len(found["results"]) == 3
    by_metric = {row["metric"]: row for row in found["results"]}
    assert by_metric["converted"]["p_value"] is not None


def test_a_control_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path / "e.csv", rows()))
    found = analyze(capsys, path, "--control", "Z", "--metric", "revenue:mean")
    assert [warning["code"] for warning in found["warnings"]] == ["control_missing"]
    assert found["arms"] == {"A": 300, "B": 300}
    one = [row for row in rows() if row["variation"] == "A"]
    path = str(write(tmp_path / "one.csv", one))
    found = analyze(capsys, path, "--control", "A", "--metric", "revenue:mean")
    assert [warning["code"] for warning in found["warnings"]] == ["one_arm"]


def test_a_split_that_is_not_the_planned_one_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [row for row in rows(3_000) if row["variation"] == "A" or row["unit"] % 6 == 1]
    path = str(write(tmp_path / "e.csv", made))
    arguments = [path, "--control", "A", "--metric", "revenue:mean"]
    assert "sample_ratio_mismatch" in {
        warning["code"] for warning in analyze(capsys, *arguments)["warnings"]
    }
    planned = analyze(capsys, *arguments, "--split", "A=.75,B=.25")
    assert planned["srm"]["p_value"] == 1.0


def test_aggregates_give_what_rows_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = rows()
    whole = analyze(
        capsys,
        str(write(tmp_path / "e.csv", made)),
        "--control", "A", "--metric", "revenue:mean",
    )  # fmt: skip
    lines = []
    for arm in "AB":
        values = [row["revenue"] for row in made if row["variation"] == arm]
        lines.append(
            {
                "variation": arm,
                "metric": "revenue",
                "count": len(values),
                "mean": repr(float(np.mean(values))),
                "variance": repr(float(np.var(values, ddof=1))),
            }
        )
    found = analyze(capsys, str(write(tmp_path / "a.csv", lines)), "--aggregates", "--control", "A")
    for name in ("lift", "p_value", "relative_lift", "relative_p_value", "chance_to_win"):
        assert found["results"][0][name] == pytest.approx(whole["results"][0][name], rel=1e-9)


def test_wrong_words_are_refused_with_what_would_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path / "e.csv", rows(10)))
    for arguments, fix in (
        (["--metric", "nope:mean"], "The file has: unit, variation"),
        (["--metric", "revenue:median"], "NAME:ratio:DENOMINATOR"),
        (["--metric", "revenue:mean", "--split", "A"], "A=.5,B=.5"),
        (["--metric", "revenue:mean", "--covariate", "x:before"], "The metrics are: revenue"),
        (["--metric", "revenue:mean", "--alpha", "2"], "between 0 and 1"),
        ([], "--metric NAME:mean"),
    ):
        assert main(["analyze", path, "--control", "A", *arguments]) == 2
        assert fix in capsys.readouterr().err


def test_a_large_mean_does_not_drown_a_small_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [row | {"revenue": repr(1e9 + row["revenue"])} for row in rows()]
    found = analyze(
        capsys,
        str(write(tmp_path / "e.csv", made)),
        "--control", "A", "--metric", "revenue:mean",
    )  # fmt: skip
    a, b = ([float(r["revenue"]) for r in made if r["variation"] == arm] for arm in "AB")
    welch = stats.ttest_ind(b, a, equal_var=False)
    assert found["results"][0]["p_value"] == pytest.approx(
        welch.pvalue, rel=1e-4
    )  # scipy rounds as well


def test_days_merged_in_any_order_are_the_whole() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(1e6, 1, (4, 500))
    parts = [Moments.of_rows({"value": part, "x": part**2}) for part in values]
    whole = Moments.of_rows({"value": values.ravel(), "x": values.ravel() ** 2})
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        merged = Moments.empty(("value", "x"))
        for place in order:
            merged = merged + parts[place]
        assert merged.n == whole.n
        assert merged.covariance("value", "x") == pytest.approx(whole.covariance("value", "x"))
