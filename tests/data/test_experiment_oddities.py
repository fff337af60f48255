"""Files as people really have them: what can be read is read, what can't is said and why."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.cli import main

Answer = dict[str, Any]
BASIC = ["--unit", "unit", "--control", "A", "--metric", "revenue:mean"]
RATE = ["--metric", "converted:proportion"]


def lines(
    n: int = 120, separator: str = ",", names: str = "unit,variation,revenue,converted"
) -> str:
    rng = np.random.default_rng(7)
    made = [names.replace(",", separator)]
    for unit in range(n):
        values = (unit, "AB"[unit % 2], f"{rng.normal(10, 2):.4f}", int(rng.random() < 0.3))
        made.append(separator.join(map(str, values)))
    return "\n".join(made) + "\n"


@pytest.fixture
def analyze(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def run(path: Path, *arguments: str) -> Answer:
        assert main(["analyze", str(path), *arguments, "--json"]) == 0
        answer: Answer = json.loads(capsys.readouterr().out)
        return answer

    return run


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(path: Path, *arguments: str) -> str:
        assert main(["analyze", str(path), *arguments, "--json"]) == 2
        return capsys.readouterr().err

    return run


def codes(answer: Answer) -> set[tuple[str, str]]:
    return {(warning["code"], warning["where"]) for warning in answer["warnings"]}


def essence(answer: Answer) -> list[float]:
    return [row[key] for row in answer["results"] for key in ("n", "mean", "lift", "p_value")]


WRITTEN: dict[str, Callable[[], bytes]] = {
    "semicolons": lambda: lines(separator=";").encode(),
    "tabs": lambda: lines(separator="\t").encode(),
    "pipes": lambda: lines(separator="|").encode(),
    "windows newlines": lambda: lines().replace("\n", "\r\n").encode(),
    "a byte order mark": lambda: lines().encode("utf-8-sig"),
    "utf-16": lambda: lines().encode("utf-16"),
    "gzip": lambda: gzip.compress(lines().encode()),
    "blank lines before": lambda: b"\n\n" + lines().encode(),
    "a quoted header": lambda: lines(names='"unit","variation","revenue","converted"').encode(),
    "blanks around": lambda: lines().replace(",", " , ").encode(),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_however_a_table_was_written_it_says_the_same(
    tmp_path: Path, analyze: Callable[..., Answer], how: str
) -> None:
    (tmp_path / "plain.csv").write_text(lines())
    plain = analyze(tmp_path / "plain.csv", *BASIC, *RATE)
    other = tmp_path / "we[ir]d * name.txt"
    other.write_bytes(WRITTEN[how]())
    answer = analyze(other, *BASIC, *RATE)
    assert essence(answer) == pytest.approx(essence(plain), rel=1e-12)
    assert answer["warnings"] == []


def test_names_may_hold_colons_blanks_and_quotes(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "names.csv"
    path.write_text(lines(names='unit,"the, arm","net: revenue","con""verted"'))
    answer = analyze(
        path, "--variation", "the, arm", "--control", "A", "--metric", "net: revenue:mean",
        "--metric", 'con"verted:proportion', "--metric", 'unit:ratio:net: revenue',
        "--covariate", "net: revenue:unit",
    )  # fmt: skip
    assert [row["metric"] for row in answer["results"]] == ["net: revenue", 'con"verted', "unit"]
    assert answer["results"][0]["cuped"] is not None


def test_windows_letters_are_read_and_said(tmp_path: Path, analyze: Callable[..., Answer]) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes(lines().replace(",B,", ",Größe B,").encode("cp1252"))
    answer = analyze(path, *BASIC)
    assert answer["arms"] == {"A": 60, "Größe B": 60}
    assert codes(answer) == {("not_utf8", "old.csv")}


@pytest.mark.parametrize(
    ("column", "label", "other"),
    [
        (pa.array([0.0, 1.0, None] * 40), "0", "1"),
        (pa.array([True, False, None] * 40), "true", "false"),
        (pa.array([7, 8, None] * 40, pa.int8()), "7", "8"),
        (pa.array([" A", "B", ""] * 40), "A", "B"),
        (pa.array(["A", "B", None] * 40).dictionary_encode(), "A", "B"),
    ],
)
def test_variations_of_any_type_are_called_as_people_call_them(
    tmp_path: Path, analyze: Callable[..., Answer], column: pa.Array, label: str, other: str
) -> None:
    path = tmp_path / "types.parquet"
    pq.write_table(pa.table({"arm": column, "x": np.arange(120) ** 2}), path)
    answer = analyze(path, "--variation", "arm", "--control", label, "--metric", "x:mean")
    assert answer["arms"] == {label: 40, other: 40}
    assert codes(answer) == {("missing_variation", "arm")}
    assert answer["results"][0]["p_value"] is not None


def test_numbers_that_are_none_are_left_out_of_their_metric_alone(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "odd.parquet"
    x = np.arange(40) + 0.5
    x[3], x[4], x[5] = np.nan, np.inf, -np.inf
    y = [None if i == 7 else i % 2 for i in range(40)]
    y[9] = 5
    table = pa.table({"variation": ["A", "B"] * 20, "x": x, "y": pa.array(y, pa.int16()),
                      "z": [i % 4 == 0 for i in range(40)]})  # fmt: skip
    pq.write_table(table, path)
    metrics = ["--metric", "x:mean", "--metric", "y:proportion", "--metric", "z:proportion"]
    answer = analyze(path, "--control", "A", *metrics)
    found = {row["metric"]: (row["n_control"], row["n"]) for row in answer["results"]}
    assert found == {"x": (19, 18), "y": (20, 18), "z": (20, 20)}
    assert ("not_a_number", "x") in codes(answer)
    assert ("missing_value", "y") in codes(answer)
    assert ("not_a_proportion", "y") in codes(answer)


def test_truth_values_as_text_are_numbers(tmp_path: Path, analyze: Callable[..., Answer]) -> None:
    path = tmp_path / "truth.csv"
    words = ["True", "false", "YES", "no", "1", "0"] * 20
    path.write_text(
        "variation,ok\n" + "\n".join(f"{'AB'[i // 2 % 2]},{w}" for i, w in enumerate(words))
    )
    answer = analyze(path, "--control", "A", "--metric", "ok:proportion")
    assert answer["warnings"] == []
    assert answer["results"][0]["mean"] == answer["results"][0]["mean_control"] == 0.5


def test_rows_of_a_unit_add_up_and_a_rate_is_any_of_them(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(
        "who,variation,spent,bought,seen\n"
        "1,A,1,0,2\n1,A,2,1,2\n2,A,5,0,1\n3,A,1,1,5\n4,B,2,1,2\n4,B,2,0,2\n5,B,9,1,1\n6,B,1,0,5\n"
        "7,A,1,0,1\n7,B,1,0,1\n,A,100,1,1\n"
    )
    metrics = ["--metric", "spent:mean", "--metric", "bought:proportion"]
    metrics += ["--metric", "seen:ratio:spent"]
    answer = analyze(path, "--unit", "who", "--control", "A", *metrics)
    mean, rate, ratio = answer["results"]
    assert (mean["mean_control"], mean["mean"]) == pytest.approx((3.0, 14 / 3))  # 3, 5, 1; 4, 9, 1
    assert (rate["mean_control"], rate["mean"]) == pytest.approx((2 / 3, 2 / 3))
    assert (ratio["mean_control"], ratio["mean"]) == pytest.approx((10 / 9, 10 / 14))
    assert answer["arms"] == {"A": 3, "B": 3}
    assert {("duplicated_unit", "who"), ("crossover", "who"), ("missing_unit", "who")} <= codes(
        answer
    )


def test_arms_of_one_and_of_none_are_said_beside_the_others(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "arms.csv"
    path.write_text(lines() + "900,C,11,1\n901,D,,\n")
    answer = analyze(path, *BASIC, "--split", "A=1,B=1,C=0,D=0,E=1")
    by_arm = {row["variation"]: row for row in answer["results"]}
    assert by_arm["B"]["p_value"] is not None
    assert by_arm["C"]["lift"] is not None
    assert by_arm["C"]["p_value"] is None
    assert by_arm["D"]["lift"] is None
    assert (by_arm["E"]["n"], by_arm["E"]["lift"], answer["arms"]["E"]) == (0, None, 0)
    assert {
        ("single_unit", "revenue · C"), ("empty_arm", "revenue · D"), ("unplanned_arm", "C"),
        ("unplanned_arm", "D"), ("missing_arm", "E"), ("missing_value", "revenue"),
    } <= codes(answer)  # fmt: skip


def test_a_control_that_is_missing_leaves_what_the_arms_come_to(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(lines())
    answer = analyze(path, "--control", "Z", "--metric", "revenue:mean")
    assert [warning["code"] for warning in answer["warnings"]] == ["control_missing"]
    assert "A, B" in answer["warnings"][0]["where"]
    assert [(row["variation"], row["n"], row["lift"]) for row in answer["results"]] == [
        ("A", 60, None), ("B", 60, None),
    ]  # fmt: skip
    assert answer["results"][0]["mean"] == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (lambda i: 0.1, "zero_variance"),
        (lambda i: (-1) ** (i // 2) * 1.5e308, "out_of_range"),
        (lambda i: 1e17 + i * 64, "beyond_precision"),
        (lambda i: -5 - i % 7, "negative_baseline"),
        (lambda i: (i % 3 - 1) * (i % 2), "zero_baseline"),
    ],
)
def test_metrics_at_their_limits(
    tmp_path: Path, analyze: Callable[..., Answer], values: Callable[[int], float], code: str
) -> None:
    path = tmp_path / "limit.csv"
    rows = [f"{'AB'[i % 2]},{values(i)!r},{i % 5}" for i in range(120)]
    path.write_text("variation,x,fine\n" + "\n".join(rows))
    answer = analyze(path, "--control", "A", "--metric", "x:mean", "--metric", "fine:mean")
    assert (code, "x · B") in codes(answer)
    assert answer["results"][1]["p_value"] is not None
    if code == "negative_baseline":
        row = answer["results"][0]
        assert row["mean_control"] < 0
        assert row["relative_lift"] == pytest.approx(row["lift"] / row["mean_control"])


def test_broken_lines_are_left_out_and_counted(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(lines() + "500,A\n501,B,3,1,9,9\n502,B,4,1\n")
    answer = analyze(path, *BASIC)
    assert answer["arms"] == {"A": 60, "B": 61}
    assert [w["code"] for w in answer["warnings"]] == ["broken_line"]
    assert answer["warnings"][0]["message"].startswith("2 lines")


def test_too_many_levels_are_put_together(tmp_path: Path, analyze: Callable[..., Answer]) -> None:
    path = tmp_path / "levels.csv"
    path.write_text(
        "variation,x,city\n"
        + "\n".join(
            f"{'AB'[i % 2]},{i % 13},{f'c{i // 4 % 300}' if i % 40 else ''}" for i in range(3000)
        )
    )
    answer = analyze(path, "--control", "A", "--metric", "x:mean", "--segment", "city")
    assert ("many_levels", "city") in codes(answer)
    levels = answer["segments"][0]["levels"]
    assert {"(other)", "(none)"} <= {row["level"] for row in levels}
    assert sum(row["n"] for row in levels) == 1500


def test_several_segments_add_up_alike(tmp_path: Path, analyze: Callable[..., Answer]) -> None:
    path = tmp_path / "segments.csv"
    path.write_text(
        "variation,x,one,two\n"
        + "\n".join(
            f"{'AB'[i % 2]},{i * 7 % 31},{'pqr'[i % 3]},{'uv'[i // 7 % 2]}" for i in range(600)
        )
    )
    both = analyze(
        path, "--control", "A", "--metric", "x:mean", "--segment", "one", "--segment", "two"
    )
    alone = analyze(path, "--control", "A", "--metric", "x:mean", "--segment", "two")
    assert [s["segment"] for s in both["segments"]] == ["one", "two"]
    ours, theirs = both["segments"][1]["levels"], alone["segments"][0]["levels"]
    assert [row["lift"] for row in ours] == pytest.approx([row["lift"] for row in theirs])


@pytest.mark.parametrize(
    ("name", "content", "fix"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n \n", "is empty"),
        ("book.xlsx", b"PK\x03\x04....", "Save its sheet as CSV"),
        ("cut.parquet", b"PAR1....", "can't be read as a table"),
        ("twice.csv", b"variation,revenue,revenue\nA,1,2\n", "names 'revenue' 2 times"),
        ("other.csv", b"a,b\n1,2\n", "The file has: a, b"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(
    tmp_path: Path, refusal: Callable[..., str], name: str, content: bytes, fix: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    said = refusal(path, "--control", "A", "--metric", "revenue:mean")
    assert fix in said
    assert "Traceback" not in said


def test_columns_of_no_number_are_refused_by_name(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    path = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"variation": ["A", "B"], "x": [[1], [2]]}), path)
    assert "The column 'x' holds" in refusal(path, "--control", "A", "--metric", "x:mean")


def test_a_header_without_rows_is_said(tmp_path: Path, analyze: Callable[..., Answer]) -> None:
    path = tmp_path / "header.csv"
    path.write_text("unit,variation,revenue\n")
    answer = analyze(path, *BASIC)
    assert ("no_rows", "variation") in codes(answer)
    assert answer["results"] == []


def test_a_column_of_units_is_no_variation(tmp_path: Path, refusal: Callable[..., str]) -> None:
    path = tmp_path / "e.csv"
    path.write_text(lines(300))
    said = refusal(path, "--variation", "unit", "--control", "A", "--metric", "revenue:mean")
    assert "more than 100 values" in said


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (["--metric", "revenue:ratio"], "NAME:ratio:DENOMINATOR"),
        (["--metric", "revenue:quantile:9"], "NAME:quantile:LEVEL"),
        (["--metric", "revenue:mean", "--metric", "revenue:mean"], "Name each metric once"),
        (["--metric", "revenue:mean", "--split", "A=1,B=x"], "Write A=.5,B=.5"),
        (["--metric", "revenue:mean", "--split", "A=0,B=0"], "Write A=.5,B=.5"),
        (["--metric", "revenue:mean", "--guardrail", "revenue=-1"], "METRIC=.02"),
        (["--metric", "revenue:mean", "--guardrail", "x=.1"], "The metrics are: revenue"),
        (["--metric", "revenue:mean", "--lower", "x"], "The metrics are: revenue"),
        (["--metric", "revenue:mean", "--winsorise", "revenue=99"], "METRIC=.99"),
        (["--metric", "revenue:mean", "--prior", "0"], "MEAN,SD"),
        (["--metric", "revenue:mean", "--alpha", "nan"], "between 0 and 1"),
        (["--metric", "revenue:mean", "--pool", "C=A+B", "--pool", "D=A"], "Put each variation"),
        (["--metric", "converted:quantile:.5", "--covariate", "converted:unit"], "Leave it out"),
    ],
)
def test_words_that_mean_nothing_are_refused(
    tmp_path: Path, refusal: Callable[..., str], arguments: list[str], fix: str
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(lines(20))
    assert fix in refusal(path, "--control", "A", *arguments)


PACKED = gzip.compress(lines().encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(PACKED[: len(PACKED) // 2], "is damaged", id="cut off"),
        pytest.param(PACKED[:-8] + bytes(8), "is damaged", id="another checksum"),
        pytest.param(b"\x1f\x8b" + b"\xff" * 200, "is damaged", id="no header"),
        pytest.param(PACKED + b"more", "is damaged", id="something behind it"),
        pytest.param(gzip.compress(b"", mtime=0), "is empty", id="nothing in it"),
    ],
)
def test_damaged_gzip_is_refused_as_such(
    content: bytes, words: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    (tmp_path / "table.csv.gz").write_bytes(content)

    assert f"table.csv.gz {words}" in refusal(tmp_path / "table.csv.gz", *BASIC)


def test_a_gzip_bomb_is_refused_before_it_fills_the_disk(
    tmp_path: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.experiment_text.SMALL", 1 << 20)
    bomb = lines().encode() + b"0" * (4 << 20)
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(bomb, mtime=0))

    told = refusal(tmp_path / "bomb.csv.gz", *BASIC)

    assert "unpacks to more than 100 times its size" in told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            ",".join(f"c{i}" for i in range(2_001)) + "\n1\n", "2,001 columns", id="many columns"
        ),
        pytest.param("x" * 1_100_000, "more than a million characters", id="a long line"),
        pytest.param("unit,vari\0ation,revenue\n", "bytes that are no text", id="a NUL"),
        pytest.param("unit,\x1b[31mvariation,revenue\n", "bytes that are no text", id="an escape"),
    ],
)
def test_a_header_that_is_none_is_refused(
    content: str, words: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    (tmp_path / "table.csv").write_text(content)

    told = refusal(tmp_path / "table.csv", *BASIC)

    assert words in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            lambda text: text + '900,"A,1,1\n901,B,2,0\n', {("broken_line", "line 122")}, id="quote"
        ),
        pytest.param(lambda text: text.replace("\n", "\r\n", 30), set(), id="line ends"),
        pytest.param(
            lambda text: text.replace(",A,", ",A\0,", 5).replace(",B,", ",\0B,", 5), set(), id="NUL"
        ),
    ],
)
def test_what_is_broken_in_some_rows_leaves_the_others(
    change: Callable[[str], str],
    said: set[tuple[str, str]],
    tmp_path: Path,
    analyze: Callable[..., Answer],
) -> None:
    (tmp_path / "plain.csv").write_text(lines())
    (tmp_path / "odd.csv").write_bytes(change(lines()).encode())

    plain, odd = (analyze(tmp_path / name, *BASIC) for name in ("plain.csv", "odd.csv"))

    assert essence(odd) == pytest.approx(essence(plain), rel=1e-12)
    assert codes(odd) == said


@pytest.mark.parametrize("kind", ["a list", "a struct"])
@pytest.mark.parametrize("option", ["variation", "segment"])
def test_nested_columns_name_no_variation_and_no_level(
    kind: str, option: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    nested: list[Any] = [["A"], ["B"]] if kind == "a list" else [{"a": "A"}, {"a": "B"}]
    columns = {"unit": [1, 2], "variation": ["A", "B"], "revenue": [1.0, 2.0], "odd": nested}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")

    told = refusal(tmp_path / "table.parquet", *BASIC, f"--{option}", "odd")

    assert "'odd' holds" in told
    assert "not names" in told


def test_variations_in_bytes_are_read_as_text(
    tmp_path: Path, analyze: Callable[..., Answer]
) -> None:
    columns = {"unit": range(6), "variation": [b"A", b"B"] * 3, "revenue": [1.0, 2.0, 3.0] * 2}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet")

    assert analyze(tmp_path / "table.parquet", *BASIC)["arms"] == {"A": 3, "B": 3}


def test_a_control_of_blanks_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    (tmp_path / "table.csv").write_text(lines())

    told = refusal(tmp_path / "table.csv", "--metric", "revenue:mean", "--control", " ")

    assert "It names no variation" in told
