"""Tests of one known value, each a closure: what every operator means in memory.

A test is true or false; a value of another type than the rule's is as good as unknown: false.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import re2

from kindred.segments.durations import instant, length, micros
from kindred.segments.rules import Scalar, Value

Test = Callable[[Any], bool]
TimedTest = Callable[[Any, int], bool]  # of a value and now, in microseconds

_NUMBERS: Final = (int, float)
_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def value_test(op: str, value: Value | None) -> Test:
    """Give the test of an operator that does not look at the clock."""
    if op == "is_set":
        return lambda _: True
    if op == "is_not_set":
        return lambda _: False  # the caller answers for unknown values
    if op in {"eq", "ne"}:
        assert not isinstance(value, tuple)
        return _equal(op, value)
    if op in {"lt", "lte", "gt", "gte"}:
        return _ordered(op, value)
    return _OTHERS[op](value)


def timed_test(op: str, value: Value | None) -> TimedTest | None:
    """Give the test of an operator that looks at the clock, else nothing."""
    if op == "within_last":
        back = length(str(value))
        return lambda v, now: isinstance(v, datetime) and now - back <= micros(v) < now
    if op == "within_next":
        ahead = length(str(value))
        return lambda v, now: isinstance(v, datetime) and now <= micros(v) < now + ahead
    return None


def number_test(op: str, value: Value | None) -> Callable[[Any], bool]:
    """Compare a number that is known to be one."""
    if op == "between":
        assert isinstance(value, tuple)
        low, high = value
        return lambda n: bool(low <= n <= high)
    compare = _COMPARE[op]
    return lambda n: compare(n, value)


def _equal(op: str, value: Scalar | None) -> Test:
    if isinstance(value, bool):
        wanted = value if op == "eq" else not value
        return lambda v: v is wanted
    if isinstance(value, str):
        if op == "eq":
            return lambda v: type(v) is str and v == value
        return lambda v: type(v) is str and v != value
    if op == "eq":
        return lambda v: type(v) in _NUMBERS and v == value
    return lambda v: type(v) in _NUMBERS and v != value


def _ordered(op: str, value: Value | None) -> Test:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return lambda _: False
    if op == "lt":
        return lambda v: type(v) in _NUMBERS and v < value
    if op == "lte":
        return lambda v: type(v) in _NUMBERS and v <= value
    if op == "gt":
        return lambda v: type(v) in _NUMBERS and v > value
    return lambda v: type(v) in _NUMBERS and v >= value


def _between(value: Any) -> Test:
    low, high = value
    if isinstance(low, str):
        start, end = instant(low), instant(high)
        return lambda v: isinstance(v, datetime) and start <= v < end
    return lambda v: type(v) in _NUMBERS and low <= v <= high


def _sorts(values: Any) -> tuple[frozenset[str], frozenset[float], frozenset[bool]]:
    """Part values by type, since 1 and True are the same to a set."""
    texts = frozenset(v for v in values if isinstance(v, str))
    flags = frozenset(v for v in values if isinstance(v, bool))
    return texts, frozenset(v for v in values if type(v) in _NUMBERS), flags


def _in(values: Any) -> Test:
    texts, numbers, flags = _sorts(values)
    if texts and not numbers and not flags:
        return lambda v: type(v) is str and v in texts

    def test(v: Any) -> bool:
        if type(v) is str:
            return v in texts
        if type(v) is bool:
            return v in flags
        return type(v) in _NUMBERS and v in numbers

    return test


def _not_in(values: Any) -> Test:
    texts, numbers, flags = _sorts(values)

    def test(v: Any) -> bool:
        if type(v) is str:
            return bool(texts) and v not in texts
        if type(v) is bool:
            return bool(flags) and v not in flags
        return type(v) in _NUMBERS and bool(numbers) and v not in numbers

    return test


def _matches(pattern: Any) -> Test:
    options = re2.Options()
    options.log_errors = False
    search = re2.compile(pattern, options=options).search
    return lambda v: type(v) is str and search(v) is not None


def _of_list(values: Any, holds: Callable[[Callable[[Any], bool], Any], bool]) -> Test:
    return lambda v: isinstance(v, tuple) and holds(_in(v), values)


def _before(end: datetime) -> Test:
    return lambda v: isinstance(v, datetime) and v < end


def _after(start: datetime) -> Test:
    return lambda v: isinstance(v, datetime) and v >= start


_OTHERS: Final[Mapping[str, Callable[[Any], Test]]] = {
    "between": _between,
    "in": _in,
    "not_in": _not_in,
    "contains": lambda part: lambda v: type(v) is str and part in v,
    "starts_with": lambda start: lambda v: type(v) is str and v.startswith(start),
    "ends_with": lambda end: lambda v: type(v) is str and v.endswith(end),
    "matches": _matches,
    "before": lambda text: _before(instant(text)),
    "after": lambda text: _after(instant(text)),
    "any_of": lambda values: _of_list(values, lambda has, wanted: any(map(has, wanted))),
    "all_of": lambda values: _of_list(values, lambda has, wanted: all(map(has, wanted))),
    "none_of": lambda values: _of_list(values, lambda has, wanted: not any(map(has, wanted))),
}
