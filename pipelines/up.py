"""What ``make run`` starts: all brought up to date, then worker, dashboard, API and deliverer."""

from __future__ import annotations

import errno
import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

from sqlalchemy import Engine

from data import runs
from data.api_keys import Scope, create_key, list_keys
from data.audit import Actor
from data.engine import reader
from data.manifest import MAP, dataset_version
from data.runs import Status
from data.workspace import Workspace, facts
from kindred.errors import UserError
from pipelines.child import ROOT, environment
from pipelines.worker import run_watched

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 8.0
LONGEST_PAUSE: Final = 30.0
WELL_AFTER: Final = 60.0  # seconds after which a worker's start counts as good


def up(
    workspace: Workspace,
    engine: Engine,
    port: int,
    api_port: int,
    *,
    actor: Actor,
    refresh: bool,
) -> None:
    """Refresh, start, print the addresses, and stay until Ctrl-C or SIGTERM.

    Raises
    ------
    UserError
        A port is taken, or something does not start.
    """
    require_free(port)
    require_free(api_port, "API_PORT")
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    if refresh:
        bring_up_to_date(workspace, engine, actor)
    services = Services(
        workspace,
        [
            dashboard(port, api_port),
            api(api_port),
            pipeline("worker", "work"),
            pipeline(*_DELIVERER),
        ],
    )
    _stay(
        services,
        f"\n  Kindred is ready:  http://{HOST}:{port}\n"
        f"  Its API:           http://{HOST}:{api_port}\n"
        f"{_development_key(engine, actor)}  Ctrl-C ends it.\n",
    )


def serve(
    workspace: Workspace, engine: Engine, api_port: int, *, actor: Actor, workers: int
) -> None:
    """Start the API and what delivers its events, and stay.

    Raises
    ------
    UserError
        The port is taken, or the API does not start.
    """
    require_free(api_port, "API_PORT")
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    services = Services(workspace, [api(api_port, workers), pipeline(*_DELIVERER)])
    told = f"\n  Kindred's API is ready:  http://{HOST}:{api_port}\n"
    _stay(services, f"{told}{_development_key(engine, actor)}  Ctrl-C ends it.\n")


def _stay(services: Services, told: str) -> None:
    try:
        services.start()
        services.await_answers()
        tell(told)
        services.watch()
    except KeyboardInterrupt:
        tell("Ending …")
    finally:
        services.stop()


def tell(line: str) -> None:
    """Say a line at once, also where output is not a terminal."""
    print(line, flush=True)


def _development_key(engine: Engine, actor: Actor) -> str:
    """Make a first key where there is none, and tell it this once."""
    with engine.begin() as conn:
        if list_keys(conn):
            return ""
        scopes = {Scope.COLLECT, Scope.EVALUATE, Scope.READ}
        _, token = create_key(conn, "development", scopes, actor=actor, at=datetime.now(UTC))
    return (
        f"  A first API key:   {token}\n"
        "                     It is shown this once; later: python -m pipelines keys rotate\n"
        "                     development\n"
    )


def require_free(port: int, variable: str = "PORT") -> None:
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
                f"Choose another: make run {variable}={port % 65000 + 1}",
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
class Service:
    """A process that runs beside the others.

    Parameters
    ----------
    arguments : tuple of str
        Of Python.
    asks : (port, path), optional
        What answers once it is up. Such a process is needed: where it ends, all end. One without
        an address is started again.
    quiet : bool
        Its standard output is not for the console.
    variables : mapping
        Of its environment, beside ours.
    """

    name: str
    arguments: tuple[str, ...]
    asks: tuple[int, str] | None = None
    quiet: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause: float = 1.0
    restart_at: float | None = None

    @property
    def title(self) -> str:
        """Its name at the head of a sentence."""
        return f"The {self.name}"


_DELIVERER: Final = ("deliverer", "deliver")


def pipeline(name: str, command: str) -> Service:
    """Give a command of `pipelines` that goes on for ever."""
    return Service(name, ("-m", "pipelines", command))


def dashboard(port: int, api_port: int) -> Service:
    """Give the dashboard on a port."""
    arguments = (
        *("-m", "streamlit", "run", "streamlit_app.py"),
        *("--server.port", str(port), "--server.address", HOST),
        *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
    )
    told = {"KINDRED_API_PORT": str(api_port)}  # for the screen that shows how to send an event
    return Service("dashboard", arguments, (port, "/_stcore/health"), True, told)


def api(port: int, workers: int = 1) -> Service:
    """Give the API on a port."""
    arguments = ("-m", "serving", "--port", str(port), "--workers", str(workers))
    return Service("API", arguments, (port, "/readyz"))


@dataclass
class Services:
    """Processes that end with this one."""

    workspace: Workspace
    services: list[Service]
    clock: Callable[[], float] = field(default=time.monotonic)

    def start(self) -> None:
        """Start all."""
        for service in self.services:
            self._start(service)

    def await_answers(self) -> None:
        """Wait until those that have an address answer."""
        deadline = self.clock() + START_SECONDS
        for service in self.services:
            while service.asks is not None and not answers(*service.asks):
                if service.process is None or service.process.poll() is not None:
                    raise UserError(
                        f"{service.title} ended while it started.", "What it said stands above."
                    )
                if self.clock() > deadline:
                    raise UserError(
                        f"{service.title} did not answer within {START_SECONDS:.0f} seconds.",
                        f"Is something between this program and {HOST}:{service.asks[0]}?",
                    )
                time.sleep(0.1)

    def watch(self) -> None:
        """Stay; bring back what died and has no address, ever more patiently."""
        while True:
            for service in self.services:
                if service.asks is None:
                    self._revive(service)
                elif service.process is not None and service.process.poll() is not None:
                    raise UserError(
                        f"{service.title} ended with status {service.process.returncode}.",
                        "What it said stands above; make run starts it again.",
                    )
            time.sleep(0.5)

    def stop(self) -> None:
        """End all, gently first."""
        every = [service.process for service in self.services]
        going = [process for process in every if process and process.poll() is None]
        for process in going:
            process.terminate()
        deadline = self.clock() + STOP_SECONDS
        for process in going:
            try:
                process.wait(max(deadline - self.clock(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _revive(self, service: Service) -> None:
        now = self.clock()
        if service.restart_at is not None:
            if now >= service.restart_at:
                service.restart_at = None
                self._start(service)
            return
        if service.process is None or service.process.poll() is None:
            return
        if now - service.began > WELL_AFTER:
            service.pause = 1.0
        tell(f"{service.title} ended ({service.process.returncode}); starting it again.")
        service.restart_at = now + service.pause
        service.pause = min(service.pause * 2, LONGEST_PAUSE)

    def _start(self, service: Service) -> None:
        command: Sequence[str] = [sys.executable, *service.arguments]
        output: dict[str, Any] = {"stdout": subprocess.DEVNULL} if service.quiet else {}
        service.process = subprocess.Popen(  # noqa: S603 - this program's own modules
            command,
            cwd=ROOT,
            env={**environment(self.workspace), **service.variables},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us, who then end them in order
            **output,
        )
        service.began = self.clock()


def healthy(port: int) -> bool:
    """Ask the dashboard whether it is well."""
    return answers(port, "/_stcore/health")


def answers(port: int, path: str) -> bool:
    """Ask a server of ours whether it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
