"""Operators of the rule language over columns: what `value_tests` says of one value, in Ibis.

Types are the column's, so a value of another type than the rule's can't pass: the test is false
throughout. Every result is two-valued: unknown is false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt

from kindred.segments.durations import duration, instant
from kindred.segments.rules import Value

_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_type(text: str, pointer: str) -> str:  # type: ignore[empty-body]
    """Name the type of a member of a JSON object."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_extract_string(text: str, pointer: str) -> str:  # type: ignore[empty-body]
    """Read a member of a JSON object as text."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def regexp_matches(text: str, pattern: str) -> bool:  # type: ignore[empty-body]
    """Tell whether an RE2 pattern is found anywhere in a text."""


@dataclass(frozen=True)
class Cell:
    """One value of each row, by what it may be; None where it can't be that.

    Parameters
    ----------
    known : boolean column
        Is there a value at all?
    """

    known: Any
    text: Any = None
    number: Any = None
    flag: Any = None
    time: Any = None
    items: Any = None

    def like(self, value: Any) -> Any:
        """Give the column that a rule's value can be compared with."""
        if isinstance(value, bool):
            return self.flag
        return self.text if isinstance(value, str) else self.number


def column_cell(column: Any) -> Cell:
    """Take a typed column for a cell; NaN is unknown."""
    kind, known = column.type(), column.notnull()
    if kind.is_floating():
        number = ibis.ifelse(column.isnan(), ibis.null(kind), column)
        return Cell(number.notnull(), number=number)
    for is_kind, place in (
        (kind.is_boolean, "flag"),
        (kind.is_numeric, "number"),
        (kind.is_string, "text"),
        (kind.is_timestamp, "time"),
        (kind.is_array, "items"),
    ):
        if is_kind():
            return Cell(known, **{place: column})
    return Cell(known)


def json_cell(text: Any, name: str) -> Cell:
    """Take a member of a JSON object for a cell."""
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    kind, value = json_type(text, pointer), json_extract_string(text, pointer)
    number = ibis.ifelse(kind.isin(_JSON_NUMBERS), value.try_cast("float64"), None)
    return Cell(
        (kind != "NULL").fill_null(False),
        text=ibis.ifelse(kind == "VARCHAR", value, None),
        number=number,
        flag=ibis.ifelse(kind == "BOOLEAN", value == "true", None),
    )


_JSON_NUMBERS: Final = ("UBIGINT", "BIGINT", "DOUBLE", "HUGEINT", "UHUGEINT")


def compare(number: Any, op: str, value: Any) -> Any:
    """Compare a column of numbers, or an array, with a number or two."""
    if op == "between":
        return (number >= value[0]) & (number <= value[1])
    return _COMPARE[op](number, value)


def holds(cell: Cell, op: str, value: Value | None, as_of: datetime) -> Any:
    """Give the boolean column of an operator; never null."""
    if op == "is_set":
        return cell.known
    if op == "is_not_set":
        return ~cell.known
    found = _test(cell, op, value, as_of)
    return ibis.literal(False) if found is None else found.fill_null(False)


def _test(cell: Cell, op: str, value: Any, as_of: datetime) -> Any:
    if op in {"eq", "ne"}:
        column = cell.like(value)
        return None if column is None else compare(column, op, value)
    if op in {"lt", "lte", "gt", "gte"}:
        return None if cell.number is None or _no_number(value) else compare(cell.number, op, value)
    if op in _TEXT:
        return None if cell.text is None else _TEXT[op](cell.text, value)
    if op in _TIME:
        return None if cell.time is None else _TIME[op](cell.time, value, as_of)
    if op in _LISTS:
        return None if cell.items is None else _items(cell.items, op, value)
    return _between(cell, value) if op == "between" else _among(cell, op, value)


def _no_number(value: Any) -> bool:
    return isinstance(value, bool) or not isinstance(value, int | float)


def _between(cell: Cell, value: Any) -> Any:
    if isinstance(value[0], str):
        if cell.time is None:
            return None
        return (cell.time >= time(instant(value[0]))) & (cell.time < time(instant(value[1])))
    return None if cell.number is None else compare(cell.number, "between", value)


def _among(cell: Cell, op: str, values: Any) -> Any:
    """Test ``in`` and ``not_in`` for each type that the values have."""
    found = None
    for wanted in _by_type(values):
        column = cell.like(wanted[0])
        if column is not None:
            test = column.isin(wanted) if op == "in" else column.notin(wanted)
            test = test.fill_null(False)
            found = test if found is None else found | test
    return found


def _by_type(values: Any) -> list[list[Any]]:
    flags = [v for v in values if isinstance(v, bool)]
    texts = [v for v in values if isinstance(v, str)]
    numbers = [v for v in values if not isinstance(v, bool | str)]
    return [part for part in (texts, numbers, flags) if part]


def _items(column: Any, op: str, values: Any) -> Any:
    inner = column.type().value_type
    tests = [
        column.contains(value).fill_null(False)
        for value in values
        if _fits(inner, value)  # what can't be in the list is not in it
    ]
    if op == "all_of" and len(tests) < len(values):
        return None
    none = ibis.literal(False)
    together = ibis.and_(*tests) if op == "all_of" else ibis.or_(none, *tests)
    return column.notnull() & (~together if op == "none_of" else together)


def _fits(inner: dt.DataType, value: Any) -> bool:
    if isinstance(value, bool):
        return bool(inner.is_boolean())
    return bool(inner.is_string() if isinstance(value, str) else inner.is_numeric())


def time(moment: datetime) -> Any:
    """Write a time for an engine whose clock is UTC."""
    return ibis.literal(moment, type=dt.Timestamp(timezone="UTC", scale=6))


_TEXT: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "contains": lambda column, value: column.contains(value),
    "starts_with": lambda column, value: column.startswith(value),
    "ends_with": lambda column, value: column.endswith(value),
    "matches": regexp_matches,
}
_TIME: Final[Mapping[str, Callable[[Any, Any, datetime], Any]]] = {
    "before": lambda column, value, _: column < time(instant(value)),
    "after": lambda column, value, _: column >= time(instant(value)),
    "within_last": lambda column, value, now: (
        (column >= time(now - duration(value))) & (column < time(now))
    ),
    "within_next": lambda column, value, now: (
        (column >= time(now)) & (column < time(now + duration(value)))
    ),
}
_LISTS: Final = frozenset({"any_of", "all_of", "none_of"})
