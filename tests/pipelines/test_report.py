"""What a job tells reaches the terminal and the store."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from data import runs
from data.audit import Actor
from data.engine import reader
from data.runs import Status
from data.workspace import Workspace
from kindred.errors import UserError
from pipelines.cancelled import Cancelled
from pipelines.execute import run_now
from pipelines.job import JobContext, JobResult, Step
from pipelines.jobs import JOBS
from pipelines.report import ConsoleReporter, ListReporter, StoreReporter

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Actor("ann")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def run_id(store: Engine) -> int:
    with store.begin() as conn:
        added = runs.enqueue(conn, "traits", {}, actor=ANN, at=NOON)
        runs.take(conn, "w", at=NOON)
    return added


def test_each_step_is_a_line_with_its_duration_and_rows() -> None:
    stream = io.StringIO()
    with ConsoleReporter(stream).step("Reading") as step:
        step.progress(0.5, "half")
        step.rows(12345)
        step.progress(1.0, "53 traits")
    (line,) = stream.getvalue().splitlines()
    assert line.startswith("  ✓ Reading (")
    assert line.endswith(" s, 12,345 rows, 53 traits)")


def test_what_was_said_on_the_way_is_not_taken_for_the_result() -> None:
    stream = io.StringIO()
    with ConsoleReporter(stream).step("Reading") as step:
        step.progress(0.9, "almost")
    assert "almost" not in stream.getvalue()


def test_a_terminal_shows_progress_as_it_goes() -> None:
    stream = Terminal()
    with ConsoleReporter(stream).step("Reading") as step:
        step.progress(0.5, "2016-11-14")
        assert " 50% 2016-11-14" in stream.getvalue()


def fail(step: Step) -> None:
    raise ZeroDivisionError


def test_a_step_that_failed_has_a_cross() -> None:
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), ConsoleReporter(stream).step("Reading") as step:
        fail(step)
    assert stream.getvalue().startswith("  ✗ Reading")


def test_steps_are_recorded_with_rows_and_times(store: Engine, run_id: int) -> None:
    listed = ListReporter()
    report = StoreReporter(store, run_id, listed, steps_expected=2)
    with report.step("Reading") as step:
        step.rows(3)
        step.progress(1.0, "done")
    with report.step("Writing"), reader(store).connect() as conn:
        assert 0.0 < runs.run(conn, run_id).progress < 1.0
    with reader(store).connect() as conn:
        steps = runs.steps(conn, [run_id])
    assert [(s.name, s.status, s.rows, s.message) for s in steps] == [
        ("Reading", Status.SUCCEEDED, 3, "done"),
        ("Writing", Status.SUCCEEDED, None, ""),
    ]
    assert all(s.finished_at >= s.started_at for s in steps)
    assert listed.steps == ["Reading", "Writing"]


def test_a_step_that_fails_says_what_the_user_may_know(store: Engine, run_id: int) -> None:
    report = StoreReporter(store, run_id, ListReporter())

    def refuse() -> None:
        with report.step("Reading"):
            raise UserError("There is nothing.", "Import something.")

    with pytest.raises(UserError):
        refuse()
    with reader(store).connect() as conn:
        (step,) = runs.steps(conn, [run_id])
    assert (step.status, step.message) == (Status.FAILED, "There is nothing. Import something.")


def test_a_run_that_was_asked_to_end_ends_at_its_next_step(store: Engine, run_id: int) -> None:
    report = StoreReporter(store, run_id, ListReporter())
    with store.begin() as conn:
        runs.request_cancel(conn, run_id, at=NOON)
    with pytest.raises(Cancelled), report.step("Reading"):
        pass
    with reader(store).connect() as conn:
        assert [s.status for s in runs.steps(conn, [run_id])] == [Status.CANCELLED]


def cancels_itself(context: JobContext, _params: object) -> JobResult:
    """Ask for its own end from outside, and wait for it where nothing is reported."""
    assert context.run_id is not None
    with context.report.step("Fitting"):
        with context.engine.begin() as conn:
            runs.request_cancel(conn, context.run_id, at=NOON)
        time.sleep(30)
    return JobResult()


def test_a_run_in_the_foreground_beats_by_itself_and_can_be_cancelled(
    workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(JOBS, "itself", f"{__name__}:cancels_itself")
    monkeypatch.setattr("pipelines.execute.job", lambda name: cancels_itself)
    with pytest.raises((Cancelled, KeyboardInterrupt)):
        run_now(workspace, engine, "itself", {}, actor=ANN, reporter=ListReporter())
    with reader(engine).connect() as conn:
        (run,) = runs.recent(conn)
        (step,) = runs.steps(conn, [run.id])
    assert (run.status, step.status) == (Status.CANCELLED, Status.CANCELLED)
    assert run.heartbeat_at > run.started_at
