"""Traits of taste: on which categories money is spent, and how evenly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import ibis

from kindred.traits.computed import TASTE, Computed, category, number, share
from kindred.traits.measures import CATEGORIES, Expression, Measure, total
from kindred.traits.names import slugs
from kindred.traits.rhythm import RHYTHM_TRAITS
from kindred.traits.trait import Impute, Scale, Trait, TraitType

PREFIX: Final = "share_"
# A category that is called Night must not become the share of orders at night.
TAKEN: Final = frozenset(
    c.trait.name.removeprefix(PREFIX) for c in RHYTHM_TRAITS if c.trait.name.startswith(PREFIX)
)


def _entropy(m: ibis.Table, _: datetime) -> ibis.Value:
    spent = m["category_revenue"]
    # −Σ p ln p with p = r/T is ln T − Σ r ln r / T, which needs one pass (Shannon 1948, § 6).
    return (spent.ln() - m["category_log_revenue"] / spent).round(9).clip(lower=0.0)


TASTE_TRAITS: tuple[Computed, ...] = (
    number(
        "category_entropy",
        "How evenly spending spreads over categories; 0 is all in one.",
        "nats",
        TASTE,
        _entropy,
        feature=True,
    ),
    Computed(
        Trait(
            "categories",
            "Number of categories ever bought from.",
            "categories",
            TraitType.INTEGER,
            TASTE,
            Impute.ZERO,
            Scale.ZSCORE,
        ),
        lambda m, _: m["categories"].fill_null(0).cast("int64"),
    ),
    category(
        "favourite_category",
        "Category with the largest share of spending.",
        TASTE,
        lambda m, _: m["favourite"],
    ),
)


def category_measures(categories: Sequence[str]) -> list[Measure]:
    """Revenue by category, one measure each."""
    return [
        Measure(_measure(place), CATEGORIES, _category_revenue(name))
        for place, name in enumerate(categories)
    ]


def category_traits(categories: Sequence[str]) -> list[Computed]:
    """Shares of spending by category, one trait each, in the order given."""
    found = slugs(categories, TAKEN)
    return [
        share(
            f"{PREFIX}{found[name]}",
            f"Share of spending on {name}.",
            TASTE,
            _category_share(_measure(place)),
        )
        for place, name in enumerate(categories)
    ]


def _measure(place: int) -> str:
    return f"category_{place}"


def _category_revenue(name: str) -> Expression:
    return lambda t, _: total(t["revenue"], t["category"] == name)


def _category_share(measure: str) -> Expression:
    return lambda m, _: ibis.ifelse(
        m["category_revenue"].notnull(), m[measure].fill_null(0.0) / m["category_revenue"], None
    )
