"""Walk a rule: what is below it, its leaves with their paths, the segments that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kindred.segments.rules import (
    AllRule,
    AnyRule,
    AtLeastRule,
    Leaf,
    NotRule,
    Rule,
    SegmentRule,
)


def children(rule: Rule) -> tuple[tuple[str, Rule], ...]:
    """List the rules just below a rule, each with its path from there; none of a leaf."""
    if isinstance(rule, NotRule):
        return (("rule", rule.rule),)
    if isinstance(rule, AllRule | AnyRule | AtLeastRule):
        return tuple((f"rules[{i}]", below) for i, below in enumerate(rule.rules))
    return ()


def leaves(rule: Rule) -> Iterator[tuple[str, Leaf]]:
    """Walk the leaves in the order they are written, each with its path."""
    waiting: list[tuple[str, Rule]] = [("", rule)]
    while waiting:
        path, current = waiting.pop()
        below = children(current)
        if not isinstance(current, AllRule | AnyRule | AtLeastRule | NotRule):
            yield path, current
        waiting.extend((join(path, step), child) for step, child in reversed(below))


def leaves_through(rule: Rule, segments: Mapping[str, Rule]) -> list[Leaf]:
    """List a rule's leaves and those of all segments that it leads to, each segment once."""
    found: list[Leaf] = []
    waiting, seen = [rule], set[str]()
    while waiting:
        current = waiting.pop()
        found += [leaf for _, leaf in leaves(current)]
        fresh = [key for key in segments_used(current) if key in segments and key not in seen]
        seen.update(fresh)
        waiting += [segments[key] for key in fresh]
    return found


def segments_used(rule: Rule) -> list[str]:
    """Name the segments that a rule refers to, each once, in the order of the alphabet."""
    return sorted({leaf.segment for _, leaf in leaves(rule) if isinstance(leaf, SegmentRule)})


def join(path: str, step: str) -> str:
    """Lengthen a path into a rule."""
    return f"{path}.{step}" if path else step
