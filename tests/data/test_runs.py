"""The queue of runs: who takes what, and what a run's row says of it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data import runs
from data.audit import Actor
from data.engine import reader
from data.runs import Status
from data.workspace import Workspace
from kindred.errors import UserError

ROOT = Path(__file__).parents[2]
ANN = Actor("ann")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def ask(store: Engine, job: str = "traits", **params: object) -> int:
    with store.begin() as conn:
        return runs.enqueue(conn, job, params, actor=ANN, at=NOON)


def take(store: Engine, worker: str = "w1", at: datetime = NOON) -> int | None:
    with store.begin() as conn:
        row = runs.take(conn, worker, at=at)
    return None if row is None else int(row.id)


def status(store: Engine, run_id: int) -> str:
    with reader(store).connect() as conn:
        return str(runs.run(conn, run_id).status)


def test_the_oldest_run_is_taken_first_and_each_only_once(store: Engine) -> None:
    first, second = ask(store), ask(store)
    assert [take(store), take(store), take(store)] == [first, second, None]


def test_parameters_come_back_as_they_were_given(store: Engine) -> None:
    params = {"features": ["recency", "größe"], "seed": 7, "deep": {"k": None, "x": 0.1}}
    run_id = ask(store, "clusters", **params)
    with reader(store).connect() as conn:
        assert runs.run(conn, run_id).params == params


def test_threads_that_take_at_once_never_take_the_same_run(store: Engine) -> None:
    asked = {ask(store) for _ in range(30)}
    taken: list[int] = []
    ready = threading.Barrier(4)

    def work(name: str) -> None:
        ready.wait()
        misses = 0
        while misses < 3:  # a loser of every race of one look may look again
            run_id = take(store, name)
            misses = misses + 1 if run_id is None else 0
            if run_id is not None:
                taken.append(run_id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(taken) == Counter(asked)


TAKE_ALL = """
import sys
from datetime import UTC, datetime
from data import runs
from data.engine import make_engine
engine = make_engine(sys.argv[1])
while True:
    with engine.begin() as conn:
        row = runs.take(conn, sys.argv[2], at=datetime.now(UTC))
        waiting = runs.queued(conn)
    if row is not None:
        print(row.id)
    elif not waiting:
        break
"""


@pytest.mark.slow
def test_processes_that_take_at_once_never_take_the_same_run(
    store_workspace: Workspace, store: Engine
) -> None:
    asked = {ask(store) for _ in range(40)}
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE_ALL, store_workspace.store_url, f"w{n}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    taken = [int(line) for racer in racers for line in racer.communicate(timeout=60)[0].split()]
    assert Counter(taken) == Counter(asked)


def test_a_run_that_waits_is_cancelled_at_once(store: Engine) -> None:
    run_id = ask(store)
    with store.begin() as conn:
        runs.request_cancel(conn, run_id, at=NOON)
    assert status(store, run_id) == Status.CANCELLED
    assert take(store) is None


def test_a_run_that_goes_on_hears_of_its_cancelling_at_the_next_heartbeat(store: Engine) -> None:
    run_id = ask(store)
    take(store)
    with store.begin() as conn:
        assert not runs.heartbeat(conn, run_id, at=NOON + SECOND)
        runs.request_cancel(conn, run_id, at=NOON)
        assert runs.heartbeat(conn, run_id, at=NOON + 2 * SECOND)


def test_what_is_over_can_be_neither_cancelled_nor_ended_otherwise(store: Engine) -> None:
    run_id = ask(store)
    take(store)
    with store.begin() as conn:
        assert runs.finish(conn, run_id, Status.SUCCEEDED, at=NOON, rows=3, result={"a": 1})
        assert not runs.finish(conn, run_id, Status.CRASHED, at=NOON, error="too late")
        with pytest.raises(UserError, match="over already"):
            runs.request_cancel(conn, run_id, at=NOON)
        row = runs.run(conn, run_id)
    assert (row.status, row.rows, row.error, row.progress) == (Status.SUCCEEDED, 3, None, 1.0)


def test_ending_a_run_ends_its_open_steps_and_leaves_the_others(store: Engine) -> None:
    run_id = ask(store)
    take(store)
    with store.begin() as conn:
        runs.begin_step(conn, run_id, 0, "Reading", at=NOON)
        runs.end_step(conn, run_id, 0, Status.SUCCEEDED, at=NOON, rows=10, message="done")
        runs.begin_step(conn, run_id, 1, "Writing", at=NOON)
        runs.finish(conn, run_id, Status.CRASHED, at=NOON + SECOND, error="why")
        steps = runs.steps(conn, [run_id])
    assert [(s.name, s.status, s.rows) for s in steps] == [
        ("Reading", Status.SUCCEEDED, 10),
        ("Writing", Status.CRASHED, None),
    ]
    assert steps[1].finished_at == NOON + SECOND


def test_only_a_run_whose_worker_fell_silent_is_called_crashed(store: Engine) -> None:
    silent, beating = ask(store), ask(store)
    take(store)
    take(store)
    waiting = ask(store)
    later = NOON + timedelta(minutes=1)
    with store.begin() as conn:
        runs.heartbeat(conn, beating, at=later - SECOND)
        assert runs.mark_crashed(conn, at=later) == [silent]
        assert runs.mark_crashed(conn, at=later) == []
    assert [status(store, run) for run in (silent, beating, waiting)] == [
        Status.CRASHED,
        Status.RUNNING,
        Status.QUEUED,
    ]


def test_a_retry_is_a_run_of_its_own_that_names_the_first(store: Engine) -> None:
    run_id = ask(store, "clusters", seed=3)
    take(store)
    with store.begin() as conn:
        with pytest.raises(UserError, match="ended badly"):
            runs.retry(conn, run_id, actor=ANN, at=NOON)
        runs.finish(conn, run_id, Status.FAILED, at=NOON, error="why")
        again = runs.run(conn, runs.retry(conn, run_id, actor=Actor("bo"), at=NOON))
    assert (again.job, again.params, again.status) == ("clusters", {"seed": 3}, Status.QUEUED)
    assert (again.retry_of, again.attempt, again.requested_by) == (run_id, 2, "bo")
    assert status(store, run_id) == Status.FAILED


def test_lists_are_bounded_and_newest_first(store: Engine) -> None:
    asked = [ask(store) for _ in range(5)]
    with reader(store).connect() as conn:
        assert [row.id for row in runs.recent(conn, limit=3)] == asked[:1:-1]
        assert runs.queued(conn) == 5
        assert runs.latest(conn) is None


def test_the_latest_run_of_a_job_is_the_newest_that_is_over(store: Engine) -> None:
    done, other = ask(store, "traits"), ask(store, "clusters")
    for run_id in (done, other):
        take(store)
        with store.begin() as conn:
            runs.finish(conn, run_id, Status.SUCCEEDED, at=NOON)
    ask(store, "traits")
    with reader(store).connect() as conn:
        found, newest = runs.latest(conn, "traits"), runs.latest(conn)
        assert found is not None
        assert newest is not None
        assert (found.id, newest.id) == (done, other)
        assert runs.is_waiting(conn, "traits")
        assert not runs.is_waiting(conn, "clusters")


def test_an_unknown_run_is_said_to_be_unknown(store: Engine) -> None:
    with reader(store).connect() as conn, pytest.raises(UserError, match="There is no run 99"):
        runs.run(conn, 99)
