"""Say in English what steering does, rule by rule and in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from kindred.recommend import steering as s

Names = Mapping[str, str]  # of items, by id

_WORDS: Final[Mapping[str, str]] = {
    "eq": "is",
    "ne": "is known and is not",
    "in": "is one of",
    "not_in": "is known and is none of",
    "contains": "contains",
    "lt": "is less than",
    "lte": "is at most",
    "gt": "is more than",
    "gte": "is at least",
    "is_set": "is known",
    "is_not_set": "is not known",
}
_SHOWN: Final = 5  # of a long list


def sentence(steering: s.Steering, names: Names | None = None) -> str:
    """Say what all rules do.

    Examples
    --------
    >>> where = (s.ItemFilter("brand", "eq", "Private"),)
    >>> sentence(s.Steering((s.ExcludeRule(where), s.HideBoughtRule(14))))
    'Never show items whose brand is “Private”. Never show what was bought within 14 days.'
    """
    if not steering.rules:
        return "Show what the model recommends, as it is."
    return " ".join(rule_sentence(rule, names) for rule in steering.rules)


def rule_sentence(rule: Any, names: Names | None = None) -> str:
    """Say what one rule does."""
    return _SENTENCES[type(rule)](rule, names or {})


def where_clause(where: Sequence[s.ItemFilter]) -> str:
    """Say which items filters mean, to follow “items”.

    Examples
    --------
    >>> where_clause((s.ItemFilter("price", "gte", 5), s.ItemFilter("brand", "is_set")))
    'whose price is at least 5 and whose brand is known'
    """
    return " and ".join(f"whose {tested.field} {_test(tested)}" for tested in where)


def _test(tested: s.ItemFilter) -> str:
    words = _WORDS[tested.op]
    if tested.value is None:
        return words
    values = tested.value if isinstance(tested.value, tuple) else (tested.value,)
    return f"{words} {_listed(values, 'or')}"


def _listed(values: Sequence[Any], word: str, *, quote: bool = True) -> str:
    told = [_quoted(value) if quote else str(value) for value in values[:_SHOWN]]
    if len(values) > _SHOWN:
        told.append(f"{len(values) - _SHOWN:,} more")
    return f" {word} ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]


def _quoted(value: Any) -> str:
    return f"“{value}”" if isinstance(value, str) else f"{value:,}"


def _share(value: float) -> str:
    return f"{value * 100:.3g}\N{NO-BREAK SPACE}%"


def _days(days: int) -> str:
    return "a day" if days == 1 else f"{days:,} days"


def _pin(rule: s.PinRule, names: Names) -> str:
    return f"Show first: {_listed([names.get(i, i) for i in rule.items], 'and')}."


def _boost(rule: s.BoostRule, _names: Names) -> str:
    verb = "Lift" if rule.by >= 0 else "Lower"
    return f"{verb} items {where_clause(rule.where)} by {_share(abs(rule.by))} of the way."


def _cap(rule: s.CapRule, _names: Names) -> str:
    of = f"whose {rule.field} is “{rule.value}”" if rule.value else f"of the same {rule.field}"
    return f"Show at most {rule.at_most:,} item{'' if rule.at_most == 1 else 's'} {of}."


def _blend(rule: s.BlendRule, _names: Names) -> str:
    parts = [f"{name} {_share(weight)}" for name, weight in sorted(rule.weights.items())]
    return f"Mix the models’ scores: {_listed(parts, 'and', quote=False)}."


_SENTENCES: Final[Mapping[type[Any], Callable[[Any, Names], str]]] = {
    s.IncludeRule: lambda rule, _: f"Show only items {where_clause(rule.where)}.",
    s.ExcludeRule: lambda rule, _: f"Never show items {where_clause(rule.where)}.",
    s.HideBoughtRule: lambda rule, _: f"Never show what was bought within {_days(rule.days)}.",
    s.PinRule: _pin,
    s.BoostRule: _boost,
    s.CapRule: _cap,
    s.DiversityRule: lambda rule, _: (
        f"Prefer items unlike those above them, at {_share(rule.strength)}."
    ),
    s.BlendRule: _blend,
}
