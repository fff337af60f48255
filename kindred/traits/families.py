"""Families of traits that depend on the data: categories, attributes; and the RFM scores."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

import ibis

from kindred.traits import rfm
from kindred.traits.measures import CATEGORIES, Expression, Measure
from kindred.traits.registry import ABOUT, TASTE, VALUE, Computed
from kindred.traits.trait import Impute, Scale, Trait, TraitType


def category_measures(categories: Sequence[str]) -> list[Measure]:
    """Revenue by category, one measure each."""
    return [
        Measure(
            f"revenue_{slug}",
            CATEGORIES,
            _category_revenue(category),
        )
        for category, slug in slugs(categories).items()
    ]


def _category_revenue(category: str) -> Expression:
    return lambda t, _: t["revenue"].sum(where=t["category"] == category)


def category_traits(categories: Sequence[str]) -> list[Computed]:
    """Shares of spending by category, one trait each."""
    return [
        Computed(
            Trait(
                f"share_{slug}",
                f"Share of spending on {category}.",
                "share",
                TraitType.NUMBER,
                TASTE,
                Impute.MEDIAN,
                Scale.ZSCORE,
                True,
            ),
            _category_share(f"revenue_{slug}"),
        )
        for category, slug in slugs(categories).items()
    ]


def _category_share(measure: str) -> Expression:
    def share(m: ibis.Table, _: datetime) -> ibis.Value:
        total = m["category_revenue"].nullif(0)
        return ibis.ifelse(total.notnull(), m[measure].fill_null(0.0) / total, None)

    return share


def rfm_traits() -> list[Computed]:
    """Scores and groups; they stand on other traits, so they are computed after them."""
    scores = [
        Computed(
            Trait(
                f"rfm_{name}",
                f"{sentence}, from 1 to 5 (best): fifths of all who ordered.",
                "score",
                TraitType.INTEGER,
                VALUE,
            ),
            expression,
        )
        for name, sentence, expression in rfm.SCORES
    ]
    group = Trait(
        "rfm_group", "Named group by recency and frequency scores.", "", TraitType.CATEGORY, VALUE
    )
    return [*scores, Computed(group, rfm.group)]


ATTRIBUTE_SENTENCES: dict[str, str] = {
    "age": "Age group of the head of the household, as told.",
    "income": "Yearly household income, as told (thousands of dollars).",
    "home_ownership": "Whether the home is owned or rented, as told.",
    "marital_status": "Marital status, as told.",
    "household_size": "People in the household, as told.",
    "household_comp": "Who lives in the household, as told.",
    "kids_count": "Children in the household, as told.",
}


def attribute_trait(key: str, numeric: bool) -> Trait:
    """Declare an attribute that ``identify`` events carry, under its own name."""
    sentence = ATTRIBUTE_SENTENCES.get(key, f"“{key}”, as told in identify events.")
    return Trait(key, sentence, "", TraitType.NUMBER if numeric else TraitType.CATEGORY, ABOUT)


def slugs(names: Sequence[str]) -> dict[str, str]:
    """Give each name a distinct identifier of small letters, digits and underscores.

    Examples
    --------
    >>> slugs(["DRUG GM", "drug-gm", "Käse", "日本"])
    {'DRUG GM': 'drug_gm', 'drug-gm': 'drug_gm_2', 'Käse': 'kase', '日本': 'other'}
    """
    given: dict[str, str] = {}
    for name in names:
        ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        base = re.sub(r"[^a-z0-9]+", "_", ascii_name.lower()).strip("_") or "other"
        slug, count = base, 1
        while slug in given.values():
            count += 1
            slug = f"{base}_{count}"
        given[name] = slug
    return given
