"""The command line: ``python -m pipelines COMMAND``; each command is a module that adds itself."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from kindred.errors import UserError
from pipelines.cancelled import Cancelled

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from data.audit import Actor
    from data.workspace import Workspace

# Each module has `add_to(commands)`, which adds its parsers and sets `function` as their default.
# Only the modules of commands that are named are loaded: some bring much with them.
COMMANDS: Final = {
    "analyze": "pipelines.commands.analyze",
    "import": "pipelines.commands.imports",
    "summaries": "pipelines.commands.jobs",
    "traits": "pipelines.commands.jobs",
    "clusters": "pipelines.commands.jobs",
    "refresh": "pipelines.commands.jobs",
    "keep_up": "pipelines.commands.jobs",
    "aggregate_days": "pipelines.commands.jobs",
    "memberships": "pipelines.commands.jobs",
    "experiment_results": "pipelines.commands.jobs",
    "leaderboard": "pipelines.commands.leaderboard",
    "train_recommender": "pipelines.commands.jobs",
    "precompute": "pipelines.commands.jobs",
    "segments": "pipelines.commands.segments",
    "work": "pipelines.commands.queue",
    "runs": "pipelines.commands.queue",
    "cancel": "pipelines.commands.queue",
    "retry": "pipelines.commands.queue",
    "simulate": "pipelines.commands.simulate",
    "deliver": "pipelines.commands.deliver",
    "keys": "pipelines.commands.keys",
    "serve": "pipelines.commands.up",
    "status": "pipelines.commands.status",
    "up": "pipelines.commands.up",
}


@dataclass(frozen=True)
class Invocation:
    """What a command is given: its arguments, and the workspace it works on."""

    arguments: argparse.Namespace
    name: str

    @property
    def actor(self) -> Actor:
        """Who acts."""
        from data.audit import Actor  # noqa: PLC0415 - `analyze` needs no store

        return Actor(self.name)

    def open(self) -> tuple[Workspace, Engine]:
        """Open the workspace and its store."""
        from data.store import open_store  # noqa: PLC0415 - the same
        from data.workspace import workspace_at  # noqa: PLC0415

        workspace = workspace_at()
        return workspace, open_store(workspace)


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Build the parser of the commands that `argv` names, else of all."""
    top = argparse.ArgumentParser(
        prog="python -m pipelines",
        description="Kindred's jobs. The workspace is the folder KINDRED_HOME, or var/.",
    )
    top.add_argument("--as", dest="actor", metavar="NAME", help="who acts; kept in the audit log")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    named = [COMMANDS[word] for word in argv if word in COMMANDS]
    for module in dict.fromkeys(named or COMMANDS.values()):
        import_module(module).add_to(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status: 0, 2 for the user's errors, 1 for ours."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    given = list(sys.argv[1:] if argv is None else argv)
    arguments = parser(given).parse_args(given)
    invocation = Invocation(arguments, (arguments.actor or _user())[:100])
    try:
        return int(arguments.function(invocation) or 0)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, Cancelled):
        print("Cancelled; nothing half-done was kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except Exception:
        with tempfile.NamedTemporaryFile(
            "w", prefix="kindred-", suffix=".log", delete=False
        ) as log:
            traceback.print_exc(file=log)
        print(
            f"error: this is a fault of Kindred, not yours. What happened is in {log.name}.",
            file=sys.stderr,
        )
        return 1


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def subparser(commands: Any, name: str, function: Any, summary: str) -> argparse.ArgumentParser:
    """Add a command's parser, with what it runs."""
    added: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
    added.set_defaults(function=function)
    return added
