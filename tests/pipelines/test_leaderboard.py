"""``leaderboard`` on plain files, as strangers write them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main

METRICS = ("ndcg", "precision", "recall", "map", "mrr", "auc", "coverage")


def write(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path.write_text("\n".join(",".join(map(str, row)) for row in rows) + "\n")
    return path


def taste(path: Path, people: int = 60, seed: int = 1) -> Path:
    """Write people of two tastes: even ones buy a-items, odd ones b-items, day by day."""
    draw = random.Random(seed)
    rows: list[Sequence[Any]] = [("user_id", "item_id", "timestamp")]
    for person in range(people):
        for day in range(12):
            item = f"{'ab'[person % 2]}{draw.randrange(15)}"
            rows.append((f"p{person}", item, 1_700_000_000 + day * 86_400 + person))
    return write(path, rows)


def board(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main(["leaderboard", "--budget", "0", "--json", *map(str, arguments)]) == 0
    found = strictly(capsys.readouterr().out)
    for model in found["models"]:
        assert {"model", "params", "seconds", *METRICS} <= set(model)
        assert all(set(model[name]) == {"value", "low", "high"} for name in METRICS)
    return found


def strictly(text: str) -> dict[str, Any]:
    """Read JSON as its standard has it: NaN and Infinity, which Python would take, are none."""

    def no_number(sign: str) -> Any:
        raise AssertionError(f"{sign} is not JSON")

    found: dict[str, Any] = json.loads(text, parse_constant=no_number)
    return found


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["leaderboard", "--budget", "0", *map(str, arguments)]) == 2
    return capsys.readouterr().err


def ndcg(found: dict[str, Any]) -> dict[str, float]:
    return {model["model"]: model["ndcg"]["value"] for model in found["models"]}


def test_models_that_learn_tastes_beat_popularity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path / "home"))
    found = board(capsys, "--interactions", taste(tmp_path / "i.csv"), "--repeats", "no", "--k", 5)
    assert found["split"]["kind"] == "temporal"
    assert found["split"]["k"] == 5
    quality = ndcg(found)
    assert {"als", "ease", "svd", "bpr", "hybrid", "blend", "covisitation_cosine"} <= set(quality)
    for model in ("als", "ease", "covisitation_cosine", "blend"):
        assert quality[model] > 1.3 * quality["popularity"], model
    assert list(quality.values()) == sorted(quality.values(), reverse=True)
    assert not (tmp_path / "home").exists()  # the store is not touched


def test_given_positives_new_people_new_items_and_features_of_any_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users = write(
        tmp_path / "u.csv",
        [
            ("user_id", "born", "likes"),
            *((f"p{n}", 1950 + n, "ab"[n % 2]) for n in range(60)),
            ("new", "", "a"),
            ("nobody", "nan", ""),
        ],
    )
    items = write(
        tmp_path / "t.csv",
        [
            ("item_id", "title", "price"),
            *(
                (f"{k}{n}", f"{'alpha' if k == 'a' else 'beta'} thing {n}", n or "")
                for k in "ab"
                for n in range(15)
            ),
            ("a99", "alpha thing", 3),
        ],
    )
    test = write(
        tmp_path / "test.csv",
        [
            ("user_id", "item_id", "timestamp"),
            ("p0", "a99", 1),
            ("new", "a3", 1),
            ("p1", "never-heard-of", 1),
            ("stranger", "a1", 1),
        ],
    )
    found = board(
        capsys, "--interactions", taste(tmp_path / "i.csv"), "--users", users, "--items", items,
        "--test", test, "--repeats", "no",
    )  # fmt: skip
    split = found["split"]
    assert (split["kind"], split["test_people"], split["test_new_people"]) == ("given", 4, 2)
    assert split["test_new_items"] == 2
    assert split["candidates"] == 32  # of all files together
    assert {"content", "segment_popularity", "hybrid"} <= set(ndcg(found))
    assert any("no history" in note for note in found["notes"])


def test_what_is_not_wanted_is_no_positive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = write(
        tmp_path / "i.csv",
        [
            ("user_id", "item_id", "timestamp", "weight"),
            *((f"p{n}", f"i{n % 4}", n, 1) for n in range(20)),
            ("p0", "i1", 3, 0),
        ],
    )
    test = write(tmp_path / "t.csv", [("user_id", "item_id", "timestamp", "weight"),
                                      ("p0", "i1", 90, 1), ("p1", "i2", 90, 0),
                                      ("p2", "i3", 90, 2)])  # fmt: skip
    found = board(capsys, "--interactions", train, "--test", test, "--repeats", "no")
    # p0 saw i1 and did not want it, so it may not be shown; p1 does not want i2.
    assert found["split"]["test_people"] == 1
    assert found["split"]["unwanted"] == 1


@pytest.mark.parametrize(
    "times",
    [
        lambda n: f"2026-01-{n % 28 + 1:02d}",
        lambda n: f"2026-01-{n % 28 + 1:02d}T10:00:00+02:00",
        lambda n: 1_767_225_600_000 + n * 86_400_000,
    ],
    ids=["dates", "zoned", "milliseconds"],
)
def test_times_are_read_as_they_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], times: Any
) -> None:
    rows = [(f"p{n % 9}", f"i{n % 7}", times(n)) for n in range(200)]
    path = write(tmp_path / "i.csv", [("user_id", "item_id", "timestamp"), *rows])
    assert board(capsys, "--interactions", path)["split"]["repeats"] is True


ROWS = [(f"p{n % 5}", f"i{n % 3}", n) for n in range(60)]
ODD: dict[str, list[Sequence[Any]]] = {
    "one person": [("p", f"i{n % 6}", n * 90_000) for n in range(30)],
    "one item": [(f"p{n}", "i", n) for n in range(30)],
    "all rows alike": [("p", "i", 5)] * 20,
    "one time for all": [(f"p{n % 4}", f"i{n % 7}", 5) for n in range(60)],
    "rows that can't be used": [*ROWS, ("", "i1", 3), ("p1", "", 3), ("p1", "i1", "soon")],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_get_a_board_or_are_told_what_is_lacking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = write(tmp_path / "i.csv", [("user_id", "item_id", "timestamp"), *ODD[name]])
    status = main(["leaderboard", "--budget", "0", "--json", "--interactions", str(path)])
    said = capsys.readouterr()
    assert status in {0, 2}, said.err
    if status == 2:
        assert "error:" in said.err
        assert "fault of Kindred" not in said.err
    else:
        found = strictly(said.out)
        assert found["models"]
        if name == "rows that can't be used":
            assert len(found["notes"]) >= 2


def test_what_cannot_be_used_is_refused_with_what_to_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = write(tmp_path / "e.csv", [("user_id", "item_id", "timestamp")])
    assert "no row that can be used" in refused(capsys, "--interactions", empty)
    lacking = write(tmp_path / "l.csv", [("user_id", "timestamp"), ("p", 1)])
    assert "item_id" in refused(capsys, "--interactions", lacking)
    assert "There is no file" in refused(capsys, "--interactions", tmp_path / "none.csv")
    unwanted = write(
        tmp_path / "u.csv", [("user_id", "item_id", "timestamp", "weight"), ("p", "i", 1, 0)]
    )
    assert "weight above 0" in refused(capsys, "--interactions", unwanted)
    good = taste(tmp_path / "g.csv", people=4)
    assert "--k" in refused(capsys, "--interactions", good, "--k", 0)
    assert "--k" in refused(capsys, "--interactions", good, "--k", 10**30)
    assert "--budget" in refused(capsys, "--interactions", good, "--budget", "nan")
    below = write(
        tmp_path / "b.csv", [("user_id", "item_id", "timestamp", "weight"), ("p", "i", 1, -1)]
    )
    assert "no number from 0" in refused(capsys, "--interactions", below)
    timeless = write(tmp_path / "s.csv", [("user_id", "item_id", "timestamp"), ("p", "i", "soon")])
    assert "no readable time" in refused(capsys, "--interactions", timeless)
    nothing = write(tmp_path / "n.csv", [("user_id", "item_id"), ("", "")])
    assert "--test" in refused(capsys, "--interactions", good, "--test", nothing)


@pytest.mark.parametrize("option", ["--users", "--items"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"id,price\np1,3\n", "bad.csv has no column"),
        (b"", "bad.csv is empty"),
        (bytes(range(256)) * 40, "bytes that are no text"),
        (b"PAR1" + bytes(200), "can't be read as a table"),
    ],
    ids=["no id", "empty", "binary", "no Parquet"],
)
def test_a_bad_file_of_people_or_items_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, content: bytes, said: str
) -> None:
    good = taste(tmp_path / "g.csv", people=4)
    (tmp_path / "bad.csv").write_bytes(content)
    assert said in refused(capsys, "--interactions", good, option, tmp_path / "bad.csv")


DESCRIBED: dict[str, bytes] = {
    "nothing but ids": b"item_id\na1\na2\n",
    "only a header": b"item_id,price\n",
    "blank and NaN": b"item_id,price,kind\na1,nan,\na2,,NULL\na3,-inf,\n",
    "ids twice, and none": b"item_id,kind\na1,x\na1,y\n,z\n",
    "another encoding": "item_id,kind\na1,caf\u00e9\n".encode("latin-1"),
    "UTF-16": "item_id,kind\na1,caf\u00e9\n".encode("utf-16"),
    "items that nobody met": b"item_id,kind\nz1,x\nz2,y\n",
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_whatever_items_say_of_themselves_there_is_a_board_of_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "items.csv").write_bytes(DESCRIBED[name])
    rows = taste(tmp_path / "g.csv", people=6)
    found = board(capsys, "--interactions", rows, "--items", tmp_path / "items.csv", "--k", 1000)
    assert all(model["ndcg"]["value"] is not None for model in found["models"])
    if name == "ids twice, and none":
        assert len(found["notes"]) == 2


def test_a_catalogue_of_one_and_weights_beyond_counting_get_a_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = ("user_id", "item_id", "timestamp", "weight")
    rows = [(f"p{n % 5}", "only", n * 90_000, ("1e300", "1e9", 1)[n % 3]) for n in range(30)]
    path = write(tmp_path / "i.csv", [head, *rows])
    items = write(tmp_path / "t.csv", [("item_id", "kind"), ("only", "x")])
    found = board(capsys, "--interactions", path, "--items", items, "--repeats", "yes")
    assert found["split"]["candidates"] == 1
    assert any("10 rows have a weight that is no number" in note for note in found["notes"])


def test_people_and_items_never_met_before_are_judged_by_what_is_popular(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = write(tmp_path / "t.csv", [("user_id", "item_id"), ("stranger", "unheard-of")])
    found = board(capsys, "--interactions", taste(tmp_path / "g.csv", people=6), "--test", test)
    assert found["split"]["test_new_people"] == found["split"]["test_new_items"] == 1
    assert any("no history" in note for note in found["notes"])
