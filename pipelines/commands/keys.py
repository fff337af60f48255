"""``keys``: API keys made, listed, rotated and revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from data.api_keys import ApiKey, Scope, create_key, list_keys, revoke_key, rotate_key
from data.engine import reader
from kindred.errors import UserError
from pipelines.cli import Invocation, subparser


def add_to(commands: Any) -> None:
    """Add the command and its actions."""
    keys = subparser(commands, "keys", show, "API keys: list, create, rotate and revoke them.")
    actions = keys.add_subparsers(dest="action", metavar="ACTION")
    subparser(actions, "list", show, "List the keys; their secrets are kept nowhere.")
    making = subparser(actions, "create", create, "Make a key, and print it this once.")
    making.add_argument("name", help="who will hold it")
    making.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=[scope.value for scope in Scope],
        help="what it may do; may be given several times",
    )
    making.add_argument("--browser", action="store_true", help="a public page will hold it")
    making.add_argument("--rate", type=int, metavar="N", help="events or requests a second")
    turning = subparser(actions, "rotate", rotate, "Make a successor; the old key ends later.")
    turning.add_argument("key", help="its id, or its name")
    turning.add_argument(
        "--grace",
        type=float,
        default=24.0,
        metavar="HOURS",
        help="for which the old key still works (default: 24)",
    )
    ending = subparser(actions, "revoke", revoke, "End a key at once.")
    ending.add_argument("key", help="its id, or its name")


def show(invocation: Invocation) -> None:
    """Print the keys, newest first."""
    _, engine = invocation.open()
    with reader(engine).connect() as conn:
        keys = list_keys(conn)
    if not keys:
        print("There is no key yet: python -m pipelines keys create NAME --scope collect")
    now = datetime.now(UTC)
    for key in keys:
        scopes = ",".join(sorted(key.scopes))
        where = "browser" if key.browser else "server"
        print(f"{key.public_id}  {state(key, now):<8} {where:<8} {scopes:<28} {key.name}")


def state(key: ApiKey, at: datetime) -> str:
    """Say in a word what a key is at a time."""
    if key.revoked_at is not None:
        return "revoked"
    if not key.valid(at):
        return "expired"
    return "ending" if key.expires_at is not None else "valid"


def create(invocation: Invocation) -> None:
    """Make a key and print it."""
    _, engine = invocation.open()
    given = invocation.arguments
    with engine.begin() as conn:
        key, token = create_key(
            conn,
            given.name,
            {Scope(scope) for scope in given.scope},
            actor=invocation.actor,
            at=datetime.now(UTC),
            browser=given.browser,
            rate=given.rate,
        )
    _print_once(key, token)


def rotate(invocation: Invocation) -> None:
    """Make a key's successor and print it."""
    _, engine = invocation.open()
    given = invocation.arguments
    if not 0 <= given.grace <= 24 * 365:
        raise UserError("The grace is 0 hours to a year.", "Give --grace HOURS.", "--grace")
    with engine.begin() as conn:
        key, token = rotate_key(
            conn,
            given.key,
            actor=invocation.actor,
            at=datetime.now(UTC),
            grace=timedelta(hours=given.grace),
        )
    _print_once(key, token)


def revoke(invocation: Invocation) -> None:
    """End a key."""
    _, engine = invocation.open()
    with engine.begin() as conn:
        key = revoke_key(
            conn, invocation.arguments.key, actor=invocation.actor, at=datetime.now(UTC)
        )
    print(f"{key.public_id} ({key.name}) opens nothing any more; the API knows within a second.")


def _print_once(key: ApiKey, token: str) -> None:
    print(f"{token}\n\nThe key {key.public_id} ({key.name}); it is not kept and not shown again.")
