"""The rule language: frozen types in one union tagged by `kind`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
)

from kindred.segments.operators import Aggregate, End, NumberOp, PropertyOp, TraitOp

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Value = Scalar | tuple[Scalar, ...]

_STRICT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class PropertyFilter:
    """A property of an event (or of a product of it) compared with a value."""

    __pydantic_config__ = _STRICT
    property: str
    op: PropertyOp
    value: Value | None = None


@dataclass(frozen=True)
class ProductFilter:
    """At least one product of the event passes all of these filters, the same product."""

    __pydantic_config__ = _STRICT
    products: tuple[PropertyFilter, ...]


def _filter_tag(given: Any) -> str:
    products = "products" in given if isinstance(given, Mapping) else hasattr(given, "products")
    return "product" if products else "property"


Filter = Annotated[
    Annotated[PropertyFilter, Tag("property")] | Annotated[ProductFilter, Tag("product")],
    Discriminator(_filter_tag),
]


@dataclass(frozen=True)
class EventPattern:
    """Events of one name that pass all filters."""

    __pydantic_config__ = _STRICT
    event: str
    where: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of a sequence.

    Parameters
    ----------
    within : str, optional
        Longest time since the step before.
    without : tuple of EventPattern
        What must not happen between the step before and this one.
    """

    __pydantic_config__ = _STRICT
    event: str
    where: tuple[Filter, ...] = ()
    within: str | None = None
    without: tuple[EventPattern, ...] = ()


@dataclass(frozen=True)
class ThenNot:
    """What must not follow the last step, until `within` has gone by, else until now."""

    __pydantic_config__ = _STRICT
    event: str
    where: tuple[Filter, ...] = ()
    within: str | None = None


@dataclass(frozen=True)
class TraitRule:
    """A trait compared with a value."""

    __pydantic_config__ = _STRICT
    trait: str
    op: TraitOp
    value: Value | None = None
    kind: Literal["trait"] = "trait"


@dataclass(frozen=True)
class PercentileRule:
    """Among the top or bottom `percent` of all whose trait is known; ties are all in."""

    __pydantic_config__ = _STRICT
    trait: str
    end: End
    percent: StrictInt | StrictFloat
    kind: Literal["percentile"] = "percentile"


@dataclass(frozen=True)
class EventRule:
    """A number made of a person's events in a window, compared with a value; or did, did not.

    Parameters
    ----------
    property : str, optional
        What ``sum``, ``avg``, ``min`` and ``max`` are of.
    within : str, optional
        The window ``[now − within, now)``.
    between : pair of str, optional
        The window from the first to before the second: times, or durations before now.
    """

    __pydantic_config__ = _STRICT
    event: str
    aggregate: Aggregate = "did"
    op: NumberOp | None = None
    value: Value | None = None
    property: str | None = None
    within: str | None = None
    between: tuple[str, str] | None = None
    where: tuple[Filter, ...] = ()
    kind: Literal["event"] = "event"


@dataclass(frozen=True)
class FirstTimeRule:
    """The very first of these events lies in the window."""

    __pydantic_config__ = _STRICT
    event: str
    within: str | None = None
    between: tuple[str, str] | None = None
    where: tuple[Filter, ...] = ()
    kind: Literal["first_time"] = "first_time"


@dataclass(frozen=True)
class StoppedRule:
    """Did it before the last `within` (in the `before` until then, else ever), but not since."""

    __pydantic_config__ = _STRICT
    event: str
    within: str
    before: str | None = None
    where: tuple[Filter, ...] = ()
    kind: Literal["stopped"] = "stopped"


@dataclass(frozen=True)
class RestartedRule:
    """Did it in the last `within`, not in the `silence` until then, and did before that."""

    __pydantic_config__ = _STRICT
    event: str
    within: str
    silence: str
    where: tuple[Filter, ...] = ()
    kind: Literal["restarted"] = "restarted"


@dataclass(frozen=True)
class RegularlyRule:
    """Did it in at least `at_least` of the last `periods` periods, each `period` long."""

    __pydantic_config__ = _STRICT
    event: str
    period: str
    periods: StrictInt
    at_least: StrictInt
    where: tuple[Filter, ...] = ()
    kind: Literal["regularly"] = "regularly"


@dataclass(frozen=True)
class SequenceRule:
    """One event after another, all in the window."""

    __pydantic_config__ = _STRICT
    steps: tuple[Step, ...]
    within: str | None = None
    between: tuple[str, str] | None = None
    then_not: ThenNot | None = None
    kind: Literal["sequence"] = "sequence"


@dataclass(frozen=True)
class ClusterRule:
    """In a cluster, as a stated run found it."""

    __pydantic_config__ = _STRICT
    cluster: StrictInt
    run: StrictInt
    kind: Literal["cluster"] = "cluster"


@dataclass(frozen=True)
class SegmentRule:
    """In another segment."""

    __pydantic_config__ = _STRICT
    segment: str
    kind: Literal["segment"] = "segment"


@dataclass(frozen=True)
class ListRule:
    """On an uploaded list of ids."""

    __pydantic_config__ = _STRICT
    list: str
    kind: Literal["list"] = "list"


@dataclass(frozen=True)
class AllRule:
    """Every one of the rules holds; of none, everybody."""

    __pydantic_config__ = _STRICT
    rules: tuple[Rule, ...]
    kind: Literal["all"] = "all"


@dataclass(frozen=True)
class AnyRule:
    """At least one of the rules holds; of none, nobody."""

    __pydantic_config__ = _STRICT
    rules: tuple[Rule, ...]
    kind: Literal["any"] = "any"


@dataclass(frozen=True)
class NotRule:
    """The rule does not hold."""

    __pydantic_config__ = _STRICT
    rule: Rule
    kind: Literal["not"] = "not"


@dataclass(frozen=True)
class AtLeastRule:
    """At least `count` of the rules hold."""

    __pydantic_config__ = _STRICT
    count: StrictInt
    rules: tuple[Rule, ...]
    kind: Literal["at_least"] = "at_least"


Windowed = EventRule | FirstTimeRule | SequenceRule
EventLeaf = EventRule | FirstTimeRule | StoppedRule | RestartedRule | RegularlyRule
Leaf = TraitRule | PercentileRule | EventLeaf | SequenceRule | ClusterRule | SegmentRule | ListRule
Rule = Annotated[
    TraitRule
    | PercentileRule
    | EventRule
    | FirstTimeRule
    | StoppedRule
    | RestartedRule
    | RegularlyRule
    | SequenceRule
    | ClusterRule
    | SegmentRule
    | ListRule
    | AllRule
    | AnyRule
    | NotRule
    | AtLeastRule,
    Field(discriminator="kind"),
]

KINDS: Final[Mapping[str, type]] = {
    next(f.default for f in fields(kind) if f.name == "kind"): kind  # type: ignore[misc]
    for kind in (
        *(TraitRule, PercentileRule, EventRule, FirstTimeRule, StoppedRule, RestartedRule),
        *(RegularlyRule, SequenceRule, ClusterRule, SegmentRule, ListRule),
        *(AllRule, AnyRule, NotRule, AtLeastRule),
    )
}
