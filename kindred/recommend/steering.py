"""A marketer's rules over recommendations: frozen types in one union tagged by `kind`, and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from kindred.errors import UserError

FORMAT: Final = 1  # of the stored document; a change that old readers can't read raises it
MOST_RULES: Final = 100
MOST_VALUES: Final = 10_000

ItemOp = Literal[
    "eq",
    "ne",
    "in",
    "not_in",
    "contains",
    "lt",
    "lte",
    "gt",
    "gte",
    "is_set",
    "is_not_set",
]
Single = StrictInt | StrictFloat | StrictStr
ItemValue = Single | tuple[Single, ...]
NO_VALUE: Final = ("is_set", "is_not_set")
LISTED: Final = ("in", "not_in")

_STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)
Field_ = Annotated[StrictStr, Field(min_length=1, max_length=100)]


@dataclass(frozen=True)
class ItemFilter:
    """A field of an item's metadata compared with a value.

    A filter is two-valued: what is not known of an item passes ``is_not_set`` alone.
    """

    __pydantic_config__ = _STRICT
    field: Field_
    op: ItemOp
    value: ItemValue | None = None


Where = Annotated[tuple[ItemFilter, ...], Field(min_length=1, max_length=20)]


@dataclass(frozen=True)
class IncludeRule:
    """Show only items that pass all filters; of several such rules, one is enough."""

    __pydantic_config__ = _STRICT
    where: Where
    kind: Literal["include"] = "include"


@dataclass(frozen=True)
class ExcludeRule:
    """Never show items that pass all filters."""

    __pydantic_config__ = _STRICT
    where: Where
    kind: Literal["exclude"] = "exclude"


@dataclass(frozen=True)
class HideBoughtRule:
    """Never show what the person bought within so many days."""

    __pydantic_config__ = _STRICT
    days: Annotated[StrictInt, Field(ge=1, le=3650)]
    kind: Literal["hide_bought"] = "hide_bought"


@dataclass(frozen=True)
class PinRule:
    """Show these items first, in this order, where nothing forbids them."""

    __pydantic_config__ = _STRICT
    items: Annotated[tuple[StrictStr, ...], Field(min_length=1, max_length=50)]
    kind: Literal["pin"] = "pin"


@dataclass(frozen=True)
class BoostRule:
    """Lift items that pass all filters, or lower them.

    Parameters
    ----------
    by : float
        In shares of the way from the last candidate to the first: at 1 the last would stand with
        the first; negative lowers.
    """

    __pydantic_config__ = _STRICT
    where: Where
    by: Annotated[float, Field(ge=-1, le=1)]
    kind: Literal["boost"] = "boost"


@dataclass(frozen=True)
class CapRule:
    """Show at most so many items that have the same value in a field; unknown values don't count.

    Parameters
    ----------
    value : str, optional
        Only this value is capped; without it, every one.
    """

    __pydantic_config__ = _STRICT
    field: Field_
    at_most: Annotated[StrictInt, Field(ge=1, le=1000)]
    value: StrictStr | None = None
    kind: Literal["cap"] = "cap"


@dataclass(frozen=True)
class DiversityRule:
    """Prefer items unlike those above them, by maximal marginal relevance.

    Parameters
    ----------
    strength : float
        0 leaves the order as it is; at 1 only unlikeness counts.
    """

    __pydantic_config__ = _STRICT
    strength: Annotated[float, Field(ge=0, le=1)]
    kind: Literal["diversity"] = "diversity"


@dataclass(frozen=True)
class BlendRule:
    """Mix the scores of several models by weights of a marketer's own."""

    __pydantic_config__ = _STRICT
    weights: Annotated[dict[str, Annotated[float, Field(ge=0, le=1)]], Field(min_length=1)]
    kind: Literal["blend"] = "blend"


SteeringRule = Annotated[
    IncludeRule
    | ExcludeRule
    | HideBoughtRule
    | PinRule
    | BoostRule
    | CapRule
    | DiversityRule
    | BlendRule,
    Field(discriminator="kind"),
]


