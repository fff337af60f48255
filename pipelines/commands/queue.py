"""``work``, ``runs``, ``cancel`` and ``retry``: the queue and those who work on it."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from typing import Any

from data import runs
from data.engine import reader
from pipelines.cli import Invocation, subparser
from pipelines.due import interval
from pipelines.worker import Worker


def add_to(commands: Any) -> None:
    """Add the commands."""
    worker = subparser(commands, "work", work, "Take queued runs and carry them out.")
    worker.add_argument("--once", action="store_true", help="end when the queue is empty")
    listing = subparser(commands, "runs", show, "List the newest runs.")
    listing.add_argument("--limit", type=int, default=20, metavar="N")
    for name, function, summary in (
        ("cancel", cancel, "Ask for a run to end."),
        ("retry", retry, "Ask once more for a run that ended badly."),
    ):
        added = subparser(commands, name, function, summary)
        added.add_argument("run", type=int, metavar="RUN", help="its number in `runs`")


def work(invocation: Invocation) -> None:
    """Work until told to stop by SIGTERM or Ctrl-C; what is then half done is asked for again."""
    workspace, engine = invocation.open()
    worker = Worker(
        workspace,
        engine,
        tell=lambda line: print(f"worker: {line}", file=sys.stderr),
        keep_up=interval(),
    )
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: worker.stopping.set())
    worker.work(once=invocation.arguments.once)


def show(invocation: Invocation) -> None:
    """Print the newest runs, newest first."""
    _, engine = invocation.open()
    with reader(engine).connect() as conn:
        rows = runs.recent(conn, max(invocation.arguments.limit, 0))
    if not rows:
        print("Nothing has run yet.")
    for row in rows:
        at = row.finished_at or row.started_at or row.queued_at
        line = f"{row.id:>6}  {row.job:<10} {row.status:<10} {at:%Y-%m-%d %H:%M:%S}"
        print(f"{line}  {row.error or ''}".rstrip())


def cancel(invocation: Invocation) -> None:
    """Ask for a run to end."""
    _, engine = invocation.open()
    with engine.begin() as conn:
        runs.request_cancel(conn, invocation.arguments.run, at=datetime.now(UTC))
    print(f"Run {invocation.arguments.run} is asked to end.")


def retry(invocation: Invocation) -> None:
    """Put a run that ended badly into the queue once more."""
    _, engine = invocation.open()
    with engine.begin() as conn:
        again = runs.retry(
            conn, invocation.arguments.run, actor=invocation.actor, at=datetime.now(UTC)
        )
    print(f"Queued as run {again}; a worker will take it (python -m pipelines work).")
