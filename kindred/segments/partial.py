"""Membership where only a person's later events are at hand: true, false, or not known.

Live state holds each person's events from some time on. A rule is answered from them as long as
nothing earlier could change the answer: because its windows reach no further back, or because what
was seen decides. Who has bought has ever bought; who bought yesterday has not stopped buying.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.durations import length
from kindred.segments.event_tests import Holds, matching
from kindred.segments.measures import Condition, conditions_of
from kindred.segments.membership import compile_holds
from kindred.segments.profile import Profile
from kindred.segments.rules import Leaf, Rule
from kindred.segments.value_tests import number_test
from kindred.segments.windows import EVER, window

Known = Callable[[Profile, int, int], bool | None]  # of a profile, now and since when, in µs
Start = Callable[[int], int]  # how far back a leaf looks, of now

_BOTH: Final[frozenset[bool]] = frozenset({True, False})
_ONLY_YES: Final = frozenset({True})
_ONLY_NO: Final = frozenset({False})
_NEITHER: Final[frozenset[bool]] = frozenset()
_MORE: Final = frozenset({"gt", "gte"})
_LESS: Final = frozenset({"lt", "lte"})


def compile_known(rule: Rule, context: Context) -> Known:
    """Make a function that tells whether a person is in, or None where it takes earlier events.

    The profile holds all of the person's events from `since` on, and may hold some before.

    Raises
    ------
    UserError
        The context lacks what the rule refers to, or segments refer to one another in a circle.
    """
    return _compile(rule, context, ())


def _compile(rule: Rule, context: Context, within: tuple[str, ...]) -> Known:
    match rule:
        case r.SegmentRule():
            inner = context.segment(rule.segment, within)
            return _compile(inner, context, (*within, rule.segment))
        case r.NotRule():
            return _negated(_compile(rule.rule, context, within))
        case r.AllRule():
            return _at_least(len(rule.rules), [_compile(x, context, within) for x in rule.rules])
        case r.AnyRule():
            return _at_least(1, [_compile(x, context, within) for x in rule.rules])
        case r.AtLeastRule():
            return _at_least(rule.count, [_compile(x, context, within) for x in rule.rules])
        case _:
            return _leaf(rule, compile_holds(rule, context))


def _negated(inner: Known) -> Known:
    def known(profile: Profile, now: int, since: int) -> bool | None:
        found = inner(profile, now, since)
        return None if found is None else not found

    return known


def _at_least(count: int, parts: Sequence[Known]) -> Known:
    """Hold where enough parts do; fail where too many don't; else it is not known."""
    most_failing = len(parts) - count

    def known(profile: Profile, now: int, since: int) -> bool | None:
        held = failed = 0
        for part in parts:
            if held >= count or failed > most_failing:
                break
            found = part(profile, now, since)
            held += found is True
            failed += found is False
        if held >= count:
            return True
        return False if failed > most_failing else None

    return known


def _leaf(leaf: Leaf, exact: Holds) -> Known:
    start = _start(leaf)
    if start is None:
        return lambda profile, now, _: exact(profile, now)
    if isinstance(leaf, r.FirstTimeRule | r.StoppedRule | r.RestartedRule):
        seen = _of_several(leaf)
    else:
        stays = _stays(leaf)

        def seen(profile: Profile, now: int, _: int) -> bool | None:
            found = exact(profile, now)
            return found if found in stays else None

    def known(profile: Profile, now: int, since: int) -> bool | None:
        if start(now) >= since:
            return exact(profile, now)
        return seen(profile, now, since)

    return known


def _start(leaf: Leaf) -> Start | None:
    """Tell how far back a leaf looks; nothing where it asks about no event."""
    match leaf:
        case r.EventRule() | r.SequenceRule():
            span = window(leaf)
            return lambda now: span(now)[0]
        case r.StoppedRule() if leaf.before:
            back = length(leaf.within) + length(leaf.before)
            return lambda now: now - back
        case r.RegularlyRule():
            back = leaf.periods * length(leaf.period)
            return lambda now: now - back
        case r.FirstTimeRule() | r.StoppedRule() | r.RestartedRule():
            return lambda _: EVER
        case _:
            return None


def _stays(leaf: Leaf) -> frozenset[bool]:
    """Name the answers, of those later events give, that no earlier event could change."""
    if isinstance(leaf, r.RegularlyRule | r.SequenceRule):
        return _ONLY_YES  # what comes between the steps of a sequence and after it was seen too
    assert isinstance(leaf, r.EventRule)
    if leaf.aggregate in {"did", "did_not"}:
        return _ONLY_YES if leaf.aggregate == "did" else _ONLY_NO
    growing = {"count": _MORE, "max": _MORE, "min": _LESS}.get(leaf.aggregate, frozenset())
    shrinking = _LESS if leaf.aggregate == "count" else frozenset()
    if leaf.op in growing:
        return _ONLY_YES
    return _ONLY_NO if leaf.op in shrinking else _NEITHER


def _of_several(leaf: Any) -> Known:
    """Answer a leaf that is several counts at once: one that fails for good fails all."""
    found = matching(leaf.event, leaf.where)

    def counted(condition: Condition, profile: Profile, since: int) -> bool | None:
        span = condition.measure.span
        holds = number_test(condition.op, condition.value)(len(found(profile, span)))
        if span[0] >= since:
            return holds
        # More events could only add to the count: some stay some, and none may not stay none.
        return holds if holds == (condition.op == "gt") else None

    def known(profile: Profile, now: int, since: int) -> bool | None:
        answers = [counted(each, profile, since) for each in conditions_of(leaf, now)]
        return False if False in answers else None if None in answers else True

    return known