@dataclass(frozen=True)
class Steering:
    """Rules that hold together. Their order says nothing but the order of pins.

    What is forbidden is never shown, whatever is pinned or lifted; caps count pins.
    """

    __pydantic_config__ = _STRICT
    rules: Annotated[tuple[SteeringRule, ...], Field(max_length=MOST_RULES)] = ()

    def of(self, kind: type[Any]) -> list[Any]:
        """Give the rules of one type with their places."""
        return [rule for rule in self.rules if isinstance(rule, kind)]


IDENTITY: Final = Steering()


@cache
def adapter() -> TypeAdapter[Any]:
    """Give pydantic's reader; use :func:`read_steering` instead."""
    return TypeAdapter(Steering)


def read_steering(given: str | bytes | Mapping[str, Any]) -> Steering:
    """Read rules from JSON, bare or in their stored document.

    Raises
    ------
    UserError
        With the path to the first thing that is wrong.

    Examples
    --------
    >>> read_steering({"rules": [{"kind": "cap", "field": "category", "at_most": 2}]})
    Steering(rules=(CapRule(field='category', at_most=2, value=None, kind='cap'),))
    """
    plain = _decoded(given)
    if isinstance(plain, Mapping) and "format" in plain:
        if plain["format"] != FORMAT:
            raise UserError(
                f"The format {plain['format']!r} is not known here.",
                f"This version reads format {FORMAT}.",
                "format",
            )
        plain = plain.get("steering")
    try:
        read: Steering = adapter().validate_python(plain)
    except ValidationError as error:
        raise _refused(error) from None
    for place, rule in enumerate(read.rules):
        for inner, tested in enumerate(getattr(rule, "where", ())):
            _check(tested, f"rules[{place}].where[{inner}]")
    if len(read.of(BlendRule)) > 1 or len(read.of(DiversityRule)) > 1:
        raise UserError(
            "There are two rules of blend or of diversity.", "Keep one of each.", "rules"
        )
    return read


def document(steering: Steering) -> dict[str, Any]:
    """Give what is stored: the rules with the version of their format."""
    return {"format": FORMAT, "steering": {"rules": [_dump(rule) for rule in steering.rules]}}


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of steering (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Kindred steering, format {FORMAT}",
        **adapter().json_schema(),
    }


def _decoded(given: str | bytes | Mapping[str, Any]) -> Any:
    if not isinstance(given, str | bytes):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise UserError("This is not JSON.", "Give steering as JSON text in UTF-8.") from None


def _dump(rule: Any) -> dict[str, Any]:
    """Give a rule as JSON values, `kind` first, without what is not set."""
    dumped: dict[str, Any] = {"kind": rule.kind} if hasattr(rule, "kind") else {}
    for known in fields(rule):
        value = getattr(rule, known.name)
        if known.name == "where":
            value = [_dump(tested) for tested in value]
        elif isinstance(value, tuple):
            value = list(value)
        if value is not None:
            dumped[known.name] = value
    return dumped


def _check(tested: ItemFilter, path: str) -> None:
    value, op = tested.value, tested.op
    if op in NO_VALUE:
        wrong = "takes no value" if value is not None else ""
    elif op in LISTED:
        listed = isinstance(value, tuple) and 0 < len(value) <= MOST_VALUES
        wrong = "" if listed else f"takes a list of 1 to {MOST_VALUES:,} values"
    elif op == "contains":
        wrong = "" if isinstance(value, str) and value else "takes a text"
    elif op in {"lt", "lte", "gt", "gte"}:
        wrong = "" if isinstance(value, int | float) else "takes a number"
    else:
        wrong = "takes one value" if value is None or isinstance(value, tuple) else ""
    if wrong:
        raise UserError(f"The operator {op} {wrong}.", f"Given was {value!r}.", path)


def _refused(error: ValidationError) -> UserError:
    first = error.errors(include_url=False)[0]
    path = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}"
        for part in first["loc"]
        if part not in _KINDS
    ).lstrip(".")
    more = error.error_count() - 1
    others = f" ({more} more problem{'s' if more > 1 else ''} after it.)" if more else ""
    return UserError(f"{first['msg']}.", f"Given was {first['input']!r}.{others}"[:400], path)


_KINDS: Final = frozenset(
    ("include", "exclude", "hide_bought", "pin", "boost", "cap", "diversity", "blend")
)
