"""A rule in GrowthBook's condition language: what that can say exactly, and why the rest not.

An SDK evaluates the condition over the attributes that its page or server gives it: a person's
traits by name and, as ``id``, the person. Its every operator is written with the type it is for,
since older SDKs turn texts into numbers, and nothing into 0, before they compare.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from math import comb
from typing import Any, Final

from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.parse import Problem, RuleRefused
from kindred.segments.patterns import LINE_ENDS, Unsayable, literal, portable
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from kindred.segments.walk import children, join
from kindred.traits.trait import TraitType

PERSON: Final = "id"  # the attribute that holds who somebody is
EVERYBODY: Final[Mapping[str, Any]] = {}
NOBODY: Final[Mapping[str, Any]] = {"$not": {}}  # an empty $or holds of everybody
MOST_CHOICES: Final = 60
LARGEST: Final = 20_000  # bytes of JSON
Json = dict[str, Any]
Write = Callable[[str, Any], Json]  # of a trait's name and the rule's value

_INSTEAD: Final = "Ask Kindred itself, by OFREP or its own API."
_NO_TIMES: Final = "There are no times in the condition language."
_EVENTS: Final = "What a person did is not among the attributes that an SDK is given."
_REASONS: Final[Mapping[type, str]] = {
    r.PercentileRule: "Where a percentile begins moves with everybody's values.",
    r.ClusterRule: "A person's cluster is not among the attributes that an SDK is given.",
}
_INHERITED: Final = frozenset(  # names that every object of JavaScript has
    {
        *("__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__"),
        *("__lookupSetter__", "constructor", "hasOwnProperty", "isPrototypeOf"),
        *("propertyIsEnumerable", "toLocaleString", "toString", "valueOf"),
    }
)


@dataclass(frozen=True)
class Condition:
    """A rule as another system reads it.

    Parameters
    ----------
    condition : mapping
        In GrowthBook's condition language.
    lists : tuple of str
        The lists that it asks about, as saved groups of the same names; sorted.
    """

    condition: Mapping[str, Any]
    lists: tuple[str, ...] = ()


class CannotSay(RuleRefused):
    """The condition language can't say a rule exactly; ``problems`` holds every reason."""


def condition(rule: Rule, context: Context, *, lists: frozenset[str] | None = None) -> Condition:
    """Write a rule in the condition language.

    Parameters
    ----------
    context : Context
        With the types of the traits, and the segments that the rule refers to.
    lists : frozenset of str, optional
        The lists that may be told, as saved groups; none at all unless given.

    Raises
    ------
    CannotSay
        Some of it can't be said exactly.

    Examples
    --------
    >>> given = Context(traits={"plan": TraitType.CATEGORY})
    >>> condition(r.TraitRule("plan", "eq", "pro"), given).condition
    {'plan': {'$type': 'string', '$eq': 'pro'}}
    """
    writer = _Writer(context, lists or frozenset())
    written = writer.write("", rule, ())
    if not writer.problems:
        _fits(writer, written)
    if writer.problems:
        raise CannotSay(writer.problems)
    return Condition(written, tuple(sorted(writer.used)))


