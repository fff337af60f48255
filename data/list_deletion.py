"""Delete an uploaded list of ids, unless something that is live or being edited speaks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from data import audit
from data.id_lists import LISTS, list_files, lists
from data.manifest import commit_files
from data.publication_schema import definitions, publications, versions
from data.workspace import Workspace
from kindred.errors import UserError


def list_users(conn: Connection, key: str) -> list[str]:
    """Say what would break without a list: drafts, and what is live, of whatever kind."""
    drafts = conn.execute(
        select(definitions.c.name, definitions.c.draft.label("body")).where(
            definitions.c.draft.is_not(None)
        )
    )
    standing = conn.execute(
        select(definitions.c.name, versions.c.body)
        .join_from(publications, definitions, publications.c.definition_id == definitions.c.id)
        .join(versions, publications.c.version_id == versions.c.id)
        .where(publications.c.ended_at.is_(None))
    )
    told = {
        f"“{row.name}”{as_what}"
        for rows, as_what in ((drafts, " (its draft)"), (standing, ""))
        for row in rows
        if key in set(lists_in(row.body))
    }
    return sorted(told)


def lists_in(body: Any) -> Iterator[str]:
    """Walk the lists that a kept definition speaks of, wherever in it rules stand."""
    waiting = [body]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            if found.get("kind") == "list" and isinstance(found.get("list"), str):
                yield found["list"]
            waiting.extend(found.values())
        elif isinstance(found, list | tuple):
            waiting.extend(found)


def delete_list(
    workspace: Workspace, conn: Connection, key: str, *, actor: audit.Actor, at: datetime
) -> Path:
    """Let a list be no more; gives its file, to be deleted once the transaction is through.

    Raises
    ------
    UserError
        There is no such list, or it is used: by what, is said.
    """
    found = one_list(conn, key)
    users = list_users(conn, key)
    if users:
        raise UserError(
            f"The list “{found.name}” can't be deleted: it is used by {', '.join(users)}.",
            "Take it out there first, or withdraw what uses it.",
        )
    path = workspace.lake / list_files(conn)[key].path
    commit_files(conn, LISTS, [], why=f"list {key} deleted", at=at, snapshot=key, replace=True)
    audit.record(conn, actor, "list.deleted", f"list:{key}", {"name": found.name}, at=at)
    return path


def one_list(conn: Connection, key: str) -> Row[Any]:
    """Give the row of one list."""
    found = next((row for row in lists(conn) if row.key == key), None)
    if found is None:
        known = ", ".join(row.key for row in lists(conn)) or "none"
        raise UserError(f"There is no list {key!r}.", f"There are: {known}.")
    return found


def require_lists(conn: Connection, body: Any) -> None:
    """Refuse to bring back what speaks of a list that was deleted since."""
    gone = sorted(set(lists_in(body)) - set(list_files(conn)))
    if gone:
        named = ", ".join(f"“{key}”" for key in gone)
        raise UserError(
            f"That version speaks of the list {named}, which was deleted.",
            "Upload it again under that name, or choose another version.",
        )
