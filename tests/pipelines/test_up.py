"""What `make run` starts, and how it ends."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from sqlalchemy import Connection, Engine

from data import runs
from data.audit import Actor
from data.engine import reader
from data.manifest import EVENTS, MAP, LakeFile, commit_files
from data.workspace import Workspace, declare_workspace
from kindred.errors import UserError
from pipelines.child import environment
from pipelines.cli import main
from pipelines.services import answers, healthy
from pipelines.up import bring_up_to_date

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Actor("ann")
T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fill(conn: Connection, dataset: str) -> None:
    file = LakeFile(f"{dataset}/1.parquet", 10, 100)
    commit_files(conn, dataset, [file], why="test", at=NOON)


def test_a_port_that_is_taken_is_said_before_any_work_is_done(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", 0))
        taker.listen()
        port = taker.getsockname()[1]
        assert main(["up", "--port", str(port)]) == 2
    printed = capsys.readouterr()
    assert f"Port {port}" in printed.err
    assert "make run PORT=" in printed.err
    assert printed.out == ""


def test_one_port_for_two_servers_is_refused_before_any_work_is_done(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KINDRED_HOME", str(workspace.home))

    assert main(["up", "--port", "9000", "--api-port", "9000"]) == 2

    printed = capsys.readouterr()
    assert "make run API_PORT=9001" in printed.err
    assert printed.out == ""


def test_a_disk_that_is_nearly_full_is_told_before_the_first_import(
    workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = shutil.disk_usage(workspace.home)._replace(free=300_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: left)

    with pytest.raises(UserError, match=r"Only 0\.3 GB are free .* 1 GB are needed"):
        bring_up_to_date(workspace, engine, ANN)


def test_a_workspace_with_other_data_is_used_as_it_is(
    workspace: Workspace, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.begin() as conn:
        declare_workspace(
            conn, kind="simulated", source="A world", currency="EUR", clock_fixed_at=None, at=NOON
        )
        fill(conn, EVENTS)
        fill(conn, MAP)
    for _ in range(2):  # the second start asks for nothing that waits already
        bring_up_to_date(workspace, engine, ANN)
    with reader(engine).connect() as conn:
        (asked,) = runs.recent(conn)
    assert (asked.job, asked.params, asked.status) == ("refresh", {}, "queued")
    assert "holds A world (simulated data)" in capsys.readouterr().out


class Kindred:
    """A running `python -m pipelines up`, and what it has said."""

    def __init__(self, workspace: Workspace) -> None:
        self.port, self.api_port = free_port(), free_port()
        ports = ["--port", str(self.port), "--api-port", str(self.api_port)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipelines", "up", "--no-refresh", *ports],
            cwd=ROOT,
            env=environment(workspace),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def end(self) -> int:
        """Tell it to end, and wait until it and all that writes to its output are gone."""
        self.process.terminate()
        status = self.process.wait(30)
        self._reader.join(10)
        return status

    def hear(self, words: str) -> str:
        """Wait for a line that holds the words."""
        deadline = time.monotonic() + 90
        while True:
            line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.1))
            if words in line:
                return line

    def child(self, *words: str) -> psutil.Process | None:
        """Find its child whose command line holds all words."""
        for process in psutil.Process(self.process.pid).children():
            if set(words) <= set(process.cmdline()):
                return process
        return None


@pytest.fixture
def kindred(workspace: Workspace, engine: Engine) -> Iterator[Kindred]:
    running = Kindred(workspace)
    yield running
    running.end()


def wait_for(look: Callable[[], T | None], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
    return found


@pytest.mark.slow
def test_the_dashboard_answers_a_dead_worker_comes_back_and_all_end_together(
    kindred: Kindred,
) -> None:
    assert f"http://127.0.0.1:{kindred.port}" in kindred.hear("Kindred is ready")
    assert f"http://127.0.0.1:{kindred.api_port}" in kindred.hear("Its API")
    token = kindred.hear("A first API key").split()[-1]
    assert healthy(kindred.port)
    assert answers(kindred.api_port, f"/v1/projects/{token}/settings")
    assert not answers(kindred.api_port, "/v1/projects/kd_no_key/settings")
    worker = wait_for(lambda: kindred.child("pipelines", "work"))
    dashboard = wait_for(lambda: kindred.child("streamlit", "run"))
    others = [wait_for(lambda: kindred.child("pipelines", "deliver"))]
    others.append(wait_for(lambda: kindred.child("serving", "--port")))
    os.kill(worker.pid, signal.SIGKILL)
    kindred.hear("starting it again")
    again = wait_for(lambda: kindred.child("pipelines", "work"))
    assert again.pid != worker.pid
    assert healthy(kindred.port)
    assert kindred.end() == 0
    every = [again, dashboard, *others]
    wait_for(lambda: not any(process.is_running() for process in every))
    assert not healthy(kindred.port)