def _fits(writer: _Writer, written: Json) -> None:
    try:
        length = len(json.dumps(written, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        writer.refuse("", "It holds half a character, which can't be sent.")
        return
    if length > LARGEST:
        writer.refuse("", "The condition would be too long to send to everybody.")


def attributes(profile: Profile) -> dict[str, Any]:
    """Give a person's attributes as a page or server would tell an SDK.

    Times are ISO 8601 texts; the person's id stands above a trait of that name.
    """
    told = {name: _told(value) for name, value in profile.traits.items()}
    return {**told, PERSON: profile.person_id}


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return [_told(item) for item in value] if isinstance(value, tuple) else value


class _Writer:
    """Writes one rule, and collects what can't be said."""

    def __init__(self, context: Context, lists: frozenset[str]) -> None:
        self.context = context
        self.lists = lists
        self.used: set[str] = set()
        self.problems: list[Problem] = []

    def refuse(self, path: str, what: str, instead: str = _INSTEAD) -> Json:
        self.problems.append(Problem(path, what, instead))
        return dict(NOBODY)

    def write(self, path: str, rule: Rule, within: tuple[str, ...]) -> Json:
        below = [self.write(join(path, step), child, within) for step, child in children(rule)]
        match rule:
            case r.NotRule():
                said = {"$not": below[0]}
            case r.AllRule():
                said = _all(below)
            case r.AnyRule():
                said = _any(below)
            case r.AtLeastRule():
                said = self._at_least(path, rule.count, below)
            case r.SegmentRule():
                said = self._segment(path, rule, within)
            case r.TraitRule():
                said = self._trait(path, rule)
            case r.ListRule():
                said = self._list(path, rule)
            case _:
                said = self.refuse(path, _REASONS.get(type(rule), _EVENTS))
        return said

    def _segment(self, path: str, rule: r.SegmentRule, within: tuple[str, ...]) -> Json:
        try:
            inner = self.context.segment(rule.segment, within)
        except UserError as error:
            return self.refuse(path, error.what, error.fix)
        return self.write(join(path, "segment"), inner, (*within, rule.segment))

    def _list(self, path: str, rule: r.ListRule) -> Json:
        if rule.list not in self.lists:
            return self.refuse(path, "Who is on a list may not be told here, or is too many.")
        self.used.add(rule.list)
        return {PERSON: {"$type": "string", "$inGroup": rule.list}}

    def _at_least(self, path: str, count: int, below: Sequence[Json]) -> Json:
        if count <= 0:
            return dict(EVERYBODY)
        if comb(len(below), count) > MOST_CHOICES:
            return self.refuse(path, "“At least so many of” has too many ways to come true.")
        return _any([_all(list(chosen)) for chosen in combinations(below, count)])

    def _trait(self, path: str, rule: r.TraitRule) -> Json:
        name, types = rule.trait, self.context.traits
        if types is None or name not in types:
            return self.refuse(path, f"There is no trait {name!r} whose type is known.")
        if name == PERSON or "." in name or name.startswith("$") or name in _INHERITED:
            return self.refuse(path, f"The name {name!r} means something else to an SDK.")
        if types[name] is TraitType.TIME and rule.op not in {"is_set", "is_not_set"}:
            return self.refuse(path, _NO_TIMES)
        write = _OPERATORS.get(rule.op)
        if write is None:
            return self.refuse(path, _NO_TIMES)
        try:
            return write(name, rule.value)
        except Unsayable as reason:
            return self.refuse(path, str(reason))


def _all(parts: Sequence[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {"$and": list(parts)} if parts else dict(EVERYBODY)


def _any(parts: Sequence[Json]) -> Json:
    return parts[0] if len(parts) == 1 else {"$or": list(parts)} if parts else dict(NOBODY)


_TYPES: Final = {bool: "boolean", int: "number", float: "number", str: "string"}
_NUMBER: Final = {"$type": "number"}
_TEXT: Final = {"$type": "string"}
_LIST: Final = {"$type": "array"}
_NO_LINE_END: Final[Mapping[str, Any]] = {"$not": {"$regex": f"[{LINE_ENDS}]$"}}


def _same(op: str) -> Write:
    return lambda name, value: {name: {"$type": _TYPES[type(value)], op: value}}


def _ordered(op: str) -> Write:
    def write(name: str, value: Any) -> Json:
        if type(value) not in (int, float):
            raise Unsayable("Only numbers come one after another.")
        return {name: {**_NUMBER, op: value}}

    return write


def _between(name: str, value: Any) -> Json:
    if isinstance(value[0], str):
        raise Unsayable(_NO_TIMES)
    return {name: {**_NUMBER, "$gte": value[0], "$lte": value[1]}}


def _among(op: str) -> Write:
    """One choice for each type among the values: a value of another type is as good as unknown."""

    def write(name: str, values: Any) -> Json:
        types = sorted({_TYPES[type(value)] for value in values})
        of = {kind: [v for v in values if _TYPES[type(v)] == kind] for kind in types}
        return _any([{name: {"$type": kind, op: of[kind]}} for kind in types])

    return write


def _found(before: str) -> Write:
    def write(name: str, text: Any) -> Json:
        return {name: {**_TEXT, "$regex": before + literal(text)} if text else dict(_TEXT)}

    return write


def _ends_with(name: str, text: Any) -> Json:
    if not text:
        return {name: dict(_TEXT)}
    if text[-1] in LINE_ENDS:
        raise Unsayable("Engines differ on the end of a text that ends in a line's end.")
    return {name: {**_TEXT, "$regex": f"{literal(text)}$", **_NO_LINE_END}}


def _matches(name: str, pattern: Any) -> Json:
    found = portable(pattern)
    return {name: {**_TEXT, "$regex": found.regex, **(_NO_LINE_END if found.at_end else {})}}


def _all_of(name: str, values: Any) -> Json:
    """Ask for one value at a time: ``$all`` takes 3 and "3" for the same in JavaScript."""
    return _all([{name: {**_LIST, "$in": [value]}} for value in values])


_OPERATORS: Final[Mapping[str, Write]] = {
    "eq": _same("$eq"),
    "ne": _same("$ne"),
    "lt": _ordered("$lt"),
    "lte": _ordered("$lte"),
    "gt": _ordered("$gt"),
    "gte": _ordered("$gte"),
    "between": _between,
    "in": _among("$in"),
    "not_in": _among("$nin"),
    "contains": _found(""),
    "starts_with": _found("^"),
    "ends_with": _ends_with,
    "matches": _matches,
    "is_set": lambda name, _: {name: {"$exists": True}},
    "is_not_set": lambda name, _: {name: {"$exists": False}},
    "any_of": lambda name, values: {name: {**_LIST, "$in": list(values)}},
    "all_of": _all_of,
    "none_of": lambda name, values: {name: {**_LIST, "$nin": list(values)}},
}
