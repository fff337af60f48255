"""What ``analyze`` offers besides means: margins, pooled arms, quantiles, winsorising, words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from pipelines.cli import main

N = 3_000


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(11)
    arm = np.arange(N) % 3
    before = rng.gamma(2.0, 5.0, N)
    spent = before + rng.exponential(10, N) + (arm == 2) * 1.5
    path = tmp_path_factory.mktemp("analyze") / "e.parquet"
    columns = {
        "unit": np.arange(N),
        "variation": np.array(["A", "B", "C"])[arm],
        "spent": spent,
        "latency": rng.lognormal(4, 1, N) * (1 + 0.2 * (arm == 1)),
        "back": pa.array([None if i % 10 == 0 else i % 4 for i in range(N)]),
        "before": before,
    }
    pq.write_table(pa.table(columns), path)
    return path


def analyze(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> dict[str, Any]:
    assert main(["analyze", str(path), "--control", "A", *arguments, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def values(path: Path, column: str, arms: str) -> np.ndarray[Any, Any]:
    table = pq.read_table(path).to_pandas()
    return np.asarray(table.loc[table["variation"].isin(list(arms)), column])


def test_pooled_arms_are_one_arm(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = analyze(
        capsys, file, "--metric", "spent:mean", "--pool", "B or C=B+C", "--split", "A=1,B=1,C=1"
    )
    assert found["arms"] == {"A": N // 3, "B or C": 2 * N // 3}
    assert found["srm"]["p_value"] == 1
    theirs = stats.ttest_ind(
        values(file, "spent", "BC"), values(file, "spent", "A"), equal_var=False
    )
    assert found["results"][0]["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_winsorised_values_are_drawn_in_at_one_limit_for_all(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = analyze(capsys, file, "--metric", "spent:mean", "--winsorise", "spent=.95")
    limit = np.quantile(values(file, "spent", "ABC"), 0.95)
    a, b = (np.minimum(values(file, "spent", arm), limit) for arm in "AB")
    theirs = stats.ttest_ind(b, a, equal_var=False)
    assert found["results"][0]["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_quantile_is_numpys_and_its_spread_the_densitys(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = analyze(capsys, file, "--unit", "unit", "--metric", "latency:quantile:.9")
    row = found["results"][0]
    assert row["mean_control"] == pytest.approx(np.quantile(values(file, "latency", "A"), 0.9))
    assert row["n_control"] == N // 3
    # Asymptotically √(p (1 − p) / n) / f(q) (Serfling 1980, § 2.3.3), of both arms.
    errors = []
    for scale in (1.0, 1.2):
        true = stats.lognorm(1, scale=np.exp(4) * scale)
        errors.append(0.3 / np.sqrt(N / 3) / true.pdf(true.ppf(0.9)))
    assert row["standard_error"] == pytest.approx(np.hypot(*errors), rel=0.25)
    alone = analyze(capsys, file, "--metric", "latency:quantile:.9")["results"][0]
    assert alone["p_value"] == pytest.approx(row["p_value"], rel=1e-9)


def test_retention_counts_those_whose_time_has_come(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = analyze(capsys, file, "--metric", "back:retention")["results"][0]
    own = values(file, "back", "A")
    own = own[~np.isnan(own)]
    assert (row["n_control"], row["mean_control"]) == (len(own), pytest.approx((own > 0).mean()))


def test_guardrails_and_directions(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--metric", "latency:mean", "--guardrail", "latency=.05"]
    up = analyze(capsys, file, *arguments)["results"][0]
    down = analyze(capsys, file, *arguments, "--lower", "latency")["results"][0]
    assert up["guardrail"]["holds"]
    assert not down["guardrail"]["holds"]
    assert down["guardrail"]["broken"]
    assert up["chance_to_win"] + down["chance_to_win"] == pytest.approx(1)
    assert up["p_value"] == down["p_value"]


def test_a_prior_draws_in_and_a_family_may_be_each_metric(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = ["--metric", "spent:mean", "--metric", "latency:mean"]
    flat = analyze(capsys, file, *metrics)
    held = analyze(capsys, file, *metrics, "--prior", "0,.01", "--family", "metric")
    assert abs(held["results"][1]["chance_to_win"] - 0.5) < abs(
        flat["results"][1]["chance_to_win"] - 0.5
    )
    p_values = [row["p_value"] for row in flat["results"]]
    smallest = min(range(4), key=p_values.__getitem__)
    assert flat["results"][smallest]["p_value_adjusted"] == pytest.approx(4 * p_values[smallest])
    assert held["results"][smallest]["p_value_adjusted"] == pytest.approx(2 * p_values[smallest])


def test_arms_unlike_before_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    before = rng.normal(0, 1, 2000) + np.arange(2000) % 2 * 0.3
    path = tmp_path / "bias.parquet"
    arms = np.array(["A", "B"])[np.arange(2000) % 2]
    pq.write_table(pa.table({"variation": arms, "x": before + 1, "was": before}), path)
    found = analyze(capsys, path, "--metric", "x:mean", "--covariate", "x:was")
    assert ("pre_period_bias", "x · B · covariate was") in {
        (w["code"], w["where"]) for w in found["warnings"]
    }
    theirs = stats.ttest_ind(before[1::2], before[::2], equal_var=False)
    assert found["pre_period"][0]["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_words_say_what_the_numbers_say(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(file), "--control", "A", "--metric", "spent:mean",
                 "--covariate", "spent:before", "--guardrail", "spent=.02",
                 "--segment", "back"]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert "arms: A 1,000, B 1,000, C 1,000" in said
    assert "spent · C against A: +" in said
    assert "less what was known before (" in said
    assert "guardrail holds" in said
    assert "back · spent · C:" in said
    assert "(none): " in said


def test_a_covariate_that_is_the_metric_itself_is_not_believed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = analyze(capsys, file, "--metric", "spent:mean", "--covariate", "spent:spent")
    assert ("perfect_covariate", "spent") in {(w["code"], w["where"]) for w in found["warnings"]}
    assert found["results"][0]["cuped"]["p_value"] is None
    assert found["results"][0]["p_value"] is not None
