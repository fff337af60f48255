"""``up``: what ``make run`` calls."""

from __future__ import annotations

from typing import Any

from pipelines.cli import Invocation, subparser
from pipelines.up import up


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(
        commands, "up", start, "Bring everything up to date, then run a worker and the dashboard."
    )
    added.add_argument("--port", type=int, default=8501, help="of the dashboard (default: 8501)")
    added.add_argument(
        "--no-refresh", dest="refresh", action="store_false", help="start with what there is"
    )


def start(invocation: Invocation) -> None:
    """Start, and stay until told to end."""
    workspace, engine = invocation.open()
    given = invocation.arguments
    up(workspace, engine, given.port, actor=invocation.actor, refresh=given.refresh)
