"""``python -m pipelines.carry_out RUN``: one run that a worker took, in this process."""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import Final, NoReturn

from data import runs
from data.engine import reader
from data.store import open_store
from data.workspace import Workspace, workspace_at
from kindred.errors import UserError
from pipelines.cancelled import Cancelled
from pipelines.child import log_path
from pipelines.execute import execute
from pipelines.report import ConsoleReporter, ListReporter

SAID: Final = 3  # exit status when the run ended badly and the store was told how
ORPHANED: Final = 70


def main() -> int:
    """Carry out a run that a worker took, and tell the store how it ended."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.carry_out", description=__doc__)
    parser.add_argument("run", type=int)
    parser.add_argument("--console", action="store_true")
    arguments = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGTERM, _cancel)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    workspace = workspace_at()
    engine = open_store(workspace)
    with reader(engine).connect() as conn:
        run = runs.run(conn, arguments.run)
    reporter = ConsoleReporter() if arguments.console else ListReporter()
    try:
        execute(workspace, engine, run, reporter)
    except (Cancelled, UserError):
        return SAID
    except Exception:
        _keep_traceback(workspace, run.id, arguments.console)
        return SAID
    return 0


def _keep_traceback(workspace: Workspace, run_id: int, console: bool) -> None:
    """Write the traceback to the run's log, where standard error goes unless it is a terminal."""
    if not console:
        traceback.print_exc()
        return
    path = log_path(workspace, run_id)
    path.write_text(traceback.format_exc())
    print(f"What happened is in {path}.", file=sys.stderr)


def _cancel(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Cancelled("asked to end")


def _end_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # unbuffered: a thread that holds a buffer's lock blocks exit
    os._exit(ORPHANED)


if __name__ == "__main__":
    raise SystemExit(main())
