"""Event leaves in memory: filters, windows, numbers of events, sequences."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any, Final

from kindred.segments.amounts import millionths
from kindred.segments.durations import length
from kindred.segments.profile import NOTHING, Profile, Track
from kindred.segments.rules import (
    EventRule,
    Filter,
    FirstTimeRule,
    PropertyFilter,
    RegularlyRule,
    RestartedRule,
    SequenceRule,
    StoppedRule,
)
from kindred.segments.value_tests import number_test, value_test
from kindred.segments.windows import EVER, Window, window

Holds = Callable[[Profile, int], bool]  # of a profile and now, in microseconds
Properties = Mapping[str, Any]
Found = Callable[[Profile, Window], list[int]]  # times of matching events in a window


def filter_test(filters: tuple[Filter, ...]) -> Callable[[Properties], bool] | None:
    """Test an event's properties; nothing where there is no filter."""
    if not filters:
        return None
    tests = [_property(f) if isinstance(f, PropertyFilter) else _product(f) for f in filters]
    if len(tests) == 1:
        return tests[0]
    return lambda properties: all(test(properties) for test in tests)


def _property(condition: PropertyFilter) -> Callable[[Properties], bool]:
    name, test = condition.property, value_test(condition.op, condition.value)
    if condition.op == "is_not_set":
        return lambda properties: _known(properties.get(name)) is None

    def holds(properties: Properties) -> bool:
        value = _known(properties.get(name))
        return value is not None and test(value)

    return holds


def _product(condition: Any) -> Callable[[Properties], bool]:
    tests = [_property(inner) for inner in condition.products]

    def holds(properties: Properties) -> bool:
        products = properties.get("products") or ()
        return any(
            product is not None and all(test(product) for test in tests) for product in products
        )

    return holds


def _known(value: Any) -> Any:
    """Take NaN, which equals nothing, for unknown."""
    return None if value is None or value != value else value  # noqa: PLR0124


def matching(event: str, where: tuple[Filter, ...]) -> Found:
    """Find the times of an event's occurrences in a window."""
    test = filter_test(where)

    def found(profile: Profile, span: Window) -> list[int]:
        track = profile.events.get(event, NOTHING)
        first, last = _bounds(track, span)
        if test is None:
            return track.times[first:last]
        return [track.times[i] for i in range(first, last) if test(track.properties[i])]

    return found


def _bounds(track: Track, span: Window) -> tuple[int, int]:
    first = bisect_left(track.times, span[0])
    return first, bisect_left(track.times, span[1], first)


def _counting(event: str, where: tuple[Filter, ...]) -> Callable[[Profile, Window], int]:
    if where:
        found = matching(event, where)
        return lambda profile, span: len(found(profile, span))

    def count(profile: Profile, span: Window) -> int:
        track = profile.events.get(event)
        if track is None:
            return 0
        first, last = _bounds(track, span)
        return last - first

    return count


def event_test(rule: EventRule) -> Holds:
    """Compare a number of events, or of what a property adds up to."""
    span = window(rule)
    if rule.aggregate in {"count", "did", "did_not"}:
        count = _counting(rule.event, rule.where)
        if rule.aggregate == "did":
            return lambda profile, now: count(profile, span(now)) > 0
        if rule.aggregate == "did_not":
            return lambda profile, now: count(profile, span(now)) == 0
        passes = number_test(rule.op or "eq", rule.value)
        return lambda profile, now: passes(count(profile, span(now)))
    compare = AGGREGATES[rule.aggregate](rule.op or "eq", rule.value)
    amounts = amounts_of(rule)
    return lambda profile, now: compare(amounts(profile, now))


def amounts_of(rule: EventRule) -> Callable[[Profile, int], list[float]]:
    """Collect what a rule aggregates: the property of each event, where it is an amount."""
    span, test, name = window(rule), filter_test(rule.where), rule.property or ""

    def amounts(profile: Profile, now: int) -> list[float]:
        track = profile.events.get(rule.event, NOTHING)
        first, last = _bounds(track, span(now))
        return [
            float(properties[name])
            for properties in track.properties[first:last]
            if millionths(properties.get(name)) is not None and (test is None or test(properties))
        ]

    return amounts


def _ends(op: str, value: Any, scale: int) -> tuple[str, Any]:
    if isinstance(value, tuple):
        return op, tuple((millionths(end) or 0) * scale for end in value)
    return op, (millionths(value) or 0) * scale


def _sum_test(op: str, value: Any) -> Callable[[list[float]], bool]:
    passes = number_test(*_ends(op, value, 1))
    return lambda amounts: passes(sum(millionths(amount) or 0 for amount in amounts))


