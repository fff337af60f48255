"""The processes that run beside one another: started together, watched, ended together."""

from __future__ import annotations

import errno
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from data.workspace import Workspace
from kindred.errors import UserError
from pipelines.child import ROOT, environment

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 12.0  # the API gives what is under way ten
LONGEST_PAUSE: Final = 30.0
WELL_AFTER: Final = 60.0  # seconds after which a worker's start counts as good


def tell(line: str) -> None:
    """Say a line at once, also where output is not a terminal."""
    print(line, flush=True)


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


def pipeline(name: str, command: str) -> Service:
    """Give a command of `pipelines` that goes on for ever."""
    return Service(name, ("-m", "pipelines", command))


def worker() -> Service:
    """Give what takes queued runs."""
    return pipeline("worker", "work")


def deliverer() -> Service:
    """Give what brings collected events on."""
    return pipeline("deliverer", "deliver")


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
