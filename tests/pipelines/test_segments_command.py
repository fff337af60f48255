"""``segments`` from a rule in a file to a live version, its people in a file, and back again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from data.audit import history
from data.engine import reader
from data.segment_opening import open_catalogue
from data.segments import segment_rule
from data.workspace import Workspace
from kindred.segments.codec import dump
from kindred.segments.parse import RuleRefused, read_rule
from kindred.segments.rules import Rule
from kindred.segments.validate import check
from pipelines.cli import main
from tests.support.segment_workspace import (
    NOON,
    ORDER,
    WORLD,
    keep_traits,
    opened,
    take_in,
)

RICH = {"kind": "trait", "trait": "monetary", "op": "gte", "value": 22}
RICHER = RICH | {"value": 23}
ACTIVE = {"kind": "event", "event": ORDER, "aggregate": "count", "op": "gte", "value": 2}
BOTH = {"kind": "all", "rules": [{"kind": "segment", "segment": "rich"}, ACTIVE]}
Run = Callable[..., str]


@pytest.fixture
def filled(
    workspace: Workspace, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    monkeypatch.delenv("KINDRED_STORE_URL", raising=False)
    take_in(workspace, engine, WORLD, tmp_path / "first")
    keep_traits(workspace, engine, WORLD)
    return workspace


@pytest.fixture
def segments(filled: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``segments …``; rules are written to files. Gives what was printed."""

    def run(*arguments: Any, status: int = 0) -> str:
        given = [
            _on_disk(one, tmp_path) if isinstance(one, dict) else str(one) for one in arguments
        ]
        assert main(["segments", *given]) == status
        told = capsys.readouterr()
        return told.err if status else told.out

    return run


def _on_disk(rule: dict[str, Any], folder: Path) -> str:
    path = folder / f"rule-{abs(hash(json.dumps(rule)))}.json"
    path.write_text(json.dumps(rule))
    return str(path)


def shown(segments: Run, key: str) -> Any:
    return json.loads(segments("show", key, "--json"))


def test_a_rule_in_a_file_becomes_a_live_version_with_who_and_why(
    segments: Run, engine: Engine
) -> None:
    said = segments(
        "publish", "--rule", RICH, "--name", "Rich", "--as", "ann", "--why", "for the fair",
        "--tag", "vip", "--tag", "fair", "--owner", "bo", "--notes", "those at the fair",
        "--valid-until", "2999-01-01", "--browser",
    )  # fmt: skip
    assert said.startswith("rich version 1 is live: 2 people.")
    told = shown(segments, "rich")
    assert (told["name"], told["state"], told["version"]) == ("Rich", "live", 1)
    assert (told["owner"], told["tags"], told["notes"]) == (
        "bo",
        ["vip", "fair"],
        "those at the fair",
    )
    assert told["versions"][0]["evidence"] == {
        "size": 2,
        "share": pytest.approx(2 / 24),
        "as_of": NOON.isoformat(),
    }
    act = told["history"][0]
    assert (act["by"], act["why"], act["browser"]) == ("ann", "for the fair", True)
    assert act["valid_until"] == "2999-01-01T00:00:00+00:00"
    assert (told["size"], told["as_of"]) == (None, None), "nobody has counted yet"
    with reader(engine).connect() as conn:
        actions = [row.action for row in history(conn, "segment:rich")]
    assert actions == ["segment.published", "segment.saved", "segment.created"]


def test_publish_edit_publish_diff_back_and_forth(segments: Run) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    assert "revision 3" in segments("draft", "rich", "--rule", RICHER)
    assert shown(segments, "rich")["state"] == "changed"
    assert segments("diff", "rich", 1, "draft") == (
        "Changed: “whose monetary is at least 22” → “whose monetary is at least 23”.\n"
    )
    segments("publish", "rich")
    found = json.loads(segments("diff", "rich", "v1", 2, "--json"))
    assert [(one["kind"], one["path"]) for one in found] == [("changed", "")]
    assert segments("diff", "rich", 1, 1) == "Both mean the same.\n"
    assert segments("rollback", "rich") == "rich version 1 is live again.\n"
    assert shown(segments, "rich")["version"] == 1
    assert segments("rollback", "rich", "--to", 2) == "rich version 2 is live again.\n"
    assert "live already" in segments("rollback", "rich", "--to", 2, status=2)
    assert segments("withdraw", "rich").startswith("rich is withdrawn")
    assert segments("rollback", "rich") == "rich version 2 is live again.\n"


def test_one_that_another_uses_is_not_withdrawn_and_who_would_break_is_said(
    segments: Run,
) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    segments("publish", "--rule", BOTH, "--name", "Rich and active")
    assert "“Rich and active” would break" in segments("withdraw", "rich", status=2)
    assert shown(segments, "rich")["used_by"] == ["Rich and active"]
    segments("withdraw", "rich-and-active")
    segments("withdraw", "rich")


def test_a_circle_is_refused_with_its_path(segments: Run) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    segments("publish", "--rule", BOTH, "--name", "Both")
    around = {"kind": "any", "rules": [RICH, {"kind": "segment", "segment": "both"}]}
    assert "rich → both → rich" in segments("publish", "rich", "--rule", around, status=2)
    segments("draft", "rich", "--rule", around)
    assert segments("validate", "rich", status=2) == ""  # problems are its answer, on standard out


