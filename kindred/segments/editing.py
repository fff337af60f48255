"""Edit a rule as a tree: add, take out, copy, move, negate, group; each gives a new rule.

A *place* is the way to a rule from the outermost one: the number of the child at each step down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from kindred.segments.rules import AllRule, AnyRule, AtLeastRule, NotRule, Rule
from kindred.segments.walk import children

Place = tuple[int, ...]
Group = AllRule | AnyRule | AtLeastRule
GroupKind = Literal["all", "any", "at_least"]

ROOT: Final[Place] = ()


def rule_at(rule: Rule, place: Place) -> Rule:
    """Find the rule at a place.

    Examples
    --------
    >>> from kindred.segments.rules import ListRule
    >>> rule_at(AllRule((ListRule("a"), NotRule(ListRule("b")))), (1, 0)).list
    'b'
    """
    for step in place:
        rule = children(rule)[step][1]
    return rule


def replaced(rule: Rule, place: Place, new: Rule) -> Rule:
    """Put another rule at a place."""
    if not place:
        return new
    step, below = place[0], place[1:]
    if isinstance(rule, NotRule):
        return NotRule(replaced(rule.rule, below, new))
    assert isinstance(rule, Group)
    parts = list(rule.rules)
    parts[step] = replaced(parts[step], below, new)
    return _fitting(rule, tuple(parts))


def added(rule: Rule, place: Place, new: Rule) -> Rule:
    """Add a rule at the end of the group at a place."""
    return _in_group(rule, place, lambda parts: (*parts, new))


def removed(rule: Rule, place: Place) -> Rule:
    """Take out the rule at a place, with the `not` around it; the outermost becomes everybody."""
    if not place:
        return AllRule(())
    above, step = place[:-1], place[-1]
    if isinstance(rule_at(rule, above), NotRule):
        return removed(rule, above)
    return _in_group(rule, above, lambda parts: parts[:step] + parts[step + 1 :])


def duplicated(rule: Rule, place: Place) -> Rule:
    """Put a copy right after the rule at a place."""
    above, step = place[:-1], place[-1]
    if isinstance(rule_at(rule, above), NotRule):
        return duplicated(rule, above)
    return _in_group(rule, above, lambda p: (*p[: step + 1], p[step], *p[step + 1 :]))


def moved(rule: Rule, place: Place, by: int) -> Rule:
    """Move the rule at a place up (−1) or down (1) among its siblings, or out past their ends.

    What moves past the first or last of a group within a group leaves it. The outermost stays.
    """
    if not place:
        return rule
    above, step = place[:-1], place[-1]
    if isinstance(rule_at(rule, above), NotRule):
        return moved(rule, above, by)
    group = rule_at(rule, above)
    assert isinstance(group, Group)
    target = step + by
    if 0 <= target < len(group.rules):
        return _in_group(rule, above, lambda parts: _swapped(parts, step, target))
    holder = _group_above(rule, above)
    if holder is None:
        return rule
    outer, at = holder
    moving = group.rules[step]
    shrunk = _in_group(rule, above, lambda parts: parts[:step] + parts[step + 1 :])
    into = at + 1 if by > 0 else at
    return _in_group(shrunk, outer, lambda parts: (*parts[:into], moving, *parts[into:]))


def moved_into(rule: Rule, place: Place, target: Place) -> Rule:
    """Move the rule at a place to the end of the group at another, with the `not` around it.

    A group can't be moved into itself.
    """
    if target[: len(place)] == place:
        return rule
    if isinstance(rule_at(rule, place[:-1]), NotRule):
        return moved_into(rule, place[:-1], target)
    moving = rule_at(rule, place)
    grown = added(rule, target, moving)
    return removed(grown, place)  # what is added stands last, so `place` still names it


def groups_beside(rule: Rule, place: Place) -> dict[Literal["above", "below"], Place]:
    """Find the groups right before and after the rule at a place, which it could move into.

    Examples
    --------
    >>> from kindred.segments.rules import ListRule
    >>> found = groups_beside(AllRule((ListRule("a"), AnyRule((ListRule("b"),)))), (0,))
    >>> found
    {'below': (1,)}
    """
    outer = _with_not(rule, place)
    if not outer:
        return {}
    siblings = children(rule_at(rule, outer[:-1]))
    found: dict[Literal["above", "below"], Place] = {}
    sides: tuple[tuple[Literal["above", "below"], int], ...] = (("above", -1), ("below", 1))
    for side, by in sides:
        step = outer[-1] + by
        if 0 <= step < len(siblings) and isinstance(siblings[step][1], Group):
            found[side] = (*outer[:-1], step)
    return found


def moved_beside(rule: Rule, place: Place, side: Literal["above", "below"]) -> Rule:
    """Move the rule at a place, with the `not` around it, into the group right beside it."""
    target = groups_beside(rule, place).get(side)
    return rule if target is None else moved_into(rule, _with_not(rule, place), target)


def _with_not(rule: Rule, place: Place) -> Place:
    """Give the place of the `not` around a rule, else its own."""
    above = place[:-1]
    return above if place and isinstance(rule_at(rule, above), NotRule) else place


def negated(rule: Rule, place: Place) -> Rule:
    """Turn a rule into its opposite, or back."""
    if place and isinstance(rule_at(rule, place[:-1]), NotRule):
        return replaced(rule, place[:-1], rule_at(rule, place))
    found = rule_at(rule, place)
    return replaced(rule, place, found.rule if isinstance(found, NotRule) else NotRule(found))


def grouped(rule: Rule, place: Place, kind: GroupKind = "any") -> Rule:
    """Put the rule at a place into a group of its own."""
    return replaced(rule, place, group_of(kind, (rule_at(rule, place),)))


def ungrouped(rule: Rule, place: Place) -> Rule:
    """Put the rules of the group at a place where the group stood; the outermost stays."""
    found = rule_at(rule, place)
    above = place[:-1]
    if not place or not isinstance(found, Group) or isinstance(rule_at(rule, above), NotRule):
        return rule
    inner, step = found.rules, place[-1]
    return _in_group(rule, above, lambda parts: (*parts[:step], *inner, *parts[step + 1 :]))


def regrouped(rule: Rule, place: Place, kind: GroupKind, count: int | None = None) -> Rule:
    """Change how the group at a place joins its rules."""
    found = rule_at(rule, place)
    assert isinstance(found, Group)
    return replaced(rule, place, group_of(kind, found.rules, count))


def group_of(kind: GroupKind, rules: tuple[Rule, ...], count: int | None = None) -> Group:
    """Make a group."""
    if kind == "all":
        return AllRule(rules)
    if kind == "any":
        return AnyRule(rules)
    return AtLeastRule(max(1, min(count or 2, max(len(rules), 1))), rules)


def editable(rule: Rule) -> Rule:
    """Give a rule that conditions can be added to: a group is left, anything else put in one."""
    return rule if isinstance(rule, Group) else AllRule((rule,))


def plain(rule: Rule) -> Rule:
    """Undo what editing needed: a lone rule needs no group, which means the same.

    Examples
    --------
    >>> from kindred.segments.rules import ListRule
    >>> plain(editable(ListRule("a")))
    ListRule(list='a', kind='list')
    """
    while isinstance(rule, AllRule | AnyRule) and len(rule.rules) == 1:
        rule = rule.rules[0]
    return rule


@dataclass(frozen=True)
class Edits:
    """A rule being edited, with what it was before and what was undone."""

    rule: Rule
    before: tuple[Rule, ...] = ()
    undone: tuple[Rule, ...] = ()

    def to(self, rule: Rule) -> Edits:
        """Take a step; a step that changes nothing is none."""
        if repr(rule) == repr(self.rule):  # not equality, since 1 and True are equal
            return self
        return Edits(rule, (*self.before, self.rule)[-_MOST_STEPS:])

    def undo(self) -> Edits:
        """Go back a step."""
        if not self.before:
            return self
        return Edits(self.before[-1], self.before[:-1], (*self.undone, self.rule))

    def redo(self) -> Edits:
        """Take the step that was undone last."""
        if not self.undone:
            return self
        return Edits(self.undone[-1], (*self.before, self.rule), self.undone[:-1])


_MOST_STEPS: Final = 200


def _in_group(
    rule: Rule, place: Place, change: Callable[[tuple[Rule, ...]], tuple[Rule, ...]]
) -> Rule:
    group = rule_at(rule, place)
    assert isinstance(group, Group)
    return replaced(rule, place, _fitting(group, change(group.rules)))


def _fitting(group: Group, rules: tuple[Rule, ...]) -> Group:
    """Give the group other rules; of fewer, no more can be asked than there are."""
    if isinstance(group, AtLeastRule):
        return AtLeastRule(max(1, min(group.count, max(len(rules), 1))), rules)
    return replace(group, rules=rules)


def _swapped(rules: tuple[Rule, ...], one: int, other: int) -> tuple[Rule, ...]:
    parts = list(rules)
    parts[one], parts[other] = parts[other], parts[one]
    return tuple(parts)


def _group_above(rule: Rule, place: Place) -> tuple[Place, int] | None:
    """Find the group that holds the group at a place, and where in it that stands."""
    while place:
        place, step = place[:-1], place[-1]
        if isinstance(rule_at(rule, place), Group):
            return place, step
    return None
