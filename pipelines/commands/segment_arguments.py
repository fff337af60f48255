"""What the actions of ``segments`` are given: a segment, a rule in a file, times, who and why."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from data.segment_preview import rule_from_file
from data.segments import segment_rule
from kindred.errors import UserError
from kindred.segments.durations import instant
from kindred.segments.rules import Rule

Adder = Callable[[argparse.ArgumentParser], object]
Add = Callable[..., argparse.ArgumentParser]  # of an action: its name, what it does, its adders


def one_key(action: argparse.ArgumentParser) -> None:
    """Ask which segment."""
    action.add_argument("key", metavar="KEY", help="the segment's key, as `segments list` says it")


def key_or_rule(action: argparse.ArgumentParser) -> None:
    """Ask which segment, or which rule in a file."""
    action.add_argument("key", metavar="KEY", nargs="?", help="a segment, its draft if it has one")
    action.add_argument("--rule", type=Path, metavar="FILE", help="JSON")


def at_time(action: argparse.ArgumentParser) -> None:
    """Ask where windows end."""
    action.add_argument("--as-of", type=time, metavar="TIME", help="end of all windows")


def as_json(action: argparse.ArgumentParser) -> None:
    """Ask whether a program reads the answer."""
    action.add_argument("--json", action="store_true", help="for programs")


def who_and_why(action: argparse.ArgumentParser) -> None:
    """Ask who acts, and why; both are kept."""
    action.add_argument(
        "--as", dest="actor", metavar="NAME", default=argparse.SUPPRESS, help="who acts"
    )
    action.add_argument("--why", metavar="TEXT", default="From the command line.")


def time(text: str) -> datetime:
    """Read a time as rules do."""
    try:
        return instant(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def numbered(text: str) -> int | None:
    """Read the number of a version; nothing for the draft."""
    if text == "draft":
        return None
    try:
        return int(text.removeprefix("v"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no version; give 1, 2 … or draft") from None


@dataclass(frozen=True)
class Asked:
    """The rule that a command names, and the segment whose it is, if any."""

    rule: Rule
    key: str | None = None


def asked(conn: Connection, arguments: Any) -> Asked:
    """Read the rule of the file or the segment that a command names."""
    if (arguments.rule is None) == (arguments.key is None):
        raise UserError("Which rule is meant?", "Name a segment, or give --rule FILE.")
    if arguments.rule is not None:
        return Asked(rule_from_file(arguments.rule))
    return Asked(segment_rule(conn, arguments.key), arguments.key)
