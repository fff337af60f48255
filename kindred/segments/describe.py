"""Say in English what a rule means; groups within groups stand in brackets, so it reads one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from kindred.segments import rules as r
from kindred.segments.durations import in_words, instant
from kindred.segments.rules import Filter, Rule, Scalar, Value

Names = Mapping[tuple[str, str], str]  # of ("trait", "monetary"), ("segment", "lapsed"), …


def sentence(rule: Rule, names: Names | None = None) -> str:
    """Say whom a rule catches.

    Parameters
    ----------
    names : mapping, optional
        How to call what the rule refers to, by its kind and key; else by its key.

    Examples
    --------
    >>> sentence(r.NotRule(r.TraitRule("income", "eq", "50-74K")))
    'People except those whose income is “50-74K”.'
    """
    if isinstance(rule, r.AllRule) and not rule.rules:
        return "Everybody."
    if isinstance(rule, r.AnyRule) and not rule.rules:
        return "Nobody."
    return f"People {clause(rule, names)}."


def clause(rule: Rule, names: Names | None = None) -> str:
    """Say what a rule asks, to follow “people”."""
    if isinstance(rule, r.NotRule):
        return f"except those {_clause(rule.rule, names or {})}"
    return _clause(rule, names or {}, outermost=True)


def _clause(rule: Rule, names: Names, *, outermost: bool = False) -> str:
    if isinstance(rule, r.NotRule):
        return f"not those {_clause(rule.rule, names)}"
    if isinstance(rule, r.AllRule | r.AnyRule):
        return _joined(rule, names, outermost)
    if isinstance(rule, r.AtLeastRule):
        parts = "; ".join(_clause(inner, names) for inner in rule.rules)
        return f"at least {rule.count} of these {len(rule.rules)}: [{parts}]"
    return _LEAVES[type(rule)](rule, names)


def _joined(rule: r.AllRule | r.AnyRule, names: Names, outermost: bool) -> str:
    if not rule.rules:
        return "whoever they are" if isinstance(rule, r.AllRule) else "who do not exist"
    parts = [_clause(inner, names) for inner in rule.rules]
    if len(parts) == 1:
        return parts[0]
    text = (", and " if isinstance(rule, r.AllRule) else ", or ").join(parts)
    return text if outermost else f"({text})"


def _name(names: Names, kind: str, key: str) -> str:
    return names.get((kind, key), key)


def quoted(value: Scalar) -> str:
    """Write a value so that it can't be taken for words of the sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        inner = value.replace("\\", "\\\\").replace("”", "\\”").replace("\n", "\\n")
        return f"“{inner}”"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) else repr(value)


def _listed(value: Any, word: str) -> str:
    items = [quoted(item) for item in value]
    return f" {word} ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else items[0]


def _time(text: Any) -> str:
    moment = instant(str(text))
    plain = f"{moment:%Y-%m-%d}"
    if moment.hour or moment.minute or moment.second or moment.microsecond:
        plain += f" {moment.time().isoformat()}"
    return f"{plain} UTC"


def _between(value: Any) -> str:
    low, high = value
    if isinstance(low, str):
        return f"lies from {_time(low)} to before {_time(high)}"
    return f"is from {quoted(low)} to {quoted(high)}"


_COMPARISONS: Final[Mapping[str, str]] = {
    "eq": "is",
    "ne": "is known and is not",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "contains": "contains",
    "starts_with": "starts with",
    "ends_with": "ends with",
    "matches": "matches the pattern",
}
_PREDICATES: Final[Mapping[str, Callable[[Any], str]]] = {
    "between": _between,
    "in": lambda value: f"is one of {_listed(value, 'or')}",
    "not_in": lambda value: f"is known and is none of {_listed(value, 'or')}",
    "is_set": lambda _: "is known",
    "is_not_set": lambda _: "is not known",
    "before": lambda value: f"is before {_time(value)}",
    "after": lambda value: f"is not before {_time(value)}",
    "within_last": lambda value: f"lies in the last {in_words(value)}",
    "within_next": lambda value: f"lies in the next {in_words(value)}",
    "any_of": lambda value: f"holds any of {_listed(value, 'or')}",
    "all_of": lambda value: f"holds all of {_listed(value, 'and')}",
    "none_of": lambda value: f"is known and holds none of {_listed(value, 'or')}",
}


def _predicate(op: str, value: Value | None) -> str:
    if op in _COMPARISONS:
        assert value is not None
        assert not isinstance(value, tuple)
        return f"{_COMPARISONS[op]} {quoted(value)}"
    return _PREDICATES[op](value)


def _where(filters: tuple[Filter, ...]) -> str:
    if not filters:
        return ""
    parts = []
    for condition in filters:
        if isinstance(condition, r.PropertyFilter):
            parts.append(_filter(condition))
        else:
            inner = " and ".join(_filter(f) for f in condition.products)
            parts.append(f"a product in it whose [{inner}]")
    return f" [where {' and '.join(parts)}]"


