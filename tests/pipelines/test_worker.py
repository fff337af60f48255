"""A run ends as its row says, whatever becomes of its process or its worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Row

from data import runs
from data.audit import Actor
from data.engine import reader
from data.runs import Status
from data.workspace import Workspace
from pipelines.child import environment
from pipelines.worker import Worker, run_watched

ROOT = Path(__file__).parents[2]
ANN = Actor("ann")


@pytest.fixture(autouse=True)
def _stub_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    stubs = ROOT / "tests" / "pipelines" / "stubs"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(stubs), str(ROOT)]))


def ask_for(engine: Engine, job: str) -> int:
    with engine.begin() as conn:
        return runs.enqueue(conn, job, {"n": 1}, actor=ANN, at=datetime.now(UTC))


def read(engine: Engine, run_id: int) -> Row[Any]:
    with reader(engine).connect() as conn:
        return runs.run(conn, run_id)


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not come about"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@contextmanager
def in_background(worker: Worker) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=worker.work)
    thread.start()
    try:
        yield thread
    finally:
        worker.stopping.set()
        thread.join(20)


def begun(workspace: Workspace) -> int:
    """Wait until a job of ours runs; gives its process's id."""
    path = workspace.home / "begun"
    wait_for(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def test_a_queued_run_is_carried_out_in_another_process(
    store_workspace: Workspace, store: Engine
) -> None:
    run_id = ask_for(store, "quick")
    Worker(store_workspace, store).work(once=True)
    done = read(store, run_id)
    assert (done.status, done.rows, done.progress) == (Status.SUCCEEDED, 3, 1.0)
    assert done.result == {"fresh": False, "given": {"n": 1}}
    with reader(store).connect() as conn:
        (step,) = runs.steps(conn, [run_id])
    assert (step.name, step.status, step.rows) == ("Counting", Status.SUCCEEDED, 3)


@pytest.mark.parametrize(
    ("job", "status", "said"),
    [
        ("refused", Status.FAILED, "There is nothing to count. Import something."),
        ("wrong", Status.FAILED, "ZeroDivisionError: by nothing"),
        ("killed", Status.CRASHED, "memory ran out"),
        ("segfault", Status.CRASHED, "segmentation fault"),
    ],
)
def test_the_row_says_why_a_run_ended_badly_and_the_next_one_goes_on(
    workspace: Workspace, engine: Engine, job: str, status: Status, said: str
) -> None:
    bad, good = ask_for(engine, job), ask_for(engine, "quick")
    Worker(workspace, engine).work(once=True)
    ended = read(engine, bad)
    assert ended.status == status
    assert said in ended.error
    assert read(engine, good).status == Status.SUCCEEDED


def test_a_crash_ends_the_open_step_and_the_run_can_be_retried(
    workspace: Workspace, engine: Engine
) -> None:
    run_id = ask_for(engine, "killed")
    Worker(workspace, engine).work(once=True)
    with engine.begin() as conn:
        (step,) = runs.steps(conn, [run_id])
        again = runs.retry(conn, run_id, actor=ANN, at=datetime.now(UTC))
    assert step.status == Status.CRASHED
    retried = read(engine, again)
    assert (retried.retry_of, retried.attempt, retried.job) == (run_id, 2, "killed")


@pytest.mark.parametrize("job", ["long", "stuck"])
def test_cancelling_ends_the_process_and_the_run(
    workspace: Workspace, engine: Engine, job: str
) -> None:
    run_id = ask_for(engine, job)
    with in_background(Worker(workspace, engine)):
        pid = begun(workspace)
        with engine.begin() as conn:
            runs.request_cancel(conn, run_id, at=datetime.now(UTC))
        wait_for(lambda: read(engine, run_id).status == Status.CANCELLED)
        wait_for(lambda: not is_alive(pid))
    with reader(engine).connect() as conn:
        assert {step.status for step in runs.steps(conn, [run_id])} == {Status.CANCELLED}


def test_a_worker_that_is_told_to_stop_asks_for_its_run_again(
    workspace: Workspace, engine: Engine
) -> None:
    run_id = ask_for(engine, "stuck")
    with in_background(Worker(workspace, engine)) as thread:
        pid = begun(workspace)
    assert not thread.is_alive()
    assert not is_alive(pid)
    assert read(engine, run_id).error == "Its worker was stopped."
    again = read(engine, run_id + 1)
    assert (again.status, again.retry_of, again.attempt) == (Status.QUEUED, run_id, 2)


@pytest.mark.slow
def test_the_run_of_a_worker_that_was_killed_is_seen_and_carried_out_by_the_next(
    store_workspace: Workspace, store: Engine
) -> None:
    run_id = ask_for(store, "stuck")
    first = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "work"],
        cwd=ROOT,
        env=environment(store_workspace),
        stderr=subprocess.DEVNULL,
    )
    pid = begun(store_workspace)
    first.send_signal(signal.SIGKILL)
    first.wait()
    wait_for(lambda: not is_alive(pid))  # the child does not outlive its worker
    (store_workspace.home / "begun").unlink()
    assert read(store, run_id).status == Status.RUNNING  # as nobody could say otherwise yet
    second = Worker(store_workspace, store, stale_after=timedelta(seconds=1.5))
    with in_background(second):
        wait_for(lambda: read(store, run_id).status == Status.CRASHED)
        begun(store_workspace)
        again = read(store, run_id + 1)
        assert (again.status, again.attempt) == (Status.RUNNING, 2)
    assert "no sign of life" in read(store, run_id).error


def test_a_run_that_crashes_its_worker_again_and_again_is_not_asked_for_for_ever(
    workspace: Workspace, engine: Engine
) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    ask_for(engine, "quick")
    for _ in range(5):
        with engine.begin() as conn:
            runs.take(conn, "a worker that dies", at=past)
        worker = Worker(workspace, engine)
        worker.stopping.set()
        worker._reclaim()
    with reader(engine).connect() as conn:
        assert [run.status for run in runs.recent(conn)] == [Status.CRASHED] * 3


def test_a_run_in_the_foreground_is_recorded_like_any_other(
    workspace: Workspace, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run_watched(workspace, engine, "quick", {}, actor=ANN)
    assert (done.status, done.requested_by, done.rows) == (Status.SUCCEEDED, "ann", 3)
    assert "✓ Counting" in capfd.readouterr().err


def test_a_fault_of_ours_leaves_its_traceback_in_the_workspace(
    workspace: Workspace, engine: Engine, capfd: pytest.CaptureFixture[str]
) -> None:
    done = run_watched(workspace, engine, "wrong", {}, actor=ANN)
    log = workspace.home / "logs" / f"run-{done.id}.log"
    assert "ZeroDivisionError: by nothing" in log.read_text()
    shown = capfd.readouterr().err
    assert "Traceback" not in shown
    assert str(log) in shown
