"""``deliver``: what brings collected events to live state and to the lake."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from pipelines.cli import Invocation, subparser
from pipelines.deliver import MOVE_SECONDS, Deliverer


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(
        commands, "deliver", deliver, "Bring collected events to live state and to the lake."
    )
    added.add_argument(
        "--move-every",
        type=float,
        default=MOVE_SECONDS,
        metavar="SECONDS",
        help=f"between moves to the lake (default: {MOVE_SECONDS:g})",
    )


def deliver(invocation: Invocation) -> None:
    """Deliver until told to stop by SIGTERM or Ctrl-C."""
    workspace, engine = invocation.open()
    every = max(invocation.arguments.move_every, 0.1)
    deliverer = Deliverer(
        workspace, engine, every, tell=lambda line: print(f"deliver: {line}", file=sys.stderr)
    )
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: deliverer.stopping.set())
    deliverer.run()
    if deliverer.unfinished:
        os._exit(0)  # the thread that is in the middle of it must not meet an interpreter that ends
