"""One run in a process of its own, seen from the worker: cancelled at once, crashing alone.

The child's side is :mod:`pipelines.carry_out`. The parent holds the child's standard input open and
never writes to it: when it ends, the parent is gone, and the child goes too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row

from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace

ROOT: Final = Path(__file__).parents[1]
GRACE_SECONDS: Final = 1.0


class Child:
    """A run's process, seen from the worker.

    Parameters
    ----------
    console : bool
        Show steps in this terminal; else output goes to ``logs/run-<id>.log``.
    """

    def __init__(self, workspace: Workspace, run: Row[Any], *, console: bool = False) -> None:
        self.log = None if console else log_path(workspace, run.id)
        command = [sys.executable, "-m", "pipelines.carry_out", str(run.id)]
        out = self.log.open("wb") if self.log else None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this program's own module
                [*command, "--console"] if console else command,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                cwd=ROOT,
                env=environment(workspace),
                start_new_session=True,  # Ctrl-C is for the parent, who then ends the child
            )
        finally:
            if out:
                out.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def wait(self, seconds: float) -> int | None:
        """Wait a while for its end; gives the exit status, or none while it goes on."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._close()
        return status

    def end(self) -> None:
        """Ask it to end, and make it end a moment later; also all that it started."""
        self._process.terminate()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close()

    def reason(self, status: int) -> str:
        """Say for the run's row why a child ended that said nothing itself."""
        return " ".join(part for part in (_why(status), self._last_words()) if part)

    def _last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        return f"Its last words: {' / '.join(lines)[:600]}" if lines else ""

    def _close(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        if self.log and self.log.exists() and not self.log.stat().st_size:
            self.log.unlink()


def environment(workspace: Workspace) -> dict[str, str]:
    """Give the environment in which a process finds this workspace."""
    ours = {HOME_VARIABLE: str(workspace.home), STORE_VARIABLE: workspace.store_url}
    return {**os.environ, **ours}


def log_path(workspace: Workspace, run_id: int) -> Path:
    """Name the file that a run's output goes to."""
    folder = workspace.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"run-{run_id}.log"


_SIGNALS: Final[Mapping[int, str]] = {
    signal.SIGKILL: "The system killed it, most likely because memory ran out.",
    signal.SIGSEGV: "It crashed in native code (segmentation fault).",
    signal.SIGABRT: "It aborted in native code.",
    signal.SIGBUS: "It crashed in native code (bus error); the disk may be full.",
}


def _why(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return _SIGNALS.get(-status, f"Its process was ended by {name}.")
    return f"Its process ended with status {status} and did not say why."
