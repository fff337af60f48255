"""Why a person is in, or is not: the leaves that decided, with the person's own values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kindred.segments import rules as r
from kindred.segments.amounts import MILLION, millionths
from kindred.segments.context import Context
from kindred.segments.describe import Names, clause
from kindred.segments.durations import length, micros, moment
from kindred.segments.event_tests import amounts_of, matching
from kindred.segments.membership import belongs
from kindred.segments.profile import Profile
from kindred.segments.rules import Rule
from kindred.segments.walk import children, join
from kindred.segments.windows import EVER, window


@dataclass(frozen=True)
class Evidence:
    """One leaf that decided.

    Parameters
    ----------
    path : str
        Of the leaf in the rule; through a segment, ``rules[1].segment(lapsed).rules[0]``.
    holds : bool
        Does the leaf hold of the person?
    clause : str
        What the leaf asks, to follow “people”.
    value : object
        The person's own: a trait's value, a count, a sum, a time; None where unknown.
    """

    path: str
    holds: bool
    clause: str
    value: Any


def why(
    profile: Profile, rule: Rule, context: Context, as_of: datetime, names: Names | None = None
) -> list[Evidence]:
    """List the leaves that decide whether a person is in, in the order of the rule.

    A leaf decides when the outcome rests on it: of ``all`` that holds every rule, of one that
    fails those that fail, of ``any`` the other way round, of ``at_least`` those that hold (or,
    where too few do, those that don't).
    """
    return _why("", profile, rule, context, as_of, names, ())


def _why(
    path: str,
    profile: Profile,
    rule: Rule,
    context: Context,
    as_of: datetime,
    names: Names | None,
    within: tuple[str, ...],
) -> list[Evidence]:
    if isinstance(rule, r.SegmentRule):
        inner = context.segment(rule.segment, within)
        below = join(path, f"segment({rule.segment})")
        keys = (*within, rule.segment)
        return _why(below, profile, inner, context, as_of, names, keys)
    parts = children(rule)
    if not parts:
        if isinstance(rule, r.AllRule | r.AnyRule | r.AtLeastRule):
            return []
        holds = belongs(profile, rule, context, as_of)
        value = _VALUES[type(rule)](profile, rule, micros(as_of))
        return [Evidence(path, holds, clause(rule, names), value)]
    outcome = belongs(profile, rule, context, as_of)
    return [
        found
        for step, child in parts
        if isinstance(rule, r.NotRule) or belongs(profile, child, context, as_of) is outcome
        for found in _why(join(path, step), profile, child, context, as_of, names, within)
    ]


def _event_value(profile: Profile, rule: r.EventRule, now: int) -> Any:
    if rule.aggregate in {"count", "did", "did_not"}:
        return len(matching(rule.event, rule.where)(profile, window(rule)(now)))
    amounts = amounts_of(rule)(profile, now)
    if rule.aggregate in {"min", "max"}:
        pick = min if rule.aggregate == "min" else max
        return pick(amounts) if amounts else None
    total = sum(millionths(amount) or 0 for amount in amounts) / MILLION
    if rule.aggregate == "sum":
        return total
    return total / len(amounts) if amounts else None


def _first(profile: Profile, rule: r.FirstTimeRule, now: int) -> datetime | None:
    times = matching(rule.event, rule.where)(profile, (EVER, now))
    return moment(times[0]) if times else None


def _last(profile: Profile, rule: r.StoppedRule | r.RestartedRule, now: int) -> datetime | None:
    times = matching(rule.event, rule.where)(profile, (EVER, now))
    return moment(times[-1]) if times else None


def _periods(profile: Profile, rule: r.RegularlyRule, now: int) -> int:
    period = length(rule.period)
    times = matching(rule.event, rule.where)(profile, (now - rule.periods * period, now))
    return len({(now - 1 - at) // period for at in times})


def _sequence(profile: Profile, rule: r.SequenceRule, now: int) -> datetime | None:
    last = rule.steps[-1]
    times = matching(last.event, last.where)(profile, window(rule)(now))
    return moment(times[-1]) if times else None


_VALUES: Final[Mapping[type, Callable[[Profile, Any, int], Any]]] = {
    r.TraitRule: lambda profile, rule, _: profile.traits.get(rule.trait),
    r.PercentileRule: lambda profile, rule, _: profile.traits.get(rule.trait),
    r.EventRule: _event_value,
    r.FirstTimeRule: _first,
    r.StoppedRule: _last,
    r.RestartedRule: _last,
    r.RegularlyRule: _periods,
    r.SequenceRule: _sequence,
    r.ClusterRule: lambda profile, rule, _: profile.clusters.get(rule.run),
    r.ListRule: lambda profile, _, __: profile.person_id,
}
