"""``status``: what the workspace holds, how fresh it is and which clock it runs on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from data.engine import reader
from data.status import workspace_status
from pipelines.cli import Invocation, subparser


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(commands, "status", show, "Say what the workspace holds and how fresh it is.")
    added.add_argument("--json", action="store_true", help="for programs")


def show(invocation: Invocation) -> None:
    """Print the workspace's status."""
    workspace, engine = invocation.open()
    with reader(engine).connect() as conn:
        status = workspace_status(conn, datetime.now(UTC))
    if invocation.arguments.json:
        print(json.dumps({"home": str(workspace.home), **status}))
        return
    if not status["source"]:
        print(f"{workspace.home} is empty. Fill it: python -m pipelines import completejourney")
        return
    print(f"{status['source']} ({status['kind']}), clock {status['clock']}")
    for name in ("people", "events", "items", "orders", "clusters", "segments", "queued"):
        print(f"{name:>10} {status[name]:>14,}")
    members = status["memberships"]
    if members:
        print(f"  members of segments as of {members['as_of']}, worked out {members['at']}")
    last = status["last_run"]
    if last:
        print(f"  last run {last['job']} {last['status']} at {last['finished_at']}")
