"""Does one person belong: a rule compiled once to closures, run per profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from kindred.segments import event_tests
from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.event_tests import Holds
from kindred.segments.profile import Profile, micros_or_error
from kindred.segments.rules import Rule
from kindred.segments.value_tests import timed_test, value_test

Membership = Callable[[Profile, datetime], bool]
MOST_KEPT: Final = 4096
NAN: Final = float("nan")


def belongs(profile: Profile, rule: Rule, context: Context, as_of: datetime) -> bool:
    """Tell whether a person is in at `as_of`.

    The compiled rule is kept with the context, by the rule's identity.

    Raises
    ------
    UserError
        The context lacks what the rule refers to.
    """
    kept = context.compiled.get(id(rule))
    if kept is None:
        if len(context.compiled) >= MOST_KEPT:
            context.compiled.clear()
        kept = context.compiled[id(rule)] = (rule, _compile(rule, context, ()))
    return bool(kept[1](profile, micros_or_error(as_of)))


def compile_rule(rule: Rule, context: Context) -> Membership:
    """Make a function of a profile and a time that tells whether a person is in.

    Raises
    ------
    UserError
        The context lacks what the rule refers to, or segments refer to one another in a circle.
    """
    holds = compile_holds(rule, context)
    return lambda profile, as_of: holds(profile, micros_or_error(as_of))


def compile_holds(rule: Rule, context: Context) -> Holds:
    """Make the same of a profile and a time in microseconds since 1970."""
    return _compile(rule, context, ())


def _compile(rule: Rule, context: Context, within: tuple[str, ...]) -> Holds:
    if isinstance(rule, r.SegmentRule):
        inner = context.segment(rule.segment, within)
        return _compile(inner, context, (*within, rule.segment))
    if isinstance(rule, r.NotRule):
        negated = _compile(rule.rule, context, within)
        return lambda profile, now: not negated(profile, now)
    if isinstance(rule, r.AllRule | r.AnyRule | r.AtLeastRule):
        return _group(rule, [_compile(inner, context, within) for inner in rule.rules])
    return _LEAVES[type(rule)](rule, context)


def _group(rule: r.AllRule | r.AnyRule | r.AtLeastRule, parts: list[Holds]) -> Holds:
    if isinstance(rule, r.AllRule):

        def every(profile: Profile, now: int) -> bool:
            for part in parts:  # noqa: SIM110 -- half the time of all() over a generator
                if not part(profile, now):
                    return False
            return True

        return every
    if isinstance(rule, r.AnyRule):

        def some(profile: Profile, now: int) -> bool:
            for part in parts:  # noqa: SIM110
                if part(profile, now):
                    return True
            return False

        return some
    count = rule.count
    return lambda profile, now: sum(part(profile, now) for part in parts) >= count


def _trait(rule: r.TraitRule, context: Context) -> Holds:
    context.require_trait(rule.trait)
    name = rule.trait
    if rule.op == "is_set":
        return lambda profile, _: name in profile.traits
    if rule.op == "is_not_set":
        return lambda profile, _: name not in profile.traits
    quick = _quick(name, rule.op, rule.value)
    if quick is not None:
        return quick
    timed = timed_test(rule.op, rule.value)
    if timed is not None:
        return lambda profile, now: timed(profile.traits.get(name), now)
    test = value_test(rule.op, rule.value)
    return lambda profile, _: test(profile.traits.get(name))  # no test holds of None


def _quick(name: str, op: str, value: Any) -> Holds | None:
    """Compare in one call what is asked most, where no type has to be looked at.

    A number that is unknown is NaN, of which no comparison holds but ``ne``. A text equals only
    texts.
    """
    if isinstance(value, str) and op == "eq":
        return lambda profile, _: profile.traits.get(name) == value
    if op == "in" and all(isinstance(one, str) for one in value):
        texts = frozenset(value)
        return lambda profile, _: profile.traits.get(name) in texts
    if type(value) not in (int, float):
        return None
    comparisons: dict[str, Holds] = {
        "eq": lambda profile, _: profile.numbers.get(name, NAN) == value,
        "lt": lambda profile, _: profile.numbers.get(name, NAN) < value,
        "lte": lambda profile, _: profile.numbers.get(name, NAN) <= value,
        "gt": lambda profile, _: profile.numbers.get(name, NAN) > value,
        "gte": lambda profile, _: profile.numbers.get(name, NAN) >= value,
    }
    return comparisons.get(op)


def _percentile(rule: r.PercentileRule, context: Context) -> Holds:
    context.require_trait(rule.trait)
    threshold = context.threshold(rule)
    if threshold is None:
        return lambda *_: False
    held = _quick(rule.trait, "gte" if rule.end == "top" else "lte", threshold)
    assert held is not None
    return held


def _cluster(rule: r.ClusterRule, context: Context) -> Holds:
    context.require_run(rule.run)
    return lambda profile, _: profile.clusters.get(rule.run) == rule.cluster


def _list(rule: r.ListRule, context: Context) -> Holds:
    ids = context.ids(rule.list)
    return lambda profile, _: profile.person_id in ids


_LEAVES: Final[Mapping[type, Callable[[Any, Context], Holds]]] = {
    r.TraitRule: _trait,
    r.PercentileRule: _percentile,
    r.ClusterRule: _cluster,
    r.ListRule: _list,
    r.EventRule: lambda rule, _: event_tests.event_test(rule),
    r.FirstTimeRule: lambda rule, _: event_tests.first_time_test(rule),
    r.StoppedRule: lambda rule, _: event_tests.stopped_test(rule),
    r.RestartedRule: lambda rule, _: event_tests.restarted_test(rule),
    r.RegularlyRule: lambda rule, _: event_tests.regularly_test(rule),
    r.SequenceRule: lambda rule, _: event_tests.sequence_test(rule),
}