def test_publishing_nothing_new_and_nothing_at_all_is_refused(segments: Run) -> None:
    assert "Name a segment" in segments("publish", status=2)
    assert "needs a name" in segments("publish", "--rule", RICH, status=2)
    assert "no segment called 'poor'" in segments("publish", "poor", status=2)
    segments("publish", "--rule", RICH, "--name", "Rich")
    assert "no draft that differs" in segments("publish", "rich", status=2)
    assert "no draft that differs" in segments("publish", "rich", "--notes", "x", status=2)
    assert "No other version" in segments("rollback", "rich", status=2)
    early = ["--valid-from", "2030-01-02", "--valid-until", "2030-01-01"]
    assert "end before it begins" in segments("publish", "rich", *early, status=2)


def _deep(levels: int) -> str:
    return '{"kind": "not", "rule": ' * levels + json.dumps(RICH) + "}" * levels


# What the language refuses, whoever asks: as text, since some of it is no JSON that could be built.
BAD: list[tuple[str, str, str]] = [
    (json.dumps(RICH | {"trait": "monetry"}), "trait", "Did you mean monetary?"),
    (json.dumps(RICH | {"value": "22"}), "value", "Give a number"),
    (json.dumps(RICH | {"op": "contains", "value": "x"}), "op", "Use eq, ne"),
    (json.dumps(ACTIVE | {"within": "P1M"}), "within", "months have no fixed length"),
    (json.dumps(ACTIVE | {"between": ["P1D", "P30D"]}), "between", "earlier end first"),
    (json.dumps({"kind": "segment", "segment": "nobody"}), "segment", "There is no segment yet."),
    (
        json.dumps({"kind": "trait", "trait": "income", "op": "matches", "value": "a" * 501}),
        "value",
        "500 characters",
    ),
    (_deep(10_000), "", "Nest at most 24"),
    ('{"kind": "all", "rules": [{"kind": "trait"', "", "Give one rule as JSON"),
]


