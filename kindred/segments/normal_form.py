"""Rules without what says nothing: order, spare brackets, doublings, doubled negations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Final

from kindred.segments import rules as r
from kindred.segments.describe import clause
from kindred.segments.rules import Rule
from kindred.segments.walk import children, join


@dataclass(frozen=True)
class Part:
    """A rule in its normal form, where it stands, and a key that rules of one meaning share."""

    rule: Rule
    path: str
    key: tuple[Any, ...]
    parts: tuple[Part, ...] = ()

    @property
    def is_group(self) -> bool:
        """Whether it joins parts."""
        return isinstance(self.rule, r.AllRule | r.AnyRule | r.AtLeastRule)

    @property
    def is_not(self) -> bool:
        """Whether it is a negation."""
        return isinstance(self.rule, r.NotRule)

    @property
    def bare(self) -> Part:
        """What a negation is of, else itself."""
        return self.parts[0] if self.is_not else self

    @property
    def joined_by(self) -> tuple[Any, ...]:
        """How a group joins its parts; without the parts."""
        return self.key[:-1]

    @cached_property
    def leaves(self) -> Counter[tuple[Any, ...]]:
        """The keys of all leaves below."""
        if not self.parts and not self.is_group:
            return Counter([self.key])
        return sum((part.leaves for part in self.parts), Counter())

    @cached_property
    def subjects(self) -> Counter[tuple[Any, ...]]:
        """What all leaves below are about."""
        if not self.parts and not self.is_group:
            return Counter([subject(self.rule)])
        return sum((part.subjects for part in self.parts), Counter())


def normal(rule: Rule, path: str) -> Part:
    """Bring a rule into its normal form, with where it stands."""
    below = [normal(inner, join(path, step)) for step, inner in children(rule)]
    if isinstance(rule, r.NotRule):
        inner = below[0]
        if inner.is_not:
            return inner.parts[0]
        return Part(r.NotRule(inner.rule), path, ("not", inner.key), (inner,))
    if isinstance(rule, r.AtLeastRule):
        key = ("at_least", rule.count, tuple(sorted(part.key for part in below)))
        return Part(replace(rule, rules=tuple(p.rule for p in below)), path, key, tuple(below))
    if isinstance(rule, r.AllRule | r.AnyRule):
        return _joined(rule, path, below)
    return Part(rule, path, ("leaf", clause(_in_order(rule))))


def _joined(rule: r.AllRule | r.AnyRule, path: str, below: Sequence[Part]) -> Part:
    found: dict[tuple[Any, ...], Part] = {}
    for part in below:
        for one in part.parts if type(part.rule) is type(rule) else (part,):
            found.setdefault(one.key, one)
    parts = tuple(found.values())
    if len(parts) == 1:
        return parts[0]
    plain = type(rule)(tuple(part.rule for part in parts))
    return Part(plain, path, (rule.kind, tuple(sorted(found))), parts)


_SETS: Final = ("in", "not_in", "any_of", "all_of", "none_of")
_UNORDERED: Final = ("where", "products", "without")


def _in_order(spec: Any) -> Any:
    """Bring filters and listed values, whose order means nothing, into one order."""
    changes: dict[str, Any] = {}
    for known in fields(spec):
        value = getattr(spec, known.name)
        if known.name in _UNORDERED:
            changes[known.name] = tuple(sorted((_in_order(one) for one in value), key=repr))
        elif known.name == "steps":
            changes[known.name] = tuple(_in_order(one) for one in value)
        elif known.name == "then_not" and value is not None:
            changes[known.name] = _in_order(value)
    if getattr(spec, "op", None) in _SETS and isinstance(spec.value, tuple):
        # By their words, so that 1 and 1.0 are one, while 1 and true are two.
        changes["value"] = tuple(sorted(spec.value, key=lambda one: (str(type(one)), repr(one))))
    return replace(spec, **changes) if changes else spec


def subject(leaf: Any) -> tuple[Any, ...]:
    """Say what a leaf is about: the trait, the event, whatever it names first."""
    of = leaf.steps[0] if isinstance(leaf, r.SequenceRule) else leaf
    about = ("trait", "event", "cluster", "segment", "list")
    return (leaf.kind, next(getattr(of, name) for name in about if hasattr(of, name)))
