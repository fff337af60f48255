"""Segments that most shops want, ready to be looked at and changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kindred.events import ORDER_COMPLETED, PRODUCT_ADDED
from kindred.segments.rules import (
    AllRule,
    EventRule,
    FirstTimeRule,
    PercentileRule,
    RegularlyRule,
    Rule,
    SequenceRule,
    Step,
    StoppedRule,
    ThenNot,
    TraitRule,
)


@dataclass(frozen=True)
class Known:
    """What a workspace holds that templates may speak of.

    Parameters
    ----------
    traits, events : collections of str
    values : mapping of trait to its values
        The commonest first.
    """

    traits: frozenset[str]
    events: frozenset[str]
    values: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Template:
    """A segment to begin with.

    Parameters
    ----------
    why : str
        What it is good for.
    lacking : str
        What the workspace would need first; empty where it can be used.
    """

    name: str
    why: str
    rule: Rule | None
    lacking: str = ""


@dataclass(frozen=True)
class _Pattern:
    name: str
    why: str
    traits: tuple[str, ...]
    events: tuple[str, ...]
    make: Callable[[Known], Rule]


def templates(known: Known) -> list[Template]:
    """List the templates; those that the workspace can't answer say what they lack.

    Examples
    --------
    >>> found = templates(Known(frozenset({"monetary"}), frozenset(), {}))
    >>> [(t.name, t.lacking) for t in found if t.name in ("Big spenders", "New")]
    [('Big spenders', ''), ('New', 'events “Order Completed”')]
    """
    return [_template(pattern, known) for pattern in (*_PATTERNS, *_rfm(known), *_fans(known))]


def _template(pattern: _Pattern, known: Known) -> Template:
    traits = [name for name in pattern.traits if name not in known.traits]
    events = [name for name in pattern.events if name not in known.events]
    valueless = [n for n in pattern.traits if n in known.values and not known.values[n]]
    traits += valueless
    lacking = " and ".join(
        f"{what} {', '.join(f'“{name}”' for name in names)}"
        for what, names in (("the trait", traits), ("events", events))
        if names
    )
    rule = None if lacking else pattern.make(known)
    return Template(pattern.name, pattern.why, rule, lacking)


def _cart(_: Known) -> Rule:
    return SequenceRule((Step(PRODUCT_ADDED),), within="P7D", then_not=ThenNot(ORDER_COMPLETED))


def _local(known: Known) -> Rule:
    return TraitRule("region", "eq", next(iter(known.values.get("region", ())), ""))


_PATTERNS: Final = (
    _Pattern(
        "Big spenders",
        "The tenth who spent most: look after them.",
        ("monetary",),
        (),
        lambda _: PercentileRule("monetary", "top", 10),
    ),
    _Pattern(
        "Loyal",
        "Ordered in at least 6 of the last 8 weeks.",
        (),
        (ORDER_COMPLETED,),
        lambda _: RegularlyRule(ORDER_COMPLETED, period="P7D", periods=8, at_least=6),
    ),
    _Pattern(
        "New",
        "First order in the last 30 days: welcome them.",
        (),
        (ORDER_COMPLETED,),
        lambda _: FirstTimeRule(ORDER_COMPLETED, within="P30D"),
    ),
    _Pattern(
        "Lapsed",
        "Ordered before, but not in the last 60 days: win them back.",
        (),
        (ORDER_COMPLETED,),
        lambda _: StoppedRule(ORDER_COMPLETED, within="P60D"),
    ),
    _Pattern(
        "Cart abandoners",
        "Put something into the cart in the last 7 days and did not order since.",
        (),
        (PRODUCT_ADDED, ORDER_COMPLETED),
        _cart,
    ),
    _Pattern(
        "Frequent and valuable",
        "At least 3 orders in 30 days and among the upper half by spending.",
        ("monetary",),
        (ORDER_COMPLETED,),
        lambda _: AllRule(
            (
                EventRule(ORDER_COMPLETED, "count", "gte", 3, within="P30D"),
                PercentileRule("monetary", "top", 50),
            )
        ),
    ),
    _Pattern(
        "Local",
        "Those of one region, for what happens there.",
        ("region",),
        (),
        _local,
    ),
    _Pattern(
        "Bargain hunters",
        "The fifth who save most by discounts.",
        ("discount_share",),
        (),
        lambda _: PercentileRule("discount_share", "top", 20),
    ),
)


def _rfm(known: Known) -> list[_Pattern]:
    groups = known.values.get("rfm_group", ())
    return [
        _Pattern(f"RFM: {group}", _RFM_WHY, ("rfm_group",), (), _equals("rfm_group", group))
        for group in groups
    ]


_RFM_WHY: Final = "A named group by how recently and how often they ordered."


def _fans(known: Known) -> list[_Pattern]:
    return [
        _Pattern(
            f"Fans of {category.lower()}",
            "Spend most on this category.",
            ("favourite_category",),
            (),
            _equals("favourite_category", category),
        )
        for category in list(known.values.get("favourite_category", ()))[:6]
    ]


def _equals(trait: str, value: str) -> Callable[[Known], Rule]:
    return lambda _: TraitRule(trait, "eq", value)
