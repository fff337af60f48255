"""Sums that somebody else has taken: by experiment and checkpoint, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from pipelines.cli import main

Answer = dict[str, Any]
HEADER = "variation,metric,count,mean,variance"


@pytest.fixture
def analyze(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run(text: str, *arguments: str) -> Answer:
        path = tmp_path / "sums.csv"
        path.write_text(text)
        given = ["analyze", str(path), "--aggregates", "--control", "A", *arguments, "--json"]
        assert main(given) == 0
        answer: Answer = json.loads(capsys.readouterr().out)
        return answer

    return run


def test_sums_are_tested_as_scipy_tests_them(analyze: Callable[..., Answer]) -> None:
    found = analyze(f"{HEADER}\nA,revenue,1000,10.5,25\nB,revenue,1100,10.9,30.25\n")
    theirs = stats.ttest_ind_from_stats(10.9, 5.5, 1100, 10.5, 5, 1000, equal_var=False)
    row = found["results"][0]
    assert row["p_value"] == pytest.approx(theirs.pvalue, rel=1e-12)
    assert found["arms"] == {"A": 1000, "B": 1100}
    assert found["srm"]["p_value"] == pytest.approx(stats.chisquare([1000, 1100]).pvalue)


CHECKPOINTS = """variation,metric,count,mean,variance,checkpoint,experiment
A,m,5000,1.0,4,2,one
B,m,5000,1.25,4,2,one
A,m,1000,1.0,4,1,one
B,m,1000,1.02,4,1,one
A,m,9000,1.0,4,10,one
B,m,9000,1.1,4,10,one
A,m,100,1.0,4,1,two
B,m,900,1.0,4,1,two
"""


def test_checkpoints_are_read_in_their_order_and_together(
    analyze: Callable[..., Answer],
) -> None:
    found = analyze(CHECKPOINTS)
    one = [row for row in found["results"] if row["experiment"] == "one"]
    assert [row["checkpoint"] for row in one] == ["1", "2", "10"]
    first, second, third = (row["sequential"] for row in one)
    assert first["decided_at"] is None
    assert second["decided_at"] == third["decided_at"] == "2"
    assert third["p_value_so_far"] == second["p_value_so_far"] == one[1]["sequential_p_value"]
    lows, highs = zip(*(row["sequential_ci"] for row in one), strict=True)
    assert third["ci_so_far"] == [max(lows), min(highs)]


def test_each_checkpoint_has_a_split_of_its_own(analyze: Callable[..., Answer]) -> None:
    found = analyze(CHECKPOINTS)
    assert [(c["experiment"], c["checkpoint"], c["arms"]) for c in found["checkpoints"]] == [
        ("one", "1", {"A": 1000, "B": 1000}),
        ("one", "2", {"A": 5000, "B": 5000}),
        ("one", "10", {"A": 9000, "B": 9000}),
        ("two", "1", {"A": 100, "B": 900}),
    ]
    assert found["checkpoints"][0]["srm"]["p_value"] == 1
    assert found["checkpoints"][3]["srm"]["p_value"] < 1e-100
    mismatch = [w for w in found["warnings"] if w["code"] == "sample_ratio_mismatch"]
    assert [(w["experiment"], w["checkpoint"]) for w in mismatch] == [("two", "1")]
    assert found["srm"]["p_value"] is None  # there are two experiments
    alone = analyze("\n".join(CHECKPOINTS.splitlines()[:7]))
    assert (alone["srm"]["p_value"], alone["arms"]) == (1, {"A": 9000, "B": 9000})


@pytest.mark.parametrize(
    ("row", "code", "where"),
    [
        ("B,bad,abc,1,1", "bad_aggregate", "bad · B"),
        ("B,bad,10,nan,1", "bad_aggregate", "bad · B"),
        ("B,bad,10,1,-1", "bad_aggregate", "bad · B"),
        ("B,bad,-5,1,1", "bad_aggregate", "bad · B"),
        ("B,bad,1.5,1,1", "bad_aggregate", "bad · B"),
        ("B,bad,10,1,", "bad_aggregate", "bad · B"),
        (",bad,10,1,1", "nameless_row", "row 5"),
        ("B,good,1000,1.1,1", "repeated_row", "good · B"),
        ("B,bad,0,,", "empty_arm", "bad · B"),
        ("B,bad,1,5,", "single_unit", "bad · B"),
        ("B,bad,0,0,0", "empty_arm", "bad · B"),
    ],
)
def test_a_bad_row_is_said_and_the_others_are_computed(
    analyze: Callable[..., Answer], row: str, code: str, where: str
) -> None:
    good = "A,good,1000,1,1\nB,good,1000,1.1,1\nC,good,1000,1.2,1\n"
    found = analyze(f"{HEADER}\nA,bad,10,1,1\n{good}{row}\n")
    assert (code, where) in {(w["code"], w["where"]) for w in found["warnings"]}
    fine = [one for one in found["results"] if one["metric"] == "good"]
    assert [one["p_value"] is not None for one in fine] == [True, True]


def test_days_of_one_arm_are_added_up_and_said(analyze: Callable[..., Answer]) -> None:
    found = analyze(f"{HEADER}\nA,m,2,1,2\nA,m,2,3,2\nB,m,4,2,1\n")
    row = found["results"][0]
    assert (row["n_control"], row["mean_control"]) == (4, 2)
    assert [w["code"] for w in found["warnings"]] == ["added_rows"]


def test_a_kind_may_be_said_of_sums(analyze: Callable[..., Answer]) -> None:
    text = f"{HEADER}\nA,bought,1000,.1,.0901\nB,bought,1000,.12,.1057\nA,x,9,1,1\nB,x,9,1,1\n"
    found = analyze(text, "--metric", "bought:proportion", "--guardrail", "bought=.2")
    assert [row["metric"] for row in found["results"]] == ["bought"]
    assert found["results"][0]["beta_binomial"]["chance_to_win"] > 0.9
    assert found["results"][0]["guardrail"]["holds"]


def test_percentages_are_no_proportions(analyze: Callable[..., Answer]) -> None:
    text = f"{HEADER}\nA,bought,1000,12,9\nB,bought,1000,.13,.1\nC,bought,1000,.11,.1\n"
    found = analyze(text, "--metric", "bought:proportion")
    assert {(w["code"], w["where"]) for w in found["warnings"]} == {
        ("no_rate", "bought · B"), ("no_rate", "bought · C"),
    }  # fmt: skip
    assert [row["p_value"] for row in found["results"]] == [None, None]


def test_columns_that_are_missing_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sums.csv"
    path.write_text("variation,metric,n,mean\nA,m,1,1\n")
    assert main(["analyze", str(path), "--aggregates", "--control", "A"]) == 2
    assert "no column 'count', 'variance'" in capsys.readouterr().err
