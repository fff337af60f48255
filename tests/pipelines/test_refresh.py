"""From a folder of events to a map by the queue, and nothing a second time."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from data import runs
from data.audit import Actor
from data.engine import reader
from data.job_names import job_name
from data.manifest import EVENTS, LakeFile, commit_files
from data.runs import Status
from data.workspace import Workspace
from pipelines.child import environment
from pipelines.cli import main
from pipelines.refresh import last_source

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Actor("ann")


def kindred(workspace: Workspace, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *arguments],
        cwd=ROOT,
        env=environment(workspace),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def refreshed(workspace: Workspace, engine: Engine) -> Any:
    with engine.begin() as conn:
        run_id = runs.enqueue(conn, "refresh", {}, actor=ANN, at=datetime.now(UTC))
    kindred(workspace, "work", "--once")
    with reader(engine).connect() as conn:
        run = runs.run(conn, run_id)
        steps = [step.name for step in runs.steps(conn, [run_id])]
    assert (run.status, run.error) == (Status.SUCCEEDED, None)
    return run.result, steps


@pytest.mark.slow
def test_a_refresh_computes_what_is_missing_and_a_second_one_nothing(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    world = str(tmp_path / "world")
    kindred(workspace, "simulate", "--people", "300", "--days", "60", "--out", world)
    kindred(workspace, "import", "events", world)
    first, steps = refreshed(workspace, engine)
    assert {name: part["fresh"] for name, part in first["parts"].items()} == {
        "import": True,
        "summaries": False,
        "traits": False,
        "aggregate_days": False,
        "clusters": False,
        "memberships": False,
        "experiment_results": False,
        "train_recommender": False,
        "precompute": False,
    }
    parts = dict.fromkeys(step.split(":")[0] for step in steps)
    assert [part for part in parts if part != "Segments"] == [
        job_name(part) for part in first["parts"]
    ]
    assert "Import: up to date" in steps
    status = json.loads(kindred(workspace, "status", "--json"))
    assert status["kind"] == "simulated"
    assert 250 <= status["people"] <= 300
    assert status["clusters"] >= 1
    assert status["segments"] >= 1, "there are examples to look at"
    assert status["memberships"]["as_of"] == status["as_of"]
    second, steps = refreshed(workspace, engine)
    assert second["fresh"]
    assert {f"{job_name(part)}: up to date" for part in second["parts"]} <= set(steps)


def test_an_empty_workspace_is_told_what_to_import(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    assert main(["refresh"]) == 2
    assert "import completejourney" in capsys.readouterr().err


def add_run(store: Engine, job: str, params: dict[str, Any], status: Status) -> None:
    with store.begin() as conn:
        run_id = runs.enqueue(conn, job, params, actor=ANN, at=NOON)
        runs.take(conn, "w", at=NOON, run_id=run_id)
        runs.finish(conn, run_id, status, at=NOON)
        commit_files(conn, EVENTS, [LakeFile(f"{run_id}.parquet", 1, 1)], why="test", at=NOON)


def test_the_source_looked_at_again_is_the_last_that_was_imported(
    store: Engine, tmp_path: Path
) -> None:
    there = {"source": "events", "path": str(tmp_path)}
    add_run(store, "import", {"source": "completejourney"}, Status.SUCCEEDED)
    add_run(store, "import", there, Status.SUCCEEDED)
    add_run(store, "import", {"source": "events", "path": "/not/there"}, Status.FAILED)
    add_run(store, "refresh", {}, Status.SUCCEEDED)
    with reader(store).connect() as conn:
        assert last_source(conn) == there
    add_run(store, "import", {"source": "events", "path": str(tmp_path / "gone")}, Status.SUCCEEDED)
    with reader(store).connect() as conn:
        assert last_source(conn) is None
    add_run(store, "refresh", {"source": "completejourney"}, Status.FAILED)
    with reader(store).connect() as conn:
        assert last_source(conn) == {"source": "completejourney"}
