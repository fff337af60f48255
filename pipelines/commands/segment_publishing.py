"""``segments draft``, ``publish``, ``rollback`` and ``withdraw``: what changes a segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine

from data.definitions import Definition, definition, save
from data.engine import reader
from data.publications import Act, Terms, previous_version
from data.segment_opening import open_catalogue, open_population
from data.segment_preview import preview, rule_from_file
from data.segments import (
    KIND,
    create_segment,
    publish_segment,
    roll_back_segment,
    segment_names,
    segment_rule,
    withdraw_segment,
)
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import document
from pipelines.cli import Invocation
from pipelines.commands.segment_arguments import Add, key_or_rule, one_key, time, who_and_why


def add_to(action: Add) -> None:
    """Add the actions."""
    for name, summary in (
        ("draft", "save a rule as a draft, of a new segment or of one there is"),
        ("publish", "make a file's rule or a draft live as the next version"),
    ):
        made = action(name, summary, key_or_rule, who_and_why)
        made.add_argument("--name", metavar="NAME", help="what people call it; needed of a new one")
        made.add_argument("--owner", metavar="NAME")
        made.add_argument("--tag", action="append", metavar="TAG", help="may be repeated")
        made.add_argument("--notes", metavar="TEXT")
        if name == "publish":
            made.add_argument("--valid-from", type=time, metavar="TIME")
            made.add_argument("--valid-until", type=time, metavar="TIME")
            made.add_argument("--browser", action="store_true", help="browsers may be told of it")
    back = action("rollback", "let an earlier version be live again", one_key, who_and_why)
    back.add_argument("--to", type=int, metavar="VERSION", help="else the one that was live before")
    action("withdraw", "let nothing of it be live any more", one_key, who_and_why)


def _draft(invocation: Invocation) -> int:
    arguments = invocation.arguments
    if arguments.rule is None:
        raise UserError("There is no rule to save.", "Give --rule FILE.")
    _, engine = invocation.open()
    with engine.begin() as conn:
        saved = _saved(conn, invocation, datetime.now(UTC))
    print(f"{saved.key}: a draft, revision {saved.revision}.")
    return 0


def _publish(invocation: Invocation) -> int:
    arguments = invocation.arguments
    terms = Terms(arguments.valid_from, arguments.valid_until, arguments.browser)
    if arguments.rule is None and arguments.key is None:
        raise UserError("Which rule is meant?", "Name a segment, or give --rule FILE.")
    workspace, engine = invocation.open()
    catalogue, evidence = _seen(workspace, engine, arguments)
    now = datetime.now(UTC)
    with engine.begin() as conn:
        if arguments.rule is not None or _particulars(arguments):
            subject = _saved(conn, invocation, now)
        else:
            subject = definition(conn, KIND, arguments.key)
        number = publish_segment(
            conn,
            subject.key,
            Act(invocation.actor, now, arguments.why),
            revision=subject.revision,
            terms=terms,
            evidence=evidence,
            catalogue=catalogue,
        )
    print(f"{subject.key} version {number} is live: {evidence['size']:,} people.")
    print("A worker keeps its members up to date: python -m pipelines work")
    return 0


def _seen(workspace: Workspace, engine: Engine, arguments: Any) -> tuple[Catalogue, dict[str, Any]]:
    """Check the rule against what is there and count whom it catches, before anything is written.

    That takes a while, in which nobody else should have to wait.
    """
    with reader(engine).connect() as conn:
        known = arguments.rule is None
        rule = segment_rule(conn, arguments.key) if known else rule_from_file(arguments.rule)
        population = open_population(workspace, conn, at=datetime.now(UTC))
        catalogue = open_catalogue(conn, population)
        found = preview(rule, population, catalogue, segment_names(conn))
    return catalogue, found.evidence


def _particulars(arguments: Any) -> dict[str, Any]:
    given = {
        "name": arguments.name,
        "owner": arguments.owner,
        "tags": arguments.tag,
        "notes": arguments.notes,
    }
    return {name: value for name, value in given.items() if value is not None}


def _saved(conn: Connection, invocation: Invocation, at: datetime) -> Definition:
    """Save the rule and the particulars that are given, in a new segment where there is none."""
    arguments, actor = invocation.arguments, invocation.actor
    changes = _particulars(arguments)
    rule = None if arguments.rule is None else rule_from_file(arguments.rule)
    if arguments.key is None or not _is_there(conn, arguments.key):
        if rule is None or "name" not in changes:
            raise UserError(
                f"There is no segment called {arguments.key!r} yet."
                if arguments.key
                else "A new segment needs a name.",
                "Give --name NAME and --rule FILE to begin one, or the KEY of one there is.",
            )
        owner = changes.pop("owner", None)
        made = create_segment(conn, rule=rule, key=arguments.key, actor=actor, at=at, **changes)
        if owner is None:
            return made
        changes, rule = {"owner": owner}, None
    else:
        made = definition(conn, KIND, arguments.key)
    if rule is not None:
        changes["draft"] = document(rule)
    return save(conn, KIND, made.key, revision=made.revision, actor=actor, at=at, **changes)


def _is_there(conn: Connection, key: str) -> bool:
    return key in {known for _, known in segment_names(conn)}


def _roll_back(invocation: Invocation) -> int:
    arguments = invocation.arguments
    _, engine = invocation.open()
    act = Act(invocation.actor, datetime.now(UTC), arguments.why)
    with engine.begin() as conn:
        number = arguments.to or previous_version(conn, KIND, arguments.key)
        roll_back_segment(conn, arguments.key, number, act)
    print(f"{arguments.key} version {number} is live again.")
    return 0


def _withdraw(invocation: Invocation) -> int:
    arguments = invocation.arguments
    _, engine = invocation.open()
    act = Act(invocation.actor, datetime.now(UTC), arguments.why)
    with engine.begin() as conn:
        withdraw_segment(conn, arguments.key, act)
    print(f"{arguments.key} is withdrawn; its versions stay, and you can roll back to any of them.")
    return 0


ACTIONS: Final[Mapping[str, Callable[[Invocation], int]]] = {
    "draft": _draft,
    "publish": _publish,
    "rollback": _roll_back,
    "withdraw": _withdraw,
}
