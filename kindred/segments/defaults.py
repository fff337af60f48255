"""What a new condition begins with, and what follows when a part of one changes.

An editor shows a rule that can be evaluated at every moment: another trait brings an operator and
a value that fit it, another operator keeps the value where it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from kindred.segments import rules as r
from kindred.segments.check_values import LISTS, OPERATORS
from kindred.segments.fields import Way, part, with_part
from kindred.segments.rules import Leaf, Value
from kindred.traits.trait import TraitType

NUMBERS: Final = frozenset({TraitType.NUMBER, TraitType.INTEGER})
MEASURES: Final = frozenset({"count", "sum", "avg", "min", "max"})
NO_VALUE: Final = frozenset({"is_set", "is_not_set"})
LENGTHS: Final = frozenset({"within_last", "within_next"})
INSTANTS: Final = frozenset({"before", "after"})
DAYS: Final = "P30D"


class Suggestions(Protocol):
    """What there is to choose from, the commonest first."""

    @property
    def traits(self) -> Sequence[str]:
        """Names of traits."""

    @property
    def events(self) -> Sequence[str]:
        """Names of events."""

    @property
    def clusters(self) -> Sequence[tuple[int, int]]:
        """Runs with their clusters."""

    @property
    def segments(self) -> Sequence[str]:
        """Keys of segments."""

    @property
    def lists(self) -> Sequence[str]:
        """Names of lists."""

    @property
    def today(self) -> str:
        """The day of the clock, as ``YYYY-MM-DD``."""

    def trait_type(self, name: str) -> TraitType:
        """Give a trait's type."""

    def trait_values(self, name: str) -> Sequence[Any]:
        """Give values of a trait: the commonest, or of a number its median."""

    def property_type(self, event: str, name: str, of_products: bool) -> TraitType:
        """Give a property's type."""

    def property_values(self, event: str, name: str, of_products: bool) -> Sequence[Any]:
        """Give values of a property, as of a trait."""

    def properties(self, event: str, of_products: bool) -> Sequence[str]:
        """Name the properties of an event, or of its products."""


def new_leaf(kind: str, there: Suggestions) -> Leaf:
    """Begin a condition of a kind.

    Raises
    ------
    KeyError
        There is nothing that such a condition could speak of.
    """
    return _NEW[kind](there)


def can_begin(kind: str, there: Suggestions) -> bool:
    """Tell whether there is anything that a condition of a kind could speak of."""
    needs = {
        "trait": there.traits,
        "percentile": [t for t in there.traits if there.trait_type(t) in NUMBERS],
        "cluster": there.clusters,
        "segment": there.segments,
        "list": there.lists,
    }
    return bool(needs.get(kind, there.events))


def trait_rule(name: str, there: Suggestions) -> r.TraitRule:
    """Begin a condition on a trait."""
    kind = there.trait_type(name)
    op: Any = _FIRST_OP[kind]
    return r.TraitRule(name, op, fitting(op, None, kind, there.trait_values(name), there.today))


_FIRST_OP: Final[Mapping[TraitType, str]] = {
    TraitType.NUMBER: "gte",
    TraitType.INTEGER: "gte",
    TraitType.CATEGORY: "in",
    TraitType.FLAG: "eq",
    TraitType.TIME: "within_last",
    TraitType.LIST: "any_of",
}


def property_filter(
    event: str, name: str, there: Suggestions, *, of_products: bool = False
) -> r.PropertyFilter:
    """Begin a filter on a property."""
    kind = there.property_type(event, name, of_products)
    op: Any = _FIRST_OP[kind]
    values = there.property_values(event, name, of_products)
    return r.PropertyFilter(name, op, fitting(op, None, kind, values, there.today))


def fitting(
    op: str, value: Value | None, kind: TraitType, known: Sequence[Any], today: str
) -> Value | None:
    """Give the value that an operator takes: the one at hand as far as it fits, else a known one.

    Examples
    --------
    >>> fitting("in", "a", TraitType.CATEGORY, ["b"], "2026-11-24")
    ('a',)
    >>> fitting("between", 3, TraitType.NUMBER, [7.0], "2026-11-24")
    (3, 7.0)
    """
    if op in NO_VALUE:
        return None
    if op in LENGTHS:
        return value if isinstance(value, str) and value.startswith("P") else DAYS
    if kind is TraitType.TIME:
        return _times(op, value, today)
    items = list(value) if isinstance(value, tuple) else [] if value is None else [value]
    right = [item for item in items if _is(item, kind)] or list(known[:1]) or [_NOTHING[kind]]
    if op in LISTS:
        return tuple(right)
    if op == "between":
        ends = sorted([right[0], right[-1] if len(right) > 1 else _other(right[0], known)])
        return (ends[0], ends[1])
    one: Value = right[0]
    return one


_NOTHING: Final[Mapping[TraitType, Any]] = {
    TraitType.NUMBER: 0,
    TraitType.INTEGER: 0,
    TraitType.CATEGORY: "",
    TraitType.FLAG: True,
    TraitType.LIST: "",
}


def _times(op: str, value: Value | None, today: str) -> Value:
    at = value if isinstance(value, str) and not value.startswith("P") else today
    if op == "between":
        return value if isinstance(value, tuple) and len(value) == 2 else ("2000-01-01", at)
    return at


