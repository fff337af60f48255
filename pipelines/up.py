"""What ``make run`` starts: everything brought up to date, then a worker and the dashboard."""

from __future__ import annotations

import errno
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from sqlalchemy import Engine

from data import runs
from data.audit import Actor
from data.engine import reader
from data.manifest import MAP, dataset_version
from data.runs import Status
from data.workspace import Workspace, facts
from kindred.errors import UserError
from pipelines.child import ROOT, environment
from pipelines.worker import run_watched

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 8.0
LONGEST_PAUSE: Final = 30.0
WELL_AFTER: Final = 60.0  # seconds after which a worker's start counts as good


def up(workspace: Workspace, engine: Engine, port: int, *, actor: Actor, refresh: bool) -> None:
    """Refresh, start, print the address, and stay until Ctrl-C or SIGTERM.

    Raises
    ------
    UserError
        The port is taken, or the dashboard does not start.
    """
    require_free(port)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    if refresh:
        bring_up_to_date(workspace, engine, actor)
    services = Services(workspace, port)
    try:
        services.start()
        services.await_dashboard()
        tell(f"\n  Kindred is ready:  http://{HOST}:{port}\n  Ctrl-C ends it.\n")
        services.watch()
    except KeyboardInterrupt:
        tell("Ending …")
    finally:
        services.stop()


def tell(line: str) -> None:
    """Say a line at once, also where output is not a terminal."""
    print(line, flush=True)


def require_free(port: int) -> None:
    """Refuse a port that somebody listens on, before any work is done."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            why = "another program listens there, perhaps a Kindred" if taken else str(error)
            raise UserError(
                f"Port {port} of {HOST} can't be had: {why}.",
                f"Choose another: make run PORT={port % 65000 + 1}",
            ) from error


def bring_up_to_date(workspace: Workspace, engine: Engine, actor: Actor) -> None:
    """Fill an empty workspace here, before anything is shown; leave a full one to the worker.

    An empty one is given the Complete Journey. What is there already is never mixed with it.
    """
    with reader(engine).connect() as conn:
        known, events, mapped = facts(conn), dataset_version(conn), dataset_version(conn, MAP)
    if known is not None and events:
        tell(f"{workspace.home} holds {known.source} ({known.kind} data).")
    else:
        tell(f"{workspace.home} is empty: importing the Complete Journey (2,469 households).")
    if events and mapped:
        _ask_for_refresh(engine, actor)
        return
    params = {} if events else {"source": "completejourney"}
    run = run_watched(workspace, engine, "refresh", params, actor=actor)
    if run.status == Status.CANCELLED:
        raise KeyboardInterrupt
    if run.status != Status.SUCCEEDED:
        tell(
            f"\n  Not all is there: {run.error}\n"
            "  The dashboard shows what there is; the next start tries again."
        )


def _ask_for_refresh(engine: Engine, actor: Actor) -> None:
    with engine.begin() as conn:
        if not runs.is_waiting(conn, "refresh"):
            runs.enqueue(conn, "refresh", {}, actor=actor, at=datetime.now(UTC))


@dataclass
class Services:
    """The worker and the dashboard, as processes that end with this one."""

    workspace: Workspace
    port: int
    _worker: subprocess.Popen[bytes] | None = None
    _dashboard: subprocess.Popen[bytes] | None = None
    _worker_began: float = 0.0
    _pause: float = 1.0
    _restart_at: float | None = None
    clock: Callable[[], float] = field(default=time.monotonic)

    def start(self) -> None:
        """Start both."""
        self._dashboard = self._process(
            *("-m", "streamlit", "run", "streamlit_app.py"),
            *("--server.port", str(self.port), "--server.address", HOST),
            *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
            quiet=True,
        )
        self._start_worker()

    def await_dashboard(self) -> None:
        """Wait until the dashboard answers."""
        deadline = self.clock() + START_SECONDS
        while not healthy(self.port):
            if self._dashboard is None or self._dashboard.poll() is not None:
                raise UserError(
                    "The dashboard ended while it started.", "What it said stands above."
                )
            if self.clock() > deadline:
                raise UserError(
                    f"The dashboard did not answer within {START_SECONDS:.0f} seconds.",
                    f"Is something between this program and {HOST}:{self.port}?",
                )
            time.sleep(0.1)

    def watch(self) -> None:
        """Stay; bring a worker that died back, ever more patiently."""
        while True:
            assert self._dashboard is not None
            if self._dashboard.poll() is not None:
                raise UserError(
                    f"The dashboard ended with status {self._dashboard.returncode}.",
                    "What it said stands above; make run starts it again.",
                )
            self._revive_worker()
            time.sleep(0.5)

    def stop(self) -> None:
        """End both, gently first."""
        going = [p for p in (self._worker, self._dashboard) if p and p.poll() is None]
        for process in going:
            process.terminate()
        deadline = self.clock() + STOP_SECONDS
        for process in going:
            try:
                process.wait(max(deadline - self.clock(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start_worker(self) -> None:
        self._worker = self._process("-m", "pipelines", "work")
        self._worker_began = self.clock()

    def _revive_worker(self) -> None:
        now = self.clock()
        if self._restart_at is not None:
            if now >= self._restart_at:
                self._restart_at = None
                self._start_worker()
            return
        if self._worker is None or self._worker.poll() is None:
            return
        if now - self._worker_began > WELL_AFTER:
            self._pause = 1.0
        tell(f"The worker ended ({self._worker.returncode}); starting it again.")
        self._restart_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _process(self, *arguments: str, quiet: bool = False) -> subprocess.Popen[bytes]:
        command: Sequence[str] = [sys.executable, *arguments]
        output: dict[str, Any] = {"stdout": subprocess.DEVNULL} if quiet else {}
        return subprocess.Popen(  # noqa: S603 - this program's own modules
            command,
            cwd=ROOT,
            env=environment(self.workspace),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, who then end them in order
            **output,
        )


def healthy(port: int) -> bool:
    """Ask the dashboard whether it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
