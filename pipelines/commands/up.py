"""``up`` and ``serve``: what ``make run`` and ``make serve`` call."""

from __future__ import annotations

from typing import Any

from pipelines.cli import Invocation, subparser
from pipelines.up import serve, up


def add_to(commands: Any) -> None:
    """Add the commands."""
    added = subparser(
        commands, "up", start, "Bring all up to date, then run worker, dashboard and API."
    )
    added.add_argument("--port", type=int, default=8501, help="of the dashboard (default: 8501)")
    added.add_argument(
        "--no-refresh", dest="refresh", action="store_false", help="start with what there is"
    )
    alone = subparser(commands, "serve", start_api, "Run the API and what delivers its events.")
    alone.add_argument("--workers", type=int, default=1, help="of the API (default: 1)")
    for each in (added, alone):
        each.add_argument("--api-port", type=int, default=8600, help="of the API (default: 8600)")


def start(invocation: Invocation) -> None:
    """Start, and stay until told to end."""
    workspace, engine = invocation.open()
    given = invocation.arguments
    up(
        workspace,
        engine,
        given.port,
        given.api_port,
        actor=invocation.actor,
        refresh=given.refresh,
    )


def start_api(invocation: Invocation) -> None:
    """Start the API and the deliverer, and stay until told to end."""
    workspace, engine = invocation.open()
    given = invocation.arguments
    serve(workspace, engine, given.api_port, actor=invocation.actor, workers=given.workers)
