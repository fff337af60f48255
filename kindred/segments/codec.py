"""Rules as JSON: pydantic's reader, the writer, the stored document, the published schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter

from kindred.segments.rules import Rule

FORMAT: Final = 1  # of the stored document; a change that old readers can't read raises it


@cache
def adapter() -> TypeAdapter[Any]:
    """Give pydantic's reader of rules; use :func:`kindred.segments.parse.read_rule` instead."""
    return TypeAdapter(Rule)


def dump(rule: Any) -> dict[str, Any]:
    """Give a rule as JSON values, `kind` first, without what is as it would be anyway.

    Examples
    --------
    >>> from kindred.segments.rules import ListRule, NotRule
    >>> dump(NotRule(ListRule("vip")))
    {'kind': 'not', 'rule': {'kind': 'list', 'list': 'vip'}}
    """
    kind = getattr(rule, "kind", None)
    dumped: dict[str, Any] = {} if kind is None else {"kind": kind}
    for known in fields(rule):
        value = getattr(rule, known.name)
        if known.name != "kind" and (known.default is MISSING or value != known.default):
            dumped[known.name] = _plain(value)
    return dumped


def document(rule: Rule) -> dict[str, Any]:
    """Give what is stored: the rule with the version of its format."""
    return {"format": FORMAT, "rule": dump(rule)}


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of a rule (draft 2020-12)."""
    schema = adapter().json_schema()
    for part in schema["$defs"].values():
        if "kind" in part.get("properties", {}):
            part["required"] = ["kind", *part.get("required", [])]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Kindred segment rule, format {FORMAT}",
        **schema,
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return dump(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
