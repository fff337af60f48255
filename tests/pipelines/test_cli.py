"""The command line: what it prints, where, and with which exit status."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from data import runs
from data.audit import Actor
from data.engine import reader
from data.runs import Status
from data.schema import summaries
from data.store import open_store
from data.workspace import Workspace, declare_workspace
from pipelines.cli import COMMANDS, main, parser

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _in_the_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    monkeypatch.delenv("KINDRED_STORE_URL", raising=False)


def test_status_works_on_an_empty_workspace(capsys: Output) -> None:
    assert main(["status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    counts = {name: status[name] for name in ("people", "events", "items", "clusters", "queued")}
    assert counts == dict.fromkeys(counts, 0)
    assert (status["last_run"], status["kind"], status["source"]) == (None, None, None)
    assert (status["clock"], status["dataset_version"]) == ("live", 0)
    assert datetime.fromisoformat(status["as_of"]).tzinfo is not None
    assert main(["status"]) == 0
    assert "is empty" in capsys.readouterr().out


def test_status_says_what_there_is_and_on_which_clock(engine: Engine, capsys: Output) -> None:
    ended = datetime(2018, 1, 1, tzinfo=UTC)
    with engine.begin() as conn:
        declare_workspace(
            conn, kind="real", source="Shop", currency="EUR", clock_fixed_at=ended, at=NOON
        )
        counted = {"people": 1234, "events": 9, "items": 8, "orders": 7, "revenue": 6.5}
        conn.execute(insert(summaries).values(at=NOON, as_of=ended, dataset_version=1, **counted))
        run_id = runs.enqueue(conn, "traits", {}, actor=Actor("ann"), at=NOON)
        runs.take(conn, "w", at=NOON)
        runs.finish(conn, run_id, Status.SUCCEEDED, at=NOON)
        runs.enqueue(conn, "clusters", {}, actor=Actor("ann"), at=NOON)
    assert main(["status", "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["last_run"] == {
        "id": run_id,
        "job": "traits",
        "status": "succeeded",
        "finished_at": NOON.isoformat(),
    }
    assert (status["people"], status["queued"]) == (1234, 1)
    assert status["clock"] == "fixed at 2018-01-01T00:00:00+00:00"
    assert status["as_of"] == ended.isoformat()
    assert main(["status"]) == 0
    shown = capsys.readouterr().out
    assert "Shop (real), clock fixed at 2018-01-01T00:00:00+00:00" in shown
    assert "1,234" in shown


def test_an_error_of_the_users_is_one_line_and_status_2(capsys: Output) -> None:
    assert main(["cancel", "99"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: Run 99")
    assert printed.err.count("\n") == 1


def test_a_fault_of_ours_is_status_1_and_its_traceback_lies_in_a_file(
    capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = tmp_path / "workspace"
    (home / "logs").mkdir(parents=True)
    monkeypatch.setattr("data.runs.recent", None)
    assert main(["runs"]) == 1
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    (log,) = tmp_path.glob("kindred-*.log")
    assert str(log) in printed
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"this is no database at all, but it is long enough" * 30, "not a database")],
)
def test_a_store_that_cannot_be_opened_is_named(
    workspace: Workspace, capsys: Output, content: bytes, said: str
) -> None:
    (workspace.home / "store.sqlite").write_bytes(content)
    assert main(["status"]) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert "KINDRED_STORE_URL" in printed


def test_a_database_that_does_not_answer_is_named_without_its_password(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        monkeypatch.setenv("KINDRED_STORE_URL", f"postgresql://ann:secret@127.0.0.1:{port}/k")
        assert main(["status"]) == 2
    printed = capsys.readouterr().err
    assert f"127.0.0.1:{port}" in printed
    assert "secret" not in printed


def test_a_store_of_a_newer_kindred_is_left_alone(
    workspace: Workspace, engine: Engine, capsys: Output
) -> None:
    with engine.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert main(["status"]) == 2
    assert "A newer Kindred made it" in capsys.readouterr().err


def test_who_acts_is_kept_with_the_run(workspace: Workspace, capsys: Output) -> None:
    assert main(["--as", "Ann", "traits"]) == 2  # there are no events
    assert "no events yet" in capsys.readouterr().err
    engine = open_store(workspace)
    with reader(engine).connect() as conn:
        (run,) = runs.recent(conn)
    engine.dispose()
    assert (run.requested_by, run.job, run.status) == ("Ann", "traits", Status.FAILED)
    assert "no events yet" in run.error


def test_a_run_can_be_listed_retried_and_cancelled(engine: Engine, capsys: Output) -> None:
    with engine.begin() as conn:
        run_id = runs.enqueue(conn, "traits", {}, actor=Actor("ann"), at=NOON)
        runs.take(conn, "w", at=NOON)
        runs.finish(conn, run_id, Status.FAILED, at=NOON, error="Why it failed.")
    assert main(["retry", str(run_id)]) == 0
    assert f"Queued as run {run_id + 1}" in capsys.readouterr().out
    assert main(["cancel", str(run_id + 1)]) == 0
    assert main(["runs"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()[-2:]
    assert "cancelled" in newest
    assert "failed" in oldest
    assert "Why it failed." in oldest


def test_help_names_every_command(capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"    {name} " in shown or f"    {name}\n" in shown for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_in_the_module_that_it_is_listed_with(name: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parser([name]).parse_args([name, "--help"])
    assert ended.value.code == 0
