"""``segments``: list, show, check, try, compare; publishing and exporting are beside it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection

from data.definitions import definition, publication_history
from data.engine import reader
from data.memberships import Sized, latest_sizes, size_history
from data.publications import dependants
from data.segment_opening import open_catalogue, open_population
from data.segment_preview import preview
from data.segments import (
    KIND,
    Segment,
    list_segments,
    segment_names,
    segment_rule,
    segment_versions,
)
from kindred.segments.codec import dump
from kindred.segments.describe import sentence
from kindred.segments.difference import differences
from kindred.segments.parse import Problem, RuleRefused
from kindred.segments.validate import check
from pipelines.cli import Invocation, subparser
from pipelines.commands import segment_files, segment_publishing
from pipelines.commands.segment_arguments import (
    as_json,
    asked,
    at_time,
    key_or_rule,
    numbered,
    one_key,
)


def add_to(commands: Any) -> None:
    """Add the command with its actions."""
    added = subparser(commands, "segments", _act, "Segments: list, try, publish, export.")
    actions = added.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, summary: str, *adders: Callable[[Any], None]) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = actions.add_parser(name, help=summary, description=summary)
        for add in adders:
            add(made)
        return made

    action("list", "list all segments, with the size they last had", as_json)
    action("show", "show one: its rule, its versions, who uses it", one_key, as_json)
    action("validate", "check a rule against what is there", key_or_rule, at_time, as_json)
    action("preview", "count whom a rule catches", key_or_rule, at_time, as_json)
    compared = action("diff", "say how two versions differ, in sentences", one_key, as_json)
    for name in ("before", "after"):
        compared.add_argument(
            name, type=numbered, metavar="VERSION", help="its number, or draft for what is not yet"
        )
    segment_publishing.add_to(action)
    segment_files.add_to(action)


def _act(invocation: Invocation) -> int:
    return _ACTIONS[invocation.arguments.action](invocation)


def _list(invocation: Invocation) -> int:
    _, engine = invocation.open()
    with reader(engine).connect() as conn:
        found = list_segments(conn, datetime.now(UTC))
        sizes = latest_sizes(conn)
    if invocation.arguments.json:
        print(json.dumps([_listed(one, sizes.get(one.definition.key)) for one in found]))
        return 0
    if not found:
        print("There is no segment yet. Publish one: segments publish --rule FILE --name NAME")
    for one in found:
        size = sizes.get(one.definition.key)
        told = "" if size is None or size.size is None else f"{size.size:,} people"
        number = f"v{one.live.number}" if one.live else ""
        print(f"{one.definition.key:<28} {one.state:<10} {number:<5} {told}".rstrip())
    return 0


def _listed(one: Segment, size: Sized | None) -> dict[str, Any]:
    found = one.definition
    return {
        "key": found.key,
        "name": found.name,
        "state": one.state,
        "version": one.live.number if one.live else None,
        "sentence": one.live.sentence if one.live else None,
        "since": one.live.since.isoformat() if one.live else None,
        "owner": found.owner,
        "tags": list(found.tags),
        **_sized(size),
    }


def _sized(size: Sized | None) -> dict[str, Any]:
    """Tell a size with its age; it is never shown without."""
    told = {
        name: getattr(size, name, None) for name in ("size", "share", "joined", "left", "error")
    }
    return {**told, "as_of": size.as_of.isoformat() if size else None}


def _show(invocation: Invocation) -> int:
    _, engine = invocation.open()
    key = invocation.arguments.key
    with reader(engine).connect() as conn:
        told = _everything(conn, key)
    if invocation.arguments.json:
        print(json.dumps(told))
        return 0
    print(f"{told['name']} ({key}), {told['state']}; of {told['owner']}")
    print(told["sentence"])
    if told["as_of"] is not None:
        print(f"{told['size']:,} people, {told['share']:.1%} of all, as of {told['as_of']}")
        if told["joined"] is not None:
            print(f"{told['joined']:,} joined and {told['left']:,} left since the run before")
    if told["error"]:
        print(f"! not counted since: {told['error']}")
    for name in ("notes", "tags", "used_by"):
        if told[name]:
            value = told[name] if isinstance(told[name], str) else ", ".join(told[name])
            print(f"{name.replace('_', ' ')}: {value}")
    print(json.dumps(told["rule"], ensure_ascii=False, indent=2))
    for act in told["history"]:
        ended = f", {act['ended_as']} {act['ended_at']}" if act["ended_at"] else ""
        print(
            f"  v{act['version']} {act['action']} {act['at']} by {act['by']}: {act['why']}{ended}"
        )
    return 0


def _everything(conn: Connection, key: str) -> dict[str, Any]:
    found = definition(conn, KIND, key)
    one = next(s for s in list_segments(conn, datetime.now(UTC)) if s.definition.key == key)
    rule = segment_rule(conn, key)
    acts = publication_history(conn, KIND, key)
    return {
        **_listed(one, latest_sizes(conn).get(key)),
        "sentence": sentence(rule, segment_names(conn)),
        "rule": dump(rule),
        "draft": found.draft is not None,
        "revision": found.revision,
        "notes": found.notes,
        "used_by": dependants(conn, KIND, key),
        "sizes": [
            {"as_of": one.as_of.isoformat(), "size": one.size, "backcast": one.backcast}
            for one in size_history(conn, key)
        ],
        "versions": [
            {"number": v.number, "sentence": v.sentence, "at": v.at.isoformat(), "by": v.author}
            | {"evidence": v.evidence}
            for v in segment_versions(conn, key)
        ],
        "history": [_told(act) for act in acts],
    }


def _told(act: Any) -> dict[str, Any]:
    times = ("at", "valid_from", "valid_until", "ended_at")
    return {
        "version": act.number,
        "action": act.action,
        "by": act.actor,
        "why": act.why,
        "browser": act.browser,
        "ended_as": act.ended_as,
        **{name: at.isoformat() if (at := getattr(act, name)) else None for name in times},
    }


def _validate(invocation: Invocation) -> int:
    arguments = invocation.arguments
    workspace, engine = invocation.open()
    now = datetime.now(UTC)
    try:
        with reader(engine).connect() as conn:
            found = asked(conn, arguments)
            population = open_population(workspace, conn, as_of=arguments.as_of, at=now)
            check(found.rule, open_catalogue(conn, population), found.key)
            said = sentence(found.rule, segment_names(conn))
    except RuleRefused as error:
        _tell(error.problems, as_json=arguments.json)
        return 2
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
    workspace, engine = invocation.open()
    now = datetime.now(UTC)
    with reader(engine).connect() as conn:
        rule = asked(conn, arguments).rule
        population = open_population(workspace, conn, as_of=arguments.as_of, at=now)
        found = preview(rule, population, open_catalogue(conn, population), segment_names(conn))
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


def _diff(invocation: Invocation) -> int:
    arguments = invocation.arguments
    _, engine = invocation.open()
    with reader(engine).connect() as conn:
        before, after = (
            segment_rule(conn, arguments.key, version)
            for version in (arguments.before, arguments.after)
        )
        found = differences(before, after, segment_names(conn))
    if arguments.json:
        keys = ("kind", "path", "before", "after", "sentence")
        print(json.dumps([{key: getattr(one, key) for key in keys} for one in found]))
        return 0
    for one in found:
        print(one.sentence)
    if not found:
        print("Both mean the same.")
    return 0


_ACTIONS: Final[Mapping[str, Callable[[Invocation], int]]] = {
    "list": _list,
    "show": _show,
    "validate": _validate,
    "preview": _preview,
    "diff": _diff,
    **segment_publishing.ACTIONS,
    **segment_files.ACTIONS,
}
