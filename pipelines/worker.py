"""The worker: takes queued runs one after the other, each in a process of its own, and watches."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Row
from sqlalchemy.exc import OperationalError

from data import runs
from data.audit import Actor
from data.engine import reader
from data.job_names import job_name
from data.runs import STALE_AFTER, Status
from data.workspace import Workspace
from kindred.errors import InternalError
from pipelines.child import Child
from pipelines.due import ask_where_due

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
RECLAIM_SECONDS: Final = 5.0
MOST_ATTEMPTS: Final = 3
FOREGROUND: Final = "foreground"


def worker_name() -> str:
    """Name this process among workers."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


@dataclass
class Worker:
    """Takes runs from the queue until `stopping` is set.

    Parameters
    ----------
    stale_after : timedelta
        A run without a sign of life for this long is called crashed.
    keep_up : timedelta or None
        How often it asks by itself for what new events change, at most; none: never.
    tell : callable
        Where it says what it does, a line at a time.
    """

    workspace: Workspace
    engine: Engine
    name: str = field(default_factory=worker_name)
    stale_after: timedelta = STALE_AFTER
    stopping: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str], None] = log.info
    keep_up: timedelta | None = None
    _looked_around_at: float = float("-inf")

    def work(self, *, once: bool = False) -> None:
        """Work until told to stop, or with `once` until the queue is empty."""
        while not self.stopping.is_set():
            try:
                if self._looks_around():
                    self._reclaim()
                    if self.keep_up is not None and not once:
                        ask_where_due(self.engine, self.keep_up, datetime.now(UTC))
                taken = self._take()
            except OperationalError as error:  # the database is away, or busy for long
                log.warning("the store does not answer: %s", error.orig)
                self.stopping.wait(RECLAIM_SECONDS)
                continue
            if taken is not None:
                self.carry_out(taken)
            elif once:
                return
            else:
                self.stopping.wait(POLL_SECONDS)

    def carry_out(self, run: Row[Any], *, console: bool = False) -> Status:
        """Carry out a run that was taken, whatever becomes of its process."""
        began = time.monotonic()
        self.tell(f"run {run.id}, {job_name(run.job)}: begun")
        child = Child(self.workspace, run, console=console)
        try:
            self._watch(run, child)
        except BaseException:
            self._finish(run, Status.CANCELLED, "The worker was interrupted.")
            child.end()
            raise
        with reader(self.engine).connect() as conn:
            ended = runs.run(conn, run.id)
        seconds = time.monotonic() - began
        why = f": {ended.error}" if ended.error else ""
        self.tell(f"run {run.id}, {job_name(run.job)}: {ended.status} after {seconds:.1f} s{why}")
        return Status(ended.status)

    def _watch(self, run: Row[Any], child: Child) -> None:
        while (status := child.wait(POLL_SECONDS)) is None:
            if self.stopping.is_set():
                self._give_back(run)
                child.end()
                return
            if self._asked_to_end(run):
                child.end()
                self._finish(run, Status.CANCELLED, None)
                return
        # A child that told the store how it ended is not overruled: only a running run is finished.
        self._finish(run, Status.CRASHED, child.reason(status))

    def _take(self) -> Row[Any] | None:
        with reader(self.engine).connect() as conn:
            if not runs.queued(conn):
                return None
        with self.engine.begin() as conn:
            return runs.take(conn, self.name, at=datetime.now(UTC))

    def _asked_to_end(self, run: Row[Any]) -> bool:
        try:
            with self.engine.begin() as conn:
                return runs.heartbeat(conn, run.id, at=datetime.now(UTC))
        except OperationalError as error:
            log.warning("run %s: a heartbeat is missed: %s", run.id, error.orig)
            return False

    def _finish(self, run: Row[Any], status: Status, error: str | None) -> None:
        with self.engine.begin() as conn:
            runs.finish(conn, run.id, status, at=datetime.now(UTC), error=error)

    def _give_back(self, run: Row[Any]) -> None:
        """Ask for the run again, since only this worker ends and not the wish for it."""
        now = datetime.now(UTC)
        with self.engine.begin() as conn:
            why = "Its worker was stopped."
            if runs.finish(conn, run.id, Status.CRASHED, at=now, error=why):
                runs.retry(conn, run.id, actor=Actor(run.requested_by), at=now)

    def _looks_around(self) -> bool:
        """Tell whether it is time for what is not asked by the queue."""
        if time.monotonic() - self._looked_around_at < RECLAIM_SECONDS:
            return False
        self._looked_around_at = time.monotonic()
        return True

    def _reclaim(self) -> None:
        """Call the runs of dead workers crashed, and ask for them again, a few times at most."""
        now = datetime.now(UTC)
        with reader(self.engine).connect() as conn:
            if not runs.stale(conn, at=now, stale_after=self.stale_after):
                return
        with self.engine.begin() as conn:
            for run_id in runs.mark_crashed(conn, at=now, stale_after=self.stale_after):
                run = runs.run(conn, run_id)
                self.tell(f"run {run_id}, {job_name(run.job)}: crashed, its worker is gone")
                if run.attempt < MOST_ATTEMPTS and run.worker != FOREGROUND:
                    runs.retry(conn, run_id, actor=Actor(run.requested_by), at=now)


def run_watched(
    workspace: Workspace, engine: Engine, job: str, params: Mapping[str, Any], *, actor: Actor
) -> Row[Any]:
    """Run a job at once in a process of its own, its steps shown here; gives the run's row."""
    now = datetime.now(UTC)
    with engine.begin() as conn:
        run_id = runs.enqueue(conn, job, params, actor=actor, at=now)
        taken = runs.take(conn, FOREGROUND, at=now, run_id=run_id)
    if taken is None:
        raise InternalError(f"run {run_id} was taken by somebody else")
    Worker(workspace, engine, FOREGROUND, tell=log.debug).carry_out(taken, console=True)
    with reader(engine).connect() as conn:
        return runs.run(conn, run_id)
