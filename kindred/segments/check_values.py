"""Check that an operator fits a type, and its value both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import re2

from kindred.errors import UserError
from kindred.segments.durations import ACCEPTED, ACCEPTED_TIMES, instant, length
from kindred.segments.parse import Problem
from kindred.segments.rules import Scalar, Value
from kindred.segments.walk import join
from kindred.traits.trait import TraitType

LONGEST_PATTERN: Final = 500
LARGEST: Final = 1e9  # of a number that is summed or compared; see docs/reference/segment-rules.md

_SET: Final = ("is_set", "is_not_set")
_ANY: Final = ("eq", "ne", "in", "not_in", *_SET)
_ORDER: Final = ("lt", "lte", "gt", "gte", "between")
_TEXT: Final = ("contains", "starts_with", "ends_with", "matches")
OPERATORS: Final[Mapping[TraitType, tuple[str, ...]]] = {
    TraitType.NUMBER: (*_ANY, *_ORDER),
    TraitType.INTEGER: (*_ANY, *_ORDER),
    TraitType.CATEGORY: (*_ANY, *_TEXT),
    TraitType.FLAG: ("eq", "ne", *_SET),
    TraitType.TIME: ("before", "after", "between", "within_last", "within_next", *_SET),
    TraitType.LIST: ("any_of", "all_of", "none_of", *_SET),
}
LISTS: Final = frozenset({"in", "not_in", "any_of", "all_of", "none_of"})


def check_value(
    path: str, op: str, value: Value | None, kind: TraitType | None
) -> Iterator[Problem]:
    """Check an operator and its value; `kind` is None where the type isn't known."""
    if kind is not None and op not in OPERATORS[kind]:
        yield Problem(
            join(path, "op"),
            f"{op!r} does not go with {_NAMES[kind]}.",
            f"Use {', '.join(OPERATORS[kind])}.",
        )
        return
    here = join(path, "value")
    if op in _SET:
        if value is not None:
            yield Problem(here, f"{op!r} takes no value.", "Leave it out.")
        return
    if value is None:
        yield Problem(here, "'value' is missing.", _accepted(op, kind))
        return
    fits = _fitting(op, value, kind)
    if fits is not None:
        yield Problem(here, fits, _accepted(op, kind))


_NAMES: Final[Mapping[TraitType, str]] = {
    TraitType.NUMBER: "a number",
    TraitType.INTEGER: "a number",
    TraitType.CATEGORY: "a text",
    TraitType.FLAG: "what is true or false",
    TraitType.TIME: "a time",
    TraitType.LIST: "a list",
}


def _fitting(op: str, value: Value, kind: TraitType | None) -> str | None:
    """Say what is wrong with a value, if anything."""
    if op in LISTS:
        return _list(value, kind)
    if op == "between":
        return _pair(value, kind)
    if isinstance(value, tuple):
        return "One value is expected, not a list."
    if op in _SPECIAL:
        return _SPECIAL[op](value)
    if op in _ORDER:
        return _number(value)
    return _alike(value, kind)


def _list(value: Value, kind: TraitType | None) -> str | None:
    if not isinstance(value, tuple):
        return "A list of values is expected."
    if not value:
        return "The list is empty."
    inner = None if kind is TraitType.LIST else kind
    for item in value:
        wrong = _alike(item, inner)
        if wrong:
            return wrong
    return None


def _pair(value: Value, kind: TraitType | None) -> str | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return "Two ends are expected."
    texts = all(isinstance(end, str) for end in value)
    if kind is TraitType.TIME or (kind is None and texts):
        wrong = _time(value[0]) or _time(value[1])
        if not wrong and instant(str(value[0])) >= instant(str(value[1])):
            return "It ends before it begins."
        return wrong
    wrong = _number(value[0]) or _number(value[1])
    if not wrong and value[0] > value[1]:  # type: ignore[operator]
        return "The first end is the larger."
    return wrong


def _alike(value: Scalar, kind: TraitType | None) -> str | None:
    if kind in {TraitType.NUMBER, TraitType.INTEGER} or (
        kind is None and not isinstance(value, str | bool)
    ):
        return _number(value)
    if kind is TraitType.FLAG and not isinstance(value, bool):
        return f"{value!r} is neither true nor false."
    if kind is TraitType.CATEGORY or isinstance(value, str):
        return _text(value)
    return None


def _number(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{value!r} is no number."
    if abs(value) > LARGEST:
        return f"{value:g} is too large."
    return None


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return f"{value!r} is no text."
    try:
        value.encode()
    except UnicodeEncodeError:
        return "The text holds half a character (a lone surrogate)."
    return None


def _time(value: Any) -> str | None:
    try:
        instant(value) if isinstance(value, str) else instant(repr(value))
    except UserError as error:
        return error.what
    return None


def _length(value: Any) -> str | None:
    try:
        length(value if isinstance(value, str) else repr(value))
    except UserError as error:
        return error.what
    return None


def _pattern(value: Any) -> str | None:
    if _text(value):
        return _text(value)
    if len(value) > LONGEST_PATTERN:
        return f"The pattern has {len(value):,} characters."
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(value, options=options)
    except re2.error as error:
        told = error.args[0]
        why = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
        return f"The pattern can't be read: {why}."
    return None


_SPECIAL: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "matches": _pattern,
    **dict.fromkeys(("contains", "starts_with", "ends_with"), _text),
    **dict.fromkeys(("before", "after"), _time),
    **dict.fromkeys(("within_last", "within_next"), _length),
}


def _accepted(op: str, kind: TraitType | None) -> str:
    """Say which value an operator takes."""
    if op in {"before", "after"}:
        return ACCEPTED_TIMES
    if op in {"within_last", "within_next"}:
        return ACCEPTED
    if op == "matches":
        return f"Give an RE2 pattern of at most {LONGEST_PATTERN} characters."
    if op == "between":
        times = f" or of times. {ACCEPTED_TIMES}" if kind in {TraitType.TIME, None} else "."
        return f"Give a list of two, the lower end first, of numbers up to a billion{times}"
    one = _ONE.get(kind) if kind else None
    if op in LISTS:
        return f"Give a list with at least one value, each {one or 'of the same type'}."
    return f"Give {one or ('a number up to a billion' if op in _ORDER else 'a value')}."


_ONE: Final[Mapping[TraitType, str]] = {
    TraitType.NUMBER: "a number up to a billion",
    TraitType.INTEGER: "a number up to a billion",
    TraitType.CATEGORY: "a text",
    TraitType.FLAG: "true or false",
}
