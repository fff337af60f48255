"""MLflow keeps what is tracked in its own file, and knows it again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from data.workspace import Workspace
from pipelines.child import ROOT, environment
from pipelines.tracking import DATABASE, code_version

SCRIPT = """
import socket
def refuse(*_, **__):
    raise AssertionError("it reached for the network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from data.workspace import workspace_at
from pipelines.tracking import open_tracker
workspace = workspace_at()
for attempt in range(2):
    tracker = open_tracker(workspace)
    tracker.record(f"model {attempt}", params={"factors": 8}, metrics={"ndcg": 0.25},
                   tags={"data set version": "3"})
(experiment,) = [e for e in tracker.client.search_experiments() if e.name == "recommender"]
runs = tracker.client.search_runs([experiment.experiment_id])
print(sorted((r.info.run_name, r.data.params["factors"], r.data.metrics["ndcg"]) for r in runs))
"""


@pytest.mark.slow
def test_what_is_tracked_is_found_in_a_database_of_its_own_without_the_network(
    workspace: Workspace,
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env=environment(workspace),
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "[('model 0', '8', 0.25), ('model 1', '8', 0.25)]"
    with sqlite3.connect(workspace.home / DATABASE) as tracked:
        assert tracked.execute("SELECT count(*) FROM runs").fetchone() == (2,)
    assert not (workspace.home / "store.sqlite").exists()


def test_the_code_s_version_is_that_of_its_sources() -> None:
    assert code_version() == code_version()
    assert len(code_version()) == 16
    assert Path(ROOT, "kindred", "recommend").is_dir()
