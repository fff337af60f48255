"""Check a rule against what there is; every problem says where it is and what would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kindred.segments import rules as r
from kindred.segments.catalogue import Catalogue
from kindred.segments.check_values import check_value
from kindred.segments.check_windows import check_duration, check_window
from kindred.segments.references import find_cycle, refuse_unknown
from kindred.segments.refusal import Problem, RuleRefused
from kindred.segments.rules import Rule
from kindred.segments.walk import children, join
from kindred.traits.trait import TraitType

Problems = Iterator[Problem]
NUMERIC = frozenset({TraitType.NUMBER, TraitType.INTEGER})
MOST_PERIODS = 400
MOST_STEPS = 8


def check(rule: Rule, catalogue: Catalogue, name: str | None = None) -> None:
    """Refuse a rule that has problems.

    Raises
    ------
    RuleRefused
        With all of them.
    """
    found = problems(rule, catalogue, name)
    if found:
        raise RuleRefused(found)


def problems(rule: Rule, catalogue: Catalogue, name: str | None = None) -> list[Problem]:
    """List what is wrong with a rule, in the order in which it is written.

    Parameters
    ----------
    name : str, optional
        Key of the segment that the rule is for; through others it may not come back to itself.
    """
    return list(_walk("", rule, catalogue, (name,) if name else ()))


def _walk(path: str, rule: Rule, catalogue: Catalogue, within: tuple[str, ...]) -> Problems:
    if isinstance(rule, r.SegmentRule):
        yield from _segment(path, rule, catalogue, within)
        return
    check_one = _CHECKS.get(type(rule))
    if check_one is not None:
        yield from check_one(path, rule, catalogue)
    for step, child in children(rule):
        yield from _walk(join(path, step), child, catalogue, within)


def _segment(
    path: str, rule: r.SegmentRule, catalogue: Catalogue, within: tuple[str, ...]
) -> Problems:
    here = join(path, "segment")
    if rule.segment not in within:
        yield from refuse_unknown(here, "segment", rule.segment, catalogue.segments)
    cycle = find_cycle(rule.segment, catalogue.segments or {}, within)
    if cycle:
        yield Problem(
            here,
            f"It would depend on itself: {' → '.join(cycle)}.",
            "Use a segment that does not lead back here.",
        )


def _trait(path: str, rule: r.TraitRule, catalogue: Catalogue) -> Problems:
    traits = catalogue.traits
    yield from refuse_unknown(join(path, "trait"), "trait", rule.trait, traits)
    kind = traits.get(rule.trait) if traits else None
    yield from check_value(path, rule.op, rule.value, kind)


def _percentile(path: str, rule: r.PercentileRule, catalogue: Catalogue) -> Problems:
    traits = catalogue.traits
    yield from refuse_unknown(join(path, "trait"), "trait", rule.trait, traits)
    if traits and rule.trait in traits and traits[rule.trait] not in NUMERIC:
        numeric = sorted(name for name, kind in traits.items() if kind in NUMERIC)[:8]
        yield Problem(
            join(path, "trait"),
            f"{rule.trait!r} is no number, so nobody is at its top.",
            f"Choose a number, such as {', '.join(numeric)}." if numeric else "There is none.",
        )
    if not 0 < rule.percent < 100:
        yield Problem(
            join(path, "percent"),
            f"{rule.percent:g} % is everybody or nobody.",
            "Give more than 0 and less than 100.",
        )


def _event(path: str, rule: r.EventRule, catalogue: Catalogue) -> Problems:
    yield from _pattern(path, rule, catalogue)
    yield from check_window(path, rule)
    did = rule.aggregate in {"did", "did_not"}
    if did:
        for name in ("op", "value", "property"):
            if getattr(rule, name) is not None:
                yield Problem(
                    join(path, name),
                    f"{rule.aggregate!r} compares nothing.",
                    f"Leave {name!r} out, or choose another aggregate.",
                )
        return
    if rule.op is None:
        accepted = "Use eq, ne, lt, lte, gt, gte or between."
        yield Problem(join(path, "op"), "'op' is missing.", accepted)
    else:
        yield from check_value(path, rule.op, rule.value, TraitType.NUMBER)
    yield from _aggregated(path, rule, catalogue)


def _aggregated(path: str, rule: r.EventRule, catalogue: Catalogue) -> Problems:
    here = join(path, "property")
    if rule.aggregate == "count":
        if rule.property is not None:
            yield Problem(here, "A count is of events, not of a property.", "Leave it out.")
        return
    if not rule.property:
        yield Problem(here, "'property' is missing.", f"Say what the {rule.aggregate} is of.")
        return
    known = (catalogue.events or {}).get(rule.event)
    yield from refuse_unknown(here, f"property of {rule.event}", rule.property, known)
    kind = known.get(rule.property) if known else None
    if kind is not None and kind not in NUMERIC:
        yield Problem(
            here, f"{rule.property!r} is no number.", "Choose a property that is a number."
        )


def _pattern(path: str, pattern: Any, catalogue: Catalogue) -> Problems:
    """Check an event's name and its filters."""
    yield from refuse_unknown(join(path, "event"), "event", pattern.event, catalogue.events)
    known = (catalogue.events or {}).get(pattern.event)
    for i, condition in enumerate(pattern.where):
        here = join(path, f"where[{i}]")
        if isinstance(condition, r.PropertyFilter):
            yield from _property(here, condition, known, f"property of {pattern.event}")
            continue
        if not condition.products:
            yield Problem(
                join(here, "products"),
                "It asks nothing of a product.",
                "Give at least one filter, or leave it out.",
            )
        for j, inner in enumerate(condition.products):
            below = join(here, f"products[{j}]")
            yield from _property(below, inner, PRODUCT_PROPERTIES, "property of a product")