def _mean_test(op: str, value: Any) -> Callable[[list[float]], bool]:
    def holds(amounts: list[float]) -> bool:
        if not amounts:
            return False
        total = sum(millionths(amount) or 0 for amount in amounts)
        return number_test(*_ends(op, value, len(amounts)))(total)  # no division, no rounding

    return holds


def _extreme_test(pick: Callable[[list[float]], float], op: str, value: Any) -> Any:
    passes = number_test(op, value)
    return lambda amounts: bool(amounts) and passes(pick(amounts))


AGGREGATES: Final[Mapping[str, Callable[[str, Any], Callable[[list[float]], bool]]]] = {
    "sum": _sum_test,
    "avg": _mean_test,
    "min": lambda op, value: _extreme_test(min, op, value),
    "max": lambda op, value: _extreme_test(max, op, value),
}


def first_time_test(rule: FirstTimeRule) -> Holds:
    """Did it in the window, and never before it."""
    span, count = window(rule), _counting(rule.event, rule.where)

    def holds(profile: Profile, now: int) -> bool:
        start, end = span(now)
        return count(profile, (start, end)) > 0 and count(profile, (EVER, min(start, now))) == 0

    return holds


def stopped_test(rule: StoppedRule) -> Holds:
    """Did it before the silence, and not during it."""
    count, silence = _counting(rule.event, rule.where), length(rule.within)
    before = length(rule.before) if rule.before else None

    def holds(profile: Profile, now: int) -> bool:
        since = now - silence
        start = EVER if before is None else since - before
        return count(profile, (since, now)) == 0 and count(profile, (start, since)) > 0

    return holds


def restarted_test(rule: RestartedRule) -> Holds:
    """Did it lately, not in the silence before, and did before that."""
    count, lately, silence = (
        _counting(rule.event, rule.where),
        length(rule.within),
        length(rule.silence),
    )

    def holds(profile: Profile, now: int) -> bool:
        since = now - lately
        return (
            count(profile, (since, now)) > 0
            and count(profile, (since - silence, since)) == 0
            and count(profile, (EVER, since - silence)) > 0
        )

    return holds


def regularly_test(rule: RegularlyRule) -> Holds:
    """Did it in enough of the last periods."""
    found, period = matching(rule.event, rule.where), length(rule.period)

    def holds(profile: Profile, now: int) -> bool:
        times = found(profile, (now - rule.periods * period, now))
        return len({(now - 1 - at) // period for at in times}) >= rule.at_least

    return holds


def sequence_test(rule: SequenceRule) -> Holds:
    """Find one event strictly after another; see :func:`_reached` for why once is enough."""
    span = window(rule)
    steps = [
        (
            matching(step.event, step.where),
            length(step.within) if step.within else None,
            [matching(pattern.event, pattern.where) for pattern in step.without],
        )
        for step in rule.steps
    ]
    ends = _then_not(rule)

    def holds(profile: Profile, now: int) -> bool:
        start, end = span(now)
        reached: list[int] | None = None
        for found, gap, without in steps:
            here = found(profile, (start, end))
            if reached is not None:
                forbidden = sorted(at for f in without for at in f(profile, (start, end)))
                here = _reached(here, reached, gap, forbidden)
            if not here:
                return False
            reached = here
        return ends(profile, reached or [], now)

    return holds


def _reached(
    here: list[int], before: list[int], gap: int | None, forbidden: list[int]
) -> list[int]:
    """Keep the times that some time of the step before leads to.

    The latest one before serves best: it is the nearest, and nothing forbidden lies between that
    would not lie between an earlier one as well. So one search a time is enough.
    """
    kept = []
    for at in here:
        place = bisect_left(before, at)
        if not place:
            continue
        last = before[place - 1]
        if gap is not None and at - last > gap:
            continue
        blocked = bisect_left(forbidden, at)
        if blocked and forbidden[blocked - 1] > last:
            continue
        kept.append(at)
    return kept


def _then_not(rule: SequenceRule) -> Callable[[Profile, list[int], int], bool]:
    """Test that nothing of a kind follows; decided only once its time has gone by."""
    last = rule.then_not
    if last is None:
        return lambda *_: True
    found, gap = matching(last.event, last.where), length(last.within) if last.within else None

    def holds(profile: Profile, reached: list[int], now: int) -> bool:
        after = found(profile, (reached[0] + 1, now))
        for at in reached:
            if gap is not None and at + gap >= now:
                continue
            place = bisect_left(after, at + 1)
            if place == len(after) or (gap is not None and after[place] - at > gap):
                return True
        return False

    return holds
