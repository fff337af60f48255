"""Names and sentences for clusters, from what sets each apart from everyone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kindred.clusters.contrast import Contrast
from kindred.traits.trait import Trait

NOTABLE: Final = 0.147  # Cliff's delta from which an effect is more than negligible

# What a high and a low value make of a buyer: put before "buyers".
ADJECTIVES: Final[Mapping[str, tuple[str, str]]] = {
    "frequency": ("frequent", "occasional"),
    "monetary": ("high-spending", "low-spending"),
    "mean_basket": ("big-basket", "small-basket"),
    "recency": ("lapsed", "recent"),
    "trend": ("growing", "fading"),
    "discount_share": ("bargain-seeking", "full-price"),
    "content_clicks": ("click-happy", "hardly clicking"),
    "product_views": ("browsing", "purposeful"),
}
# What a high value says of when they buy: put after a comma.
TIMES: Final[Mapping[str, str]] = {
    "share_morning": "mornings",
    "share_midday": "midday",
    "share_evening": "evenings",
    "share_night": "late hours",
    "share_weekend": "weekends",
}
# Plain words for categories: the departments of the Complete Journey; others speak for themselves.
CATEGORIES: Final[Mapping[str, str]] = {
    "grocery": "groceries",
    "drug_gm": "drugstore goods",
    "produce": "fruit and vegetables",
    "meat": "fresh meat",
    "meat_pckgd": "packaged meat",
    "deli": "deli food",
    "nutrition": "health food",
    "pastry": "bakery goods",
    "floral": "flowers",
    "seafood_pckgd": "packaged seafood",
    "miscellaneous": "odds and ends",
    "fuel": "fuel",
}
VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "frequency": ("order more often", "order less often"),
    "monetary": ("spend more in all", "spend less in all"),
    "mean_basket": ("fill bigger baskets", "fill smaller baskets"),
    "recency": ("ordered longer ago", "ordered more recently"),
    "trend": ("spend more than they did", "spend less than they did"),
    "discount_share": ("buy more at a discount", "buy less at a discount"),
    "category_entropy": ("spread over more categories", "keep to fewer categories"),
    "share_morning": ("order more in the morning", "order less in the morning"),
    "share_midday": ("order more around midday", "order less around midday"),
    "share_evening": ("order more in the evening", "order less in the evening"),
    "share_night": ("order more late at night", "order less late at night"),
    "share_weekend": ("order more at weekends", "order less at weekends"),
    "interval": ("wait longer between orders", "order at shorter intervals"),
    "lines_per_order": ("buy more lines an order", "buy fewer lines an order"),
    "categories": ("have bought from more categories", "have bought from fewer categories"),
    "coupons": ("redeem more coupons", "redeem fewer coupons"),
    "campaigns": ("received more campaigns", "received fewer campaigns"),
    "tenure": ("have been here longer", "came more recently"),
    "visits": ("visit more pages", "visit fewer pages"),
    "content_views": ("see more content", "see less content"),
    "content_clicks": ("click more content", "click less content"),
    "product_views": ("look at more products", "look at fewer products"),
    "cart_adds": ("put more into carts", "put less into carts"),
}


@dataclass(frozen=True)
class Name:
    """What a cluster is called, and what that means."""

    name: str
    sentence: str


def name_clusters(
    contrasts: Sequence[Sequence[Contrast]], traits: Mapping[str, Trait]
) -> list[Name]:
    """Name each cluster by its strongest effects, no two alike.

    Parameters
    ----------
    contrasts : sequence over clusters of effects, strongest first
        Against everyone; of numbers only.
    """
    names: list[Name] = []
    for effects in contrasts:
        notable = [e for e in effects if abs(e.effect) >= NOTABLE]
        candidates = [_compose(notable, slots) for slots in range(2, 6)]
        taken = {name.name for name in names}
        name = next((c for c in candidates if c not in taken), None)
        if name is None:
            count = 2
            while f"{candidates[-1]} ({count})" in taken:
                count += 1
            name = f"{candidates[-1]} ({count})"
        names.append(Name(name, _sentence(notable, traits)))
    return names


def plain_category(trait: str) -> str | None:
    """Say a category share's category in plain words; none for other traits.

    Examples
    --------
    >>> plain_category("share_drug_gm"), plain_category("share_pet_food"), plain_category("tenure")
    ('drugstore goods', 'pet food', None)
    """
    if not trait.startswith("share_") or trait in TIMES:
        return None
    slug = trait.removeprefix("share_")
    return CATEGORIES.get(slug, slug.replace("_", " "))


def _compose(effects: Sequence[Contrast], slots: int) -> str:
    """Fill the pattern *adjective* buyers of *category*, *time* with the strongest effects."""
    adjective, second, of, when = "", "", "", ""
    filled = 0
    for effect in effects:
        if filled == slots:
            break
        high = effect.effect > 0
        category = plain_category(effect.name)
        if effect.name in ADJECTIVES and not second:
            word = ADJECTIVES[effect.name][0 if high else 1]
            adjective, second = (word, second) if not adjective else (adjective, word)
        elif category is not None and high and not of:
            of = f" of {category}"
        elif effect.name in TIMES and high and not when:
            when = f", {TIMES[effect.name]}"
        elif effect.name == "category_entropy" and not of:
            of = " of a bit of everything" if high else " of few things"
        else:
            continue
        filled += 1
    words = ", ".join(word for word in (adjective, second) if word)
    name = f"{words} buyers{of}{when}".strip() if filled else "typical buyers"
    return name[0].upper() + name[1:]


def _sentence(effects: Sequence[Contrast], traits: Mapping[str, Trait]) -> str:
    if not effects:
        return "They differ little from everyone in any trait."
    parts = [clause(effect, traits) for effect in effects[:3]]
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Compared with everyone, they {listed}."


def clause(effect: Contrast, traits: Mapping[str, Trait]) -> str:
    """Say one effect of a number after "they", with both medians."""
    high = effect.effect > 0
    category = plain_category(effect.name)
    trait = traits.get(effect.name)
    if category is not None:
        said = f"spend a {'larger' if high else 'smaller'} share on {category}"
    elif effect.name in VERBS:
        said = VERBS[effect.name][0 if high else 1]
    else:
        label = trait.label.lower() if trait else effect.name
        said = f"have {'more' if high else 'less'} {label}"
    unit = trait.unit if trait else ""
    return f"{said} ({_value(effect.here, unit)} against {_value(effect.there, unit)})"


def _value(value: float, unit: str) -> str:
    if unit == "share":
        return f"{100 * value:.2g} %" if value < 0.995 else "100 %"
    shown = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
    return shown if unit in {"", "currency", "nats"} else f"{shown} {unit}"