def _is(item: Any, kind: TraitType) -> bool:
    if kind in NUMBERS:
        return isinstance(item, int | float) and not isinstance(item, bool)
    return isinstance(item, bool if kind is TraitType.FLAG else str)


def _other(end: Any, known: Sequence[Any]) -> Any:
    return next((value for value in known if value != end), end)


def followed(leaf: Leaf, way: Way, there: Suggestions) -> Leaf:
    """Give a leaf whose part at `way` was just changed with all that has to follow."""
    name = way[-1] if way else ""
    if isinstance(leaf, r.TraitRule):
        return _trait_followed(leaf, name, there)
    if name == "aggregate" or (name in {"event", "property"} and len(way) == 1):
        return _event_followed(leaf, name, there)
    if name == "op" and isinstance(leaf, r.EventRule) and len(way) == 1:
        return replace(leaf, value=_number(leaf))
    if name == "event":  # of a step
        return _without_filters(leaf, way[:-1])
    if name in {"property", "op"}:
        return _filter_followed(leaf, way[:-1], str(name), there)
    return leaf


def _trait_followed(leaf: r.TraitRule, name: str | int, there: Suggestions) -> r.TraitRule:
    if name == "trait":
        return trait_rule(leaf.trait, there)
    kind = there.trait_type(leaf.trait)
    value = fitting(leaf.op, leaf.value, kind, there.trait_values(leaf.trait), there.today)
    return replace(leaf, value=value) if name == "op" else leaf


def _event_followed(leaf: Leaf, name: str | int, there: Suggestions) -> Leaf:
    if name == "event":
        leaf = _without_filters(leaf, ())
    if not isinstance(leaf, r.EventRule):
        return leaf
    if leaf.aggregate not in MEASURES:
        return replace(leaf, op=None, value=None, property=None)
    if leaf.aggregate == "count":
        return replace(leaf, op=leaf.op or "gte", value=_number(leaf), property=None)
    numeric = [
        known
        for known in there.properties(leaf.event, False)
        if there.property_type(leaf.event, known, False) in NUMBERS
    ]
    own = leaf.property if leaf.property in numeric or not numeric else numeric[0]
    if "revenue" in numeric and leaf.property is None:
        own = "revenue"
    changed = replace(leaf, property=own or "revenue", op=leaf.op or "gte")
    return replace(changed, value=_number(changed))


def _number(leaf: r.EventRule) -> Value:
    ends = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    numbers = [end for end in ends if _is(end, TraitType.NUMBER)] or [1]
    if leaf.op == "between":
        return (numbers[0], max(numbers[-1], numbers[0]))  # type: ignore[type-var,return-value]
    return numbers[0]  # type: ignore[return-value]


def _without_filters(leaf: Leaf, way: Way) -> Leaf:
    found: Leaf = with_part(leaf, (*way, "where"), ())
    return found


def _filter_followed(leaf: Leaf, way: Way, name: str, there: Suggestions) -> Leaf:
    changed: r.PropertyFilter = part(leaf, way)
    of_products = "products" in way
    holder = way[: way.index("where")]
    event = part(leaf, (*holder, "event"))
    if name == "property":
        new = property_filter(event, changed.property, there, of_products=of_products)
    else:
        kind = there.property_type(event, changed.property, of_products)
        values = there.property_values(event, changed.property, of_products)
        new = replace(changed, value=fitting(changed.op, changed.value, kind, values, there.today))
    found: Leaf = with_part(leaf, way, new)
    return found


def operators(kind: TraitType) -> tuple[str, ...]:
    """List the operators for a type, the usual ones first."""
    first = _FIRST_OP[kind]
    return (first, *(op for op in OPERATORS[kind] if op != first))


def _percentile(there: Suggestions) -> Leaf:
    numeric = [name for name in there.traits if there.trait_type(name) in NUMBERS]
    return r.PercentileRule("monetary" if "monetary" in numeric else numeric[0], "top", 10)


def _sequence(there: Suggestions) -> Leaf:
    first = there.events[0]
    second = there.events[1] if len(there.events) > 1 else first
    return r.SequenceRule((r.Step(first), r.Step(second, within="P7D")), within=DAYS)


_NEW: Final[Mapping[str, Callable[[Suggestions], Leaf]]] = {
    "trait": lambda there: trait_rule(there.traits[0], there),
    "percentile": _percentile,
    "event": lambda there: r.EventRule(there.events[0], "count", "gte", 1, within=DAYS),
    "first_time": lambda there: r.FirstTimeRule(there.events[0], within=DAYS),
    "stopped": lambda there: r.StoppedRule(there.events[0], within="P60D"),
    "restarted": lambda there: r.RestartedRule(there.events[0], within=DAYS, silence="P60D"),
    "regularly": lambda there: r.RegularlyRule(there.events[0], "P7D", 8, 6),
    "sequence": _sequence,
    "cluster": lambda there: r.ClusterRule(there.clusters[0][1], there.clusters[0][0]),
    "segment": lambda there: r.SegmentRule(there.segments[0]),
    "list": lambda there: r.ListRule(there.lists[0]),
}
