"""``segments validate`` and ``segments preview``."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from data.engine import reader
from data.segment_opening import open_catalogue, open_population
from data.segment_preview import preview, rule_from_file
from kindred.errors import UserError
from kindred.segments.describe import sentence
from kindred.segments.durations import instant
from kindred.segments.parse import Problem, RuleRefused
from kindred.segments.validate import check
from pipelines.cli import Invocation, subparser


def add_to(commands: Any) -> None:
    """Add the command with its actions."""
    added = subparser(commands, "segments", _act, "Check and try the rules of segments.")
    actions = added.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("validate", "check a rule against what the workspace holds"),
        ("preview", "count whom a rule catches"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        action.add_argument("--rule", type=Path, metavar="FILE", required=True, help="JSON")
        action.add_argument("--as-of", type=_time, metavar="TIME", help="end of all windows")
        action.add_argument("--json", action="store_true", help="for programs")


def _time(text: str) -> datetime:
    try:
        return instant(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _act(invocation: Invocation) -> int:
    return {"validate": _validate, "preview": _preview}[invocation.arguments.action](invocation)


def _validate(invocation: Invocation) -> int:
    arguments = invocation.arguments
    workspace, engine = invocation.open()
    try:
        rule = rule_from_file(arguments.rule)
        with reader(engine).connect() as conn:
            population = open_population(workspace, conn, as_of=arguments.as_of)
            check(rule, open_catalogue(conn, population))
    except RuleRefused as error:
        _tell(error.problems, as_json=arguments.json)
        return 2
    said = sentence(rule)
    print(json.dumps({"valid": True, "sentence": said}) if arguments.json else f"Valid. {said}")
    return 0


def _tell(problems: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        told = [{"path": p.path, "what": p.what, "accepted": p.accepted} for p in problems]
        print(json.dumps({"valid": False, "problems": told}))
        return
    for problem in problems:
        print(f"{problem.path or 'the rule'}: {problem.what} {problem.accepted}")


def _preview(invocation: Invocation) -> int:
    arguments = invocation.arguments
    rule = rule_from_file(arguments.rule)
    workspace, engine = invocation.open()
    with reader(engine).connect() as conn:
        population = open_population(workspace, conn, as_of=arguments.as_of)
        found = preview(rule, population, open_catalogue(conn, population))
    told = {
        "size": found.size,
        "share": found.share,
        "sentence": found.sentence,
        "as_of": found.as_of.isoformat(),
    }
    if arguments.json:
        print(json.dumps(told))
    else:
        print(f"{found.sentence}\n{found.size:,} people, {found.share:.1%} of all, {told['as_of']}")
    return 0