def filter_in_words(condition: r.PropertyFilter) -> str:
    """Say what a filter asks of an event.

    Examples
    --------
    >>> filter_in_words(r.PropertyFilter("revenue", "gte", 20))
    'revenue is at least 20'
    """
    return _filter(condition)


def _filter(condition: r.PropertyFilter) -> str:
    return f"{_shown(condition.property)} {_predicate(condition.op, condition.value)}"


def _shown(name: str) -> str:
    """Write a property's name, quoted unless it is a plain word."""
    return name if name.replace("_", "").isalnum() else quoted(name)


def _what(pattern: Any, names: Names) -> str:
    return f"{quoted(_name(names, 'event', pattern.event))}{_where(pattern.where)}"


def _window(leaf: Any) -> str:
    if leaf.within is not None:
        return f" in the last {in_words(leaf.within)}"
    if leaf.between is None:
        return ""
    return f" from {_end(leaf.between[0])} to before {_end(leaf.between[1])}"


def _end(text: str) -> str:
    return f"{in_words(text)} ago" if text.startswith("P") else _time(text)


def _trait(rule: r.TraitRule, names: Names) -> str:
    return f"whose {_shown(_name(names, 'trait', rule.trait))} {_predicate(rule.op, rule.value)}"


def _percentile(rule: r.PercentileRule, names: Names) -> str:
    trait = _shown(_name(names, "trait", rule.trait))
    return f"who are among the {rule.end} {rule.percent:.12g} % by {trait}"


def _event(rule: r.EventRule, names: Names) -> str:
    what, when = _what(rule, names), _window(rule)
    if rule.aggregate == "did":
        return f"who did {what}{when}"
    if rule.aggregate == "did_not":
        return f"who did not do {what}{when}"
    if rule.aggregate == "count":
        return f"who did {what} {_times(rule.op or '', rule.value)}{when}"
    of = f"{_AGGREGATES[rule.aggregate]} {_shown(rule.property or '')}"
    return f"whose {of} of {what}{when} {_predicate(rule.op or '', rule.value)}"


def _times(op: str, value: Any) -> str:
    if op == "between":
        return f"from {quoted(value[0])} to {quoted(value[1])} times"
    return f"{_TIMES[op]} {quoted(value)} time{'' if value == 1 else 's'}"


_TIMES: Final[Mapping[str, str]] = {
    "eq": "exactly",
    "ne": "other than",
    "lt": "never, or less than",
    "lte": "never, or at most",
    "gt": "more than",
    "gte": "at least",
}
_AGGREGATES: Final[Mapping[str, str]] = {
    "sum": "total",
    "avg": "average",
    "min": "smallest",
    "max": "largest",
}


def _first_time(rule: r.FirstTimeRule, names: Names) -> str:
    return f"who did {_what(rule, names)} for the first time{_window(rule) or ' ever'}"


def _stopped(rule: r.StoppedRule, names: Names) -> str:
    before = f"the {in_words(rule.before)} before that" if rule.before else "any time before that"
    what, silence = _what(rule, names), in_words(rule.within)
    return f"who did not do {what} in the last {silence} but did in {before}"


def _restarted(rule: r.RestartedRule, names: Names) -> str:
    return (
        f"who did {_what(rule, names)} again in the last {in_words(rule.within)} after none in "
        f"the {in_words(rule.silence)} before that"
    )


def _regularly(rule: r.RegularlyRule, names: Names) -> str:
    return (
        f"who did {_what(rule, names)} in at least {rule.at_least} of the last {rule.periods:,} "
        f"periods of {in_words(rule.period)}"
    )


def _sequence(rule: r.SequenceRule, names: Names) -> str:
    parts = [f"did {_what(rule.steps[0], names)}"]
    for step in rule.steps[1:]:
        gap = f" within {in_words(step.within)}" if step.within else ""
        between = " or ".join(_what(pattern, names) for pattern in step.without)
        without = f" with no {between} in between" if step.without else ""
        parts.append(f"then {_what(step, names)}{gap}{without}")
    text = ", ".join(parts)
    if rule.then_not:
        last = rule.then_not
        gap = f" within {in_words(last.within)}" if last.within else " since"
        text += f", and then no {_what(last, names)}{gap}"
    return f"who, all{_window(rule) or ' at any time'}, {text}"


_LEAVES: Final[Mapping[type, Callable[[Any, Names], str]]] = {
    r.TraitRule: _trait,
    r.PercentileRule: _percentile,
    r.EventRule: _event,
    r.FirstTimeRule: _first_time,
    r.StoppedRule: _stopped,
    r.RestartedRule: _restarted,
    r.RegularlyRule: _regularly,
    r.SequenceRule: _sequence,
    r.ClusterRule: lambda rule, names: (
        f"who are in the cluster {quoted(_name(names, 'cluster', str(rule.cluster)))} "
        f"of run {rule.run}"
    ),
    r.SegmentRule: lambda rule, names: (
        f"who are in the segment {quoted(_name(names, 'segment', rule.segment))}"
    ),
    r.ListRule: lambda rule, names: (
        f"who are on the list {quoted(_name(names, 'list', rule.list))}"
    ),
}
