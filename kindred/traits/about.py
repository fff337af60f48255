"""What else is known of a person: when they were here, with what, and what they told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kindred.traits.computed import ABOUT, Computed, category, time
from kindred.traits.trait import Impute, Scale, Trait, TraitType

ABOUT_TRAITS: tuple[Computed, ...] = (
    time(
        "first_order_at", "When the first order was placed.", ABOUT, lambda m, _: m["first_order"]
    ),
    time("last_order_at", "When the last order was placed.", ABOUT, lambda m, _: m["last_order"]),
    time("last_seen_at", "When the last event happened.", ABOUT, lambda m, _: m["last_event"]),
    category(
        "device",
        "Device, as the last event that told it.",
        ABOUT,
        lambda m, _: m["last_context"]["device"],
    ),
    category(
        "region",
        "Region, as the last event that told it.",
        ABOUT,
        lambda m, _: m["last_context"]["region"],
    ),
)

# Sentence and unit of attributes that are known beforehand; any other speaks for itself.
ATTRIBUTES: Final[Mapping[str, tuple[str, str]]] = {
    "age": ("Age, or age group of the head of the household, as told.", "years"),
    "income": ("Yearly household income, as told.", "thousands of dollars"),
    "home_ownership": ("Whether the home is owned or rented, as told.", ""),
    "marital_status": ("Marital status, as told.", ""),
    "household_size": ("People in the household, as told.", "people"),
    "household_comp": ("Who lives in the household, as told.", ""),
    "kids_count": ("Children in the household, as told.", "children"),
}


def attribute_trait(key: str, type: TraitType, name: str | None = None) -> Trait:
    """Declare an attribute that ``identify`` events carry.

    Parameters
    ----------
    key : str
        What the source calls it.
    name : str, optional
        What the trait is called where the source's name is taken already.
    """
    sentence, unit = ATTRIBUTES.get(key, (f"“{key}”, as told in identify events.", ""))
    numeric = type is TraitType.NUMBER
    return Trait(
        name or key,
        sentence,
        unit,
        type,
        ABOUT,
        Impute.MEDIAN if numeric else Impute.NONE,
        Scale.ZSCORE if numeric else Scale.NONE,
    )
