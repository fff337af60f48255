"""Execute one run, in the foreground or for a worker, so that its row always tells the truth."""

from __future__ import annotations

import signal
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row
from sqlalchemy.exc import OperationalError

from data import runs
from data.audit import Actor
from data.clock import as_of
from data.engine import reader
from data.manifest import dataset_version
from data.runs import Status
from data.workspace import Workspace
from kindred.errors import InternalError, UserError
from pipelines.cancelled import Cancelled
from pipelines.job import JobContext, JobResult
from pipelines.jobs import job
from pipelines.report import ConsoleReporter, ListReporter, StoreReporter

HEARTBEAT_SECONDS = 1.0
STEPS: Mapping[str, int] = {
    "import": 5,
    "summaries": 2,
    "traits": 4,
    "aggregate_days": 1,
    "clusters": 8,
    "memberships": 2,
    "segment_history": 1,
    "experiment_results": 1,
    "refresh": 23,
    "keep_up": 11,
}


def run_now(
    workspace: Workspace,
    engine: Engine,
    name: str,
    params: Mapping[str, Any],
    *,
    actor: Actor,
    reporter: ConsoleReporter | ListReporter | None = None,
) -> JobResult:
    """Run a job in this process, recorded like any other; its error goes on up."""
    job(name)  # a wrong name is said before anything is recorded
    at = datetime.now(UTC)
    with engine.begin() as conn:
        run_id = runs.enqueue(conn, name, params, actor=actor, at=at)
        taken = runs.take(conn, "foreground", at=at, run_id=run_id)
    if taken is None:
        raise InternalError(f"run {run_id} was taken by somebody else")
    with beating(engine, run_id):
        return execute(workspace, engine, taken, reporter or ConsoleReporter())


@contextmanager
def beating(engine: Engine, run_id: int) -> Iterator[None]:
    """Keep a run of this process alive in the store, and interrupt it where that was asked for.

    A worker beats for its children itself; this is for what runs in the foreground, where a long
    call into native code would leave no sign of life otherwise.
    """
    over = threading.Event()
    job_thread = threading.get_ident()
    in_main = threading.current_thread() is threading.main_thread()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            try:
                with engine.begin() as conn:
                    asked = runs.heartbeat(conn, run_id, at=datetime.now(UTC))
            except OperationalError:  # busy; the next beat will do
                continue
            if asked and in_main and not over.is_set():
                signal.pthread_kill(job_thread, signal.SIGINT)  # as Ctrl-C: it wakes a sleep, too
                return

    # A shell lets its background processes ignore Ctrl-C; a run asked to end must end all the same.
    ignored = in_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=beat, name=f"heartbeat of run {run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def execute(
    workspace: Workspace, engine: Engine, run: Row[Any], reporter: ConsoleReporter | ListReporter
) -> JobResult:
    """Carry out a run that was taken, and record how it ended."""
    started = datetime.now(UTC)
    with reader(engine).connect() as conn:
        clock, version = as_of(conn, started), dataset_version(conn)
    with engine.begin() as conn:
        runs.pin(conn, run.id, as_of=clock, dataset_version=version)
    stored = StoreReporter(engine, run.id, reporter, STEPS.get(run.job, 4))
    context = JobContext(workspace, engine, started, clock, stored, run.id)
    try:
        result = job(run.job)(context, run.params)
    except (Cancelled, KeyboardInterrupt):
        _finish(engine, run.id, Status.CANCELLED)
        raise
    except UserError as error:
        _finish(engine, run.id, Status.FAILED, error=str(error))
        raise
    except BaseException as error:
        last = traceback.format_exception_only(error)[-1].strip()
        _finish(engine, run.id, Status.FAILED, error=f"A fault of ours: {last}")
        raise
    _finish(engine, run.id, Status.SUCCEEDED, result=result)
    return result


def _finish(
    engine: Engine,
    run_id: int,
    status: Status,
    *,
    error: str | None = None,
    result: JobResult | None = None,
) -> None:
    detail = None if result is None else {"fresh": result.fresh, **result.detail}
    with engine.begin() as conn:
        runs.finish(
            conn,
            run_id,
            status,
            at=datetime.now(UTC),
            rows=None if result is None else result.rows,
            error=error,
            result=detail,
        )
