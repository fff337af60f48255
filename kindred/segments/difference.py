"""How two versions of a rule differ in meaning, in sentences; order and spare brackets are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from kindred.segments import rules as r
from kindred.segments.describe import Names, clause
from kindred.segments.normal_form import Part, normal, subject
from kindred.segments.rules import Rule

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """One way in which a rule differs from the version before.

    Parameters
    ----------
    path : str
        Into the rule as it is now; of what was removed, as it was before.
    before, after : str or None
        What was and is asked there; none where nothing was, or is.
    """

    kind: Kind
    path: str
    before: str | None
    after: str | None
    sentence: str


def differences(before: Rule, after: Rule, names: Names | None = None) -> list[Difference]:
    """Tell how a rule differs from the version before; nothing where both mean the same.

    What is common is found whatever its order; of the rest, conditions upon the same trait or
    event count as changed. Brackets that say nothing, doubled conditions and doubled negations
    are no difference.

    Parameters
    ----------
    names : mapping, optional
        How to call what the rules refer to, as for :func:`kindred.segments.describe.sentence`.

    Examples
    --------
    >>> recent, now = (r.TraitRule("recency", "lte", days) for days in (30, 60))
    >>> vip = r.ListRule("vip")
    >>> for found in differences(recent, r.AnyRule((vip, now))):
    ...     print(found.sentence)
    Changed: “whose recency is at most 30” → “whose recency is at most 60”.
    Added: “or who are on the list “vip””.
    >>> differences(r.AllRule((recent, vip)), r.AllRule((vip, recent)))
    []
    """
    return list(_differ(normal(before, ""), normal(after, ""), _Place(names or {})))


def same_meaning(one: Rule, other: Rule) -> bool:
    """Tell whether two rules differ in order, brackets or doublings at most.

    Examples
    --------
    >>> vip = r.ListRule("vip")
    >>> same_meaning(vip, r.AllRule((r.NotRule(r.NotRule(vip)), vip)))
    True
    """
    return normal(one, "").key == normal(other, "").key


# --- what differs -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """How to call things, and the part within which a difference lies."""

    names: Names
    within: str | None = None

    def inside(self, part: Part) -> _Place:
        return replace(self, within=self.text(part))

    def text(self, part: Part) -> str:
        """Say a part as it stands among others."""
        return clause(r.AllRule((part.rule,)), self.names)

    def told(self, verb: str, preposition: str) -> str:
        return f"{verb} {preposition} “{self.within}”" if self.within else verb


def _differ(before: Part, after: Part, at: _Place) -> Iterator[Difference]:
    if before.key == after.key:
        return
    negated = before.is_not != after.is_not
    if negated and before.bare.key == after.bare.key:
        yield _changed(before, after, at, "Turned into its opposite")
    elif before.is_not and after.is_not and (before.bare.is_group or after.bare.is_group):
        yield from _differ(before.bare, after.bare, at.inside(before))
    elif _mingle(before, after):
        yield from _in_groups(before, after, at)
    else:
        yield _changed(before, after, at)


def _mingle(before: Part, after: Part) -> bool:
    """Tell whether to compare part by part: one is a group, and neither is everybody or nobody."""
    if not (before.is_group or after.is_group):
        return False
    empty = any(part.is_group and not part.parts for part in (before, after))
    return not empty or before.joined_by == after.joined_by


def _in_groups(before: Part, after: Part, at: _Place) -> Iterator[Difference]:
    was, now = before, after
    if not before.is_group or _is_within(before, after):
        was = _alone(before, after)
    elif not after.is_group or _is_within(after, before):
        now = _alone(after, before)
    if was.joined_by != now.joined_by:
        verb = at.told("Joined otherwise", "in")
        yield _difference("changed", after.path, _joining(was), _joining(now), verb)
    pairs, gone, new = _aligned(was.parts, now.parts)
    for one, other in pairs:
        inner = one.bare.is_group or other.bare.is_group
        yield from _differ(one, other, at.inside(one) if inner and not one.is_not else at)
    for part in gone:
        text, verb = _with_link(part, was, at), at.told("Removed", "from")
        yield _difference("removed", part.path, text, None, verb)
    for part in new:
        text, verb = _with_link(part, now, at), at.told("Added", "to")
        yield _difference("added", part.path, None, text, verb)


def _is_within(part: Part, group: Part) -> bool:
    """Tell whether a part became one of several, or was: it stands there, or much of it does."""
    if part.joined_by == group.joined_by:
        return False
    return any(
        one.key == part.key or (one.joined_by == part.joined_by and one.leaves & part.leaves)
        for one in group.parts
        if one.is_group
    )


def _alone(part: Part, like: Part) -> Part:
    """Put a part into a group of its own, which means the same for `all` and for `any`."""
    kind = r.AnyRule if isinstance(like.rule, r.AnyRule) else r.AllRule
    group = kind((part.rule,))
    return Part(group, part.path, (group.kind, (part.key,)), (part,))


def _aligned(
    before: Sequence[Part], after: Sequence[Part]
) -> tuple[list[tuple[Part, Part]], list[Part], list[Part]]:
    """Pair what changed; gives the pairs, what is gone and what is new, without what is common."""
    common = Counter(p.key for p in before) & Counter(p.key for p in after)
    gone, new = _without(before, common), _without(after, common)
    likely = [
        (alike, -i, -j)
        for i, one in enumerate(gone)
        for j, other in enumerate(new)
        if (alike := _likeness(one, other))
    ]
    mates: dict[int, int] = {}
    for _, i, j in sorted(likely, reverse=True):
        if -i not in mates and -j not in mates.values():
            mates[-i] = -j
    taken = set(mates.values())
    return (
        [(gone[i], new[j]) for i, j in sorted(mates.items(), key=lambda pair: pair[1])],
        [part for i, part in enumerate(gone) if i not in mates],
        [part for j, part in enumerate(new) if j not in taken],
    )


def _without(parts: Sequence[Part], common: Counter[tuple[Any, ...]]) -> list[Part]:
    left, rest = Counter(common), []
    for part in parts:
        if left[part.key]:
            left[part.key] -= 1
        else:
            rest.append(part)
    return rest


def _likeness(one: Part, other: Part) -> int:
    """Count what two parts have in common; 0: they are not versions of one another."""
    a, b = one.bare, other.bare
    if not a.is_group and not b.is_group:
        if subject(a.rule) != subject(b.rule):
            return 0
        same = sum(getattr(a.rule, f.name) == getattr(b.rule, f.name) for f in fields(a.rule))
        return int(10 * same + (one.is_not == other.is_not))
    shared = (a.leaves & b.leaves).total()
    if a.is_group and b.is_group:
        return int(10 * shared + (a.subjects & b.subjects).total())
    return 10 * shared


def _changed(before: Part, after: Part, at: _Place, verb: str = "Changed") -> Difference:
    was, now = at.text(before), at.text(after)
    if was == now:  # two things go by one name
        was, now = (_Place({}).text(part) for part in (before, after))
    return _difference("changed", after.path, was, now, at.told(verb, "in"))


def _with_link(part: Part, group: Part, at: _Place) -> str:
    """Say a part with how it is joined to the others, at the outermost place else as people."""
    if len(group.parts) > 1 and isinstance(group.rule, r.AllRule | r.AnyRule):
        return f"{'and' if isinstance(group.rule, r.AllRule) else 'or'} {at.text(part)}"
    return at.text(part) if at.within else f"people {at.text(part)}"


def _joining(group: Part) -> str:
    if isinstance(group.rule, r.AtLeastRule):
        return f"at least {group.rule.count} of {len(group.parts)} must hold"
    return "all must hold" if isinstance(group.rule, r.AllRule) else "any one is enough"


def _difference(
    kind: Kind, path: str, before: str | None, after: str | None, verb: str
) -> Difference:
    texts = " → ".join(f"“{text}”" for text in (before, after) if text is not None)
    return Difference(kind, path, before, after, f"{verb}: {texts}.")