def _property(
    path: str, condition: r.PropertyFilter, known: Mapping[str, TraitType] | None, what: str
) -> Problems:
    if not condition.property:
        yield Problem(join(path, "property"), "It names no property.", "Name one.")
        return
    yield from refuse_unknown(join(path, "property"), what, condition.property, known)
    kind = known.get(condition.property) if known else None
    yield from check_value(path, condition.op, condition.value, kind)


def _first_time(path: str, rule: r.FirstTimeRule, catalogue: Catalogue) -> Problems:
    yield from _pattern(path, rule, catalogue)
    yield from check_window(path, rule)


def _stopped(path: str, rule: r.StoppedRule, catalogue: Catalogue) -> Problems:
    yield from _pattern(path, rule, catalogue)
    yield from check_duration(join(path, "within"), rule.within)
    yield from check_duration(join(path, "before"), rule.before)


def _restarted(path: str, rule: r.RestartedRule, catalogue: Catalogue) -> Problems:
    yield from _pattern(path, rule, catalogue)
    yield from check_duration(join(path, "within"), rule.within)
    yield from check_duration(join(path, "silence"), rule.silence)


def _regularly(path: str, rule: r.RegularlyRule, catalogue: Catalogue) -> Problems:
    yield from _pattern(path, rule, catalogue)
    yield from check_duration(join(path, "period"), rule.period)
    if not 1 <= rule.periods <= MOST_PERIODS:
        yield Problem(
            join(path, "periods"),
            f"{rule.periods} periods can't be looked at.",
            f"Give 1 to {MOST_PERIODS}.",
        )
    if not 1 <= rule.at_least <= max(rule.periods, 1):
        yield Problem(
            join(path, "at_least"),
            f"At least {rule.at_least} of {rule.periods} periods can't be.",
            f"Give 1 to {rule.periods}.",
        )


def _sequence(path: str, rule: r.SequenceRule, catalogue: Catalogue) -> Problems:
    yield from check_window(path, rule)
    fewest = 1 if rule.then_not else 2
    if not fewest <= len(rule.steps) <= MOST_STEPS:
        yield Problem(
            join(path, "steps"),
            f"A sequence can't have {len(rule.steps)} steps.",
            f"Give {fewest} to {MOST_STEPS} steps.",
        )
    for i, step in enumerate(rule.steps):
        here = join(path, f"steps[{i}]")
        yield from _pattern(here, step, catalogue)
        yield from check_duration(join(here, "within"), step.within)
        for j, pattern in enumerate(step.without):
            yield from _pattern(join(here, f"without[{j}]"), pattern, catalogue)
        for name in ("within", "without"):
            if i == 0 and getattr(step, name):
                yield Problem(
                    join(here, name), "Nothing comes before the first step.", "Leave it out."
                )
    if rule.then_not:
        here = join(path, "then_not")
        yield from _pattern(here, rule.then_not, catalogue)
        yield from check_duration(join(here, "within"), rule.then_not.within)


def _cluster(path: str, rule: r.ClusterRule, catalogue: Catalogue) -> Problems:
    yield from refuse_unknown(join(path, "run"), "cluster run", rule.run, catalogue.clusters)
    if catalogue.clusters and rule.run in catalogue.clusters:
        there = catalogue.clusters[rule.run]
        here = join(path, "cluster")
        yield from refuse_unknown(here, f"cluster of run {rule.run}", rule.cluster, there)


def _list(path: str, rule: r.ListRule, catalogue: Catalogue) -> Problems:
    yield from refuse_unknown(join(path, "list"), "list", rule.list, catalogue.lists)


def _any(path: str, rule: r.AnyRule, _: Catalogue) -> Problems:
    if not rule.rules:
        yield Problem(join(path, "rules"), "Any of nothing is nobody.", "Give at least one rule.")


def _at_least(path: str, rule: r.AtLeastRule, _: Catalogue) -> Problems:
    if not 1 <= rule.count <= max(len(rule.rules), 1):
        yield Problem(
            join(path, "count"),
            f"At least {rule.count} of {len(rule.rules)} rules is everybody or nobody.",
            f"Give 1 to {max(len(rule.rules), 1)}.",
        )
    if not rule.rules:
        yield Problem(join(path, "rules"), "There is no rule to hold.", "Give at least one rule.")


PRODUCT_PROPERTIES: Mapping[str, TraitType] = {
    **dict.fromkeys(("product_id", "name", "category", "brand"), TraitType.CATEGORY),
    **dict.fromkeys(("quantity", "price", "revenue", "discount"), TraitType.NUMBER),
}

_CHECKS: Mapping[type, Callable[[str, Any, Catalogue], Problems]] = {
    r.TraitRule: _trait,
    r.PercentileRule: _percentile,
    r.EventRule: _event,
    r.FirstTimeRule: _first_time,
    r.StoppedRule: _stopped,
    r.RestartedRule: _restarted,
    r.RegularlyRule: _regularly,
    r.SequenceRule: _sequence,
    r.ClusterRule: _cluster,
    r.ListRule: _list,
    r.AnyRule: _any,
    r.AtLeastRule: _at_least,
}
