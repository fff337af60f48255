"""What an event leaf asks of a person's events: numbers that any engine can take, compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from kindred.segments import rules as r
from kindred.segments.amounts import millionths
from kindred.segments.durations import length
from kindred.segments.rules import EventLeaf, Filter
from kindred.segments.value_tests import number_test
from kindred.segments.windows import EVER, Window, window

What = Literal["count", "amounts", "periods"]
Column = Literal["n", "total", "mean", "low", "high"]


@dataclass(frozen=True)
class Measure:
    """Numbers made of a person's events of one name in one window.

    Parameters
    ----------
    what : {"count", "amounts", "periods"}
        ``count`` has the column ``n``; ``amounts`` of `property` has ``n``, ``total`` (in whole
        millionths), ``low`` and ``high``; ``periods`` has ``n``, how many of the periods of length
        `period`, counted back from the window's end, hold an event.
    """

    event: str
    where: tuple[Filter, ...]
    span: Window
    what: What = "count"
    property: str | None = None
    period: int | None = None


@dataclass(frozen=True)
class Condition:
    """A column of a measure compared with a number (or two); ``mean`` is ``total`` over ``n``.

    Of ``total`` and ``mean`` the number is in millionths.
    """

    measure: Measure
    column: Column
    op: str
    value: Any

    @property
    def of_nobody(self) -> bool:
        """Does it hold of a person without such events? Their count and sum is 0, the rest unknown.

        Examples
        --------
        >>> Condition(Measure("Order Completed", (), (0, 9)), "n", "lt", 3).of_nobody
        True
        """
        return self.column in {"n", "total"} and number_test(self.op, self.value)(0)


def conditions_of(leaf: EventLeaf, now: int) -> tuple[Condition, ...]:
    """Give the conditions that together are an event leaf at `now`, in microseconds since 1970."""
    return _CONDITIONS[type(leaf)](leaf, now)


def _event(leaf: r.EventRule, now: int) -> tuple[Condition, ...]:
    span = window(leaf)(now)
    counted = Measure(leaf.event, leaf.where, span)
    if leaf.aggregate == "did":
        return (Condition(counted, "n", "gt", 0),)
    if leaf.aggregate == "did_not":
        return (Condition(counted, "n", "eq", 0),)
    op = leaf.op or "eq"
    if leaf.aggregate == "count":
        return (Condition(counted, "n", op, leaf.value),)
    amounts = Measure(leaf.event, leaf.where, span, "amounts", leaf.property)
    column = _COLUMNS[leaf.aggregate]
    value = leaf.value if column in {"low", "high"} else _in_millionths(leaf.value)
    return (Condition(amounts, column, op, value),)


_COLUMNS: Final[Mapping[str, Column]] = {
    "sum": "total",
    "avg": "mean",
    "min": "low",
    "max": "high",
}


def _in_millionths(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(millionths(end) or 0 for end in value)
    return millionths(value) or 0


def _some(leaf: EventLeaf, start: int, end: int) -> Condition:
    return Condition(Measure(leaf.event, leaf.where, (start, max(start, end))), "n", "gt", 0)


def _none(leaf: EventLeaf, start: int, end: int) -> Condition:
    return Condition(Measure(leaf.event, leaf.where, (start, max(start, end))), "n", "eq", 0)


def _first_time(leaf: r.FirstTimeRule, now: int) -> tuple[Condition, ...]:
    start, end = window(leaf)(now)
    return (_some(leaf, start, end), _none(leaf, EVER, min(start, now)))


def _stopped(leaf: r.StoppedRule, now: int) -> tuple[Condition, ...]:
    since = now - length(leaf.within)
    start = since - length(leaf.before) if leaf.before else EVER
    return (_none(leaf, since, now), _some(leaf, start, since))


def _restarted(leaf: r.RestartedRule, now: int) -> tuple[Condition, ...]:
    since = now - length(leaf.within)
    silent = since - length(leaf.silence)
    return (_some(leaf, since, now), _none(leaf, silent, since), _some(leaf, EVER, silent))


def _regularly(leaf: r.RegularlyRule, now: int) -> tuple[Condition, ...]:
    period = length(leaf.period)
    span = (now - leaf.periods * period, now)
    measure = Measure(leaf.event, leaf.where, span, "periods", period=period)
    return (Condition(measure, "n", "gte", leaf.at_least),)


_CONDITIONS: Final[Mapping[type, Callable[[Any, int], tuple[Condition, ...]]]] = {
    r.EventRule: _event,
    r.FirstTimeRule: _first_time,
    r.StoppedRule: _stopped,
    r.RestartedRule: _restarted,
    r.RegularlyRule: _regularly,
}
