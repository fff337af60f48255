"""The micro-segments that the simulated world is made of: the truth that clustering looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CATEGORIES: Final = (
    "groceries", "fresh food", "baby", "pets", "beauty", "health", "garden", "toys",
    "books", "electronics", "sports", "fashion", "home", "travel", "hobby", "wine",
)  # fmt: skip
DEVICES: Final = ("mobile", "desktop", "tablet")
REGIONS: Final = ("north", "east", "south", "west", "centre", "abroad")


@dataclass(frozen=True)
class MicroSegment:
    """How people of one micro-segment tend to behave; each person is drawn around it.

    Parameters
    ----------
    share : float
        Of all people.
    visits : float
        Visits a day, relative to the average.
    hour, hour_spread : float
        Around which time of day (UTC), and how widely.
    weekend : float
        Visits on a weekend day over those on a weekday.
    likes : tuple of str
        Categories that make up most of what they look at.
    price : float
        Of what they buy, relative to the average.
    discount : float
        Share of order lines bought at a discount.
    mobile : float
        Share of visits by mobile.
    clicks, buys : float
        Chance that content seen is clicked, and that a visit with a cart ends in an order.
    new : float
        Share who arrive during the span.
    stay : float
        Days until half have lapsed.
    """

    name: str
    share: float
    visits: float
    hour: float
    hour_spread: float
    weekend: float
    likes: tuple[str, ...]
    price: float
    discount: float
    mobile: float
    clicks: float
    buys: float
    new: float
    stay: float


MICRO_SEGMENTS: Final = (
    MicroSegment("weekly family shop", 0.15, 1.3, 17, 2.0, 1.9, ("groceries", "fresh food", "baby"), 0.9, 0.30, 0.35, 0.06, 0.45, 0.05, 900),
    MicroSegment("evening bargain hunters", 0.12, 1.6, 21, 1.5, 1.0, ("fashion", "home", "beauty"), 0.6, 0.70, 0.80, 0.22, 0.22, 0.20, 200),
    MicroSegment("lunch-break readers", 0.11, 1.5, 12, 1.0, 0.4, ("books", "hobby", "travel"), 0.8, 0.15, 0.55, 0.35, 0.12, 0.15, 400),
    MicroSegment("gadget researchers", 0.10, 1.1, 20, 2.5, 1.2, ("electronics", "sports", "hobby"), 2.2, 0.20, 0.25, 0.18, 0.15, 0.15, 300),
    MicroSegment("new parents", 0.08, 1.4, 10, 4.0, 1.0, ("baby", "toys", "health"), 1.2, 0.25, 0.85, 0.15, 0.40, 0.50, 250),
    MicroSegment("pet people", 0.08, 0.9, 18, 3.0, 1.1, ("pets", "garden", "groceries"), 1.0, 0.20, 0.45, 0.08, 0.50, 0.10, 800),
    MicroSegment("weekend gardeners", 0.07, 0.8, 9, 2.0, 3.0, ("garden", "home", "wine"), 1.4, 0.15, 0.20, 0.10, 0.35, 0.10, 500),
    MicroSegment("beauty loyalists", 0.08, 1.2, 19, 2.0, 1.3, ("beauty", "health", "fashion"), 1.5, 0.35, 0.75, 0.28, 0.42, 0.15, 600),
    MicroSegment("night owls", 0.06, 1.3, 1, 2.0, 1.1, ("electronics", "books", "wine"), 1.3, 0.30, 0.60, 0.20, 0.25, 0.20, 300),
    MicroSegment("premium hosts", 0.05, 0.7, 16, 2.5, 1.6, ("wine", "fresh food", "home"), 2.8, 0.05, 0.30, 0.07, 0.48, 0.10, 700),
    MicroSegment("sporty movers", 0.06, 1.0, 7, 1.5, 1.4, ("sports", "health", "travel"), 1.6, 0.25, 0.65, 0.16, 0.33, 0.20, 350),
    MicroSegment("one-off gift givers", 0.04, 0.3, 14, 4.0, 1.2, ("toys", "books", "hobby"), 1.1, 0.20, 0.50, 0.09, 0.55, 0.60, 60),
)  # fmt: skip