@pytest.mark.parametrize(("text", "path", "accepted"), BAD, ids=lambda given: str(given)[:50])
def test_bad_rules_are_refused_alike_by_the_type_and_by_every_command(
    segments: Run, filled: Workspace, engine: Engine, tmp_path: Path,
    text: str, path: str, accepted: str, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "bad.json"
    file.write_text(text)
    population = opened(filled, engine)
    with reader(engine).connect() as conn:
        catalogue = open_catalogue(conn, population)
    with pytest.raises(RuleRefused) as refused:
        check(read_rule(text), catalogue)
    (problem,) = refused.value.problems
    assert problem.path == path
    assert accepted in problem.accepted
    assert main(["segments", "validate", "--rule", str(file), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)["problems"]
    assert told == [{"path": path, "what": problem.what, "accepted": problem.accepted}]
    for command in (["preview"], ["publish", "--name", "Bad"], ["export", "--format", "sql"]):
        said = segments(*command, "--rule", file, status=2)
        assert problem.what in said
        assert problem.accepted in said
        assert said.startswith(f"error: {path or 'the rule'}: ")


def test_a_rule_that_does_not_fit_is_refused_and_nothing_is_left_behind(segments: Run) -> None:
    wrong = {"kind": "not", "rule": RICH | {"trait": "monetry"}}
    said = segments("publish", "--rule", wrong, "--name", "Rich", status=2)
    assert "rule.trait" in said
    assert "Did you mean monetary?" in said
    assert segments("list").startswith("There is no segment yet.")


def test_the_list_tells_sizes_with_their_age(segments: Run) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    segments("draft", "--rule", RICH, "--name", "Draft of mine")
    assert main(["memberships"]) == 0
    segments("list")
    found = {one["key"]: one for one in json.loads(segments("list", "--json"))}
    assert found["rich"]["size"] == 2
    assert found["rich"]["share"] == pytest.approx(2 / 24)
    assert found["rich"]["as_of"] == NOON.isoformat()
    assert (found["draft-of-mine"]["state"], found["draft-of-mine"]["size"]) == ("draft", None)
    listed = segments("list")
    assert "rich " in listed
    assert "2 people" in listed
    assert "2 people, 8.3% of all, as of" in segments("show", "rich")
    segments("publish", "rich", "--rule", RICHER)
    assert main(["memberships"]) == 0
    segments("list")
    assert "0 joined and 1 left since the run before" in segments("show", "rich")
    sizes = [(one["size"], one["backcast"]) for one in shown(segments, "rich")["sizes"]]
    assert sizes == [(1, False)], "of one time the newest counts"


def test_a_preview_and_a_check_take_a_segment_as_well_as_a_file(segments: Run) -> None:
    segments("draft", "--rule", RICH, "--name", "Rich")
    assert json.loads(segments("preview", "rich", "--json"))["size"] == 2
    assert segments("validate", "rich").startswith("Valid. People whose")
    assert "Which rule" in segments("preview", status=2)
    assert "Which rule" in segments("preview", "rich", "--rule", RICH, status=2)


# --- export -------------------------------------------------------------------------------------


def test_the_exported_rule_is_read_back_as_the_same(segments: Run) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    told = json.loads(segments("export", "rich", "--format", "json"))
    assert (told["key"], told["version"], told["format"]) == ("rich", 1, 1)
    assert dump(read_rule(told)) == RICH
    again = segments("publish", "--rule", told, "--name", "Rich again")
    assert again.startswith("rich-again version 1 is live")


@pytest.mark.parametrize("counted", [False, True], ids=["before any run", "after a run"])
def test_people_are_exported_as_csv_and_parquet(
    segments: Run, tmp_path: Path, counted: bool
) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    if counted:
        assert main(["memberships"]) == 0
    for form in ("csv", "parquet"):
        segments("export", "rich", "--format", form, "--out", tmp_path / f"rich.{form}")
    with (tmp_path / "rich.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["person_id"] for row in rows] == ["p22", "p23"]
    assert ("since" in rows[0]) == counted
    assert pq.read_table(tmp_path / "rich.parquet").column("person_id").to_pylist() == [
        "p22",
        "p23",
    ]


def test_people_go_to_standard_output_where_no_file_is_named(
    filled: Workspace, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    arguments = ["--rule", _on_disk(RICH, tmp_path), "--format", "csv"]
    assert main(["segments", "export", *arguments]) == 0
    told = capfdbinary.readouterr()
    rows = list(csv.reader(io.StringIO(told.out.decode())))
    assert rows == [["person_id"], ["p22"], ["p23"]]
    assert b"2 people" in told.err


def test_nobody_is_a_file_without_rows(segments: Run, tmp_path: Path) -> None:
    out = tmp_path / "nobody.parquet"
    segments("export", "--rule", RICH | {"value": 99}, "--format", "parquet", "--out", out)
    assert pq.read_table(out).num_rows == 0


SQL_RULES: list[dict[str, Any]] = [
    RICH,
    {"kind": "not", "rule": ACTIVE | {"within": "P7D"}},
    {"kind": "percentile", "trait": "monetary", "end": "top", "percent": 25},
    BOTH,
    {"kind": "list", "list": "it-s-a-list"},
    {"kind": "sequence", "steps": [{"event": "Product Viewed"}, {"event": ORDER, "within": "P7D"}]},
    {"kind": "event", "event": "Product Viewed"}
    | {"where": [{"property": "category", "op": "in", "value": ["Deli", "it's"]}]},
    {"kind": "trait", "trait": "income", "op": "matches", "value": "^1"},
]


def test_exported_sql_runs_anywhere_and_finds_the_same_people(
    segments: Run, filled: Workspace, engine: Engine, tmp_path: Path
) -> None:
    segments("publish", "--rule", RICH | {"value": 3}, "--name", "Rich")
    (tmp_path / "ids.txt").write_text("p03\np05\nnobody\n")
    segments("lists", "--upload", tmp_path / "ids.txt", "--name", "It's a list")
    population = opened(filled, engine)
    for given in SQL_RULES:
        rule: Rule = read_rule(given)
        script = segments("export", "--rule", given, "--format", "sql")
        with duckdb.connect() as plain:
            found = [row[0] for row in plain.execute(script).fetchall()]
        ids = population.columns.read("person_id").to_pylist()
        assert found == [ids[place] for place in population.members(rule).positions()]
        assert found


# --- lists --------------------------------------------------------------------------------------


def test_a_list_is_uploaded_with_counts_that_add_up(segments: Run, tmp_path: Path) -> None:
    file = tmp_path / "vip.csv"
    file.write_bytes("name;customer_id\nMüller;p03\nX;p03\n;\nY;zz\n".encode("latin-1"))
    said = segments("lists", "--upload", file)
    assert said == (
        "vip: 2 ids of 4 rows (1 twice, 1 blank, 0 no ids; latin-1); 1 of them are people here\n"
    )
    assert "Choose another name" in segments("lists", "--upload", file, status=2)
    segments("lists", "--upload", file, "--replace", "--as", "ann")
    told = json.loads(segments("lists", "--json"))
    assert [(one["key"], one["kept"], one["uploaded_by"]) for one in told] == [("vip", 2, "ann")]
    for one in told:
        parts = (one["kept"], one["duplicate"], one["blank"], one["invalid"])
        assert one["rows_read"] == sum(parts)
    preview = json.loads(segments("preview", "--rule", {"kind": "list", "list": "vip"}, "--json"))
    assert preview["size"] == 1


def test_a_file_that_is_not_there_is_said(segments: Run, tmp_path: Path) -> None:
    assert "Check the path" in segments("lists", "--upload", tmp_path / "none.csv", status=2)


def test_versions_are_kept_as_they_were_published(segments: Run, engine: Engine) -> None:
    segments("publish", "--rule", RICH, "--name", "Rich")
    segments("publish", "rich", "--rule", RICHER)
    with reader(engine).connect() as conn:
        assert dump(segment_rule(conn, "rich", 1)) == RICH
        assert dump(segment_rule(conn, "rich", 2)) == RICHER
