"""``segments export`` and ``segments lists``: what goes out to files, and what comes in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row

from data.clock import as_of
from data.engine import reader
from data.id_lists import lists, read_source, save_list
from data.list_deletion import delete_list, one_list
from data.publications import Live, live
from data.segment_export import (
    as_sql,
    definition_json,
    found_members,
    kept_members,
    write_members,
)
from data.segments import KIND, segment_names
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments.describe import sentence
from kindred.segments.parse import read_rule
from pipelines.cli import Invocation
from pipelines.commands.segment_arguments import (
    Add,
    Asked,
    as_json,
    asked,
    at_time,
    key_or_rule,
    who_and_why,
)


def add_to(action: Add) -> None:
    """Add the actions."""
    export = action("export", "write a segment for elsewhere", key_or_rule, at_time)
    export.add_argument(
        "--format",
        choices=["json", "csv", "parquet", "sql"],
        default="json",
        help="json: the rule; csv, parquet: its people; sql: a query of its people, for DuckDB",
    )
    export.add_argument("--out", type=Path, metavar="FILE", help="else standard output")
    listed = action("lists", "list uploaded lists of ids, or upload one", as_json, who_and_why)
    listed.add_argument("--upload", type=Path, metavar="FILE", help="text or CSV, ids in a column")
    listed.add_argument("--name", metavar="NAME", help="what rules call the uploaded list")
    listed.add_argument("--replace", action="store_true", help="take the place of one of that name")
    listed.add_argument("--delete", metavar="KEY", help="delete the list of this key, for good")
    listed.add_argument("--yes", action="store_true", help="delete without being asked again")


def _export(invocation: Invocation) -> int:
    arguments = invocation.arguments
    workspace, engine = invocation.open()
    now = datetime.now(UTC)
    with reader(engine).connect() as conn, ExitStack() as stack:
        standing = _standing(conn, arguments.key, now)
        found = (
            Asked(read_rule(standing.body), standing.key) if standing else asked(conn, arguments)
        )
        moment = arguments.as_of or as_of(conn, now)
        if arguments.format in {"json", "sql"}:
            if arguments.format == "json":
                said = sentence(found.rule, segment_names(conn))
                text = definition_json(found.rule, said, key=found.key, live=standing) + "\n"
            else:
                text = as_sql(workspace, conn, found.rule, as_of=moment, at=now)
            _write_text(text, arguments.out)
            return 0
        target = stack.enter_context(arguments.out.open("wb")) if arguments.out else None
        rows, said = _people(workspace, conn, found, standing, moment, arguments, target)
    print(f"{rows:,} people, {said}.", file=sys.stderr)
    return 0


def _standing(conn: Connection, key: str | None, now: datetime) -> Live | None:
    return next((one for one in live(conn, KIND, now) if one.key == key), None)


def _people(
    workspace: Workspace,
    conn: Connection,
    found: Asked,
    standing: Live | None,
    moment: datetime,
    arguments: Any,
    target: Any,
) -> tuple[int, str]:
    """Write the people: as the last run left them, unless a time is asked for or none has run."""
    kept = kept_members(workspace, conn, standing) if standing and not arguments.as_of else None
    said = "as the last run left them" if kept else f"as of {moment.isoformat()}"
    batches = kept or found_members(workspace, conn, found.rule, as_of=moment, at=datetime.now(UTC))
    return write_members(batches, arguments.format, target or sys.stdout.buffer), said


def _write_text(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")


COUNTS: Final = ("rows_read", "kept", "duplicate", "blank", "invalid", "known")


def _lists(invocation: Invocation) -> int:
    arguments = invocation.arguments
    workspace, engine = invocation.open()
    if arguments.delete is not None:
        return _delete(invocation)
    if arguments.upload is None:
        with reader(engine).connect() as conn:
            found = lists(conn)
        _tell(found, as_json=arguments.json, none="There is no list yet.")
        return 0
    name = arguments.name or arguments.upload.stem
    read = read_source(arguments.upload)
    with engine.begin() as conn:
        row = save_list(
            workspace,
            conn,
            name,
            read,
            actor=invocation.actor,
            at=datetime.now(UTC),
            replace=arguments.replace,
        )
    _tell([row], as_json=arguments.json, none="")
    return 0


def _delete(invocation: Invocation) -> int:
    arguments = invocation.arguments
    if arguments.upload is not None:
        raise UserError("Upload a list or delete one, not both.", "Leave one of them out.")
    workspace, engine = invocation.open()
    with engine.begin() as conn:
        found = one_list(conn, arguments.delete)
        file = delete_list(
            workspace, conn, arguments.delete, actor=invocation.actor, at=datetime.now(UTC)
        )
        if not arguments.yes:  # nothing is kept of the transaction
            raise UserError(
                f"The {found.kept:,} ids of “{found.name}” would be gone for good.",
                "Say --yes if they shall be.",
            )
    file.unlink(missing_ok=True)
    print(f"“{found.name}” is deleted.")
    return 0


def _tell(rows: Any, *, as_json: bool, none: str) -> None:
    if as_json:
        print(json.dumps([_told(row) for row in rows]))
        return
    for row in rows:
        told = _told(row)
        known = "" if row.known is None else f"; {row.known:,} of them are people here"
        print(
            f"{told['key']}: {row.kept:,} ids of {row.rows_read:,} rows ({row.duplicate:,} twice, "
            f"{row.blank:,} blank, {row.invalid:,} no ids; {row.encoding}){known}"
        )
    if not rows and none:
        print(none)


def _told(row: Row[Any]) -> dict[str, Any]:
    counts = {name: getattr(row, name) for name in COUNTS}
    uploaded = {"uploaded_at": row.uploaded_at.isoformat(), "uploaded_by": row.uploaded_by}
    return {"key": row.key, "name": row.name, **counts, "encoding": row.encoding, **uploaded}


ACTIONS: Final[Mapping[str, Callable[[Invocation], int]]] = {
    "export": _export,
    "lists": _lists,
}
