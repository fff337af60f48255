"""The registry: every trait declared once, with its expression over a person's measures.

An Ibis expression is a value that any engine may run; building one touches none. ``as_of`` ends
every window and is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis

from kindred.traits.measures import RADIANS_AN_HOUR, Expression, at, days_between
from kindred.traits.trait import Impute, Scale, Trait, TraitType


@dataclass(frozen=True)
class Computed:
    """A trait and how it follows from measures."""

    trait: Trait
    expression: Expression


def _share(part: str, of: str = "orders") -> Expression:
    return lambda m, _: m[part].cast("float64") / m[of].nullif(0)


def _plain(name: str) -> Expression:
    return lambda m, _: m[name]


def _counted(name: str) -> Expression:
    return lambda m, _: m[name].fill_null(0).cast("int64")


def _trend(m: ibis.Table, _: datetime) -> ibis.Value:
    now, before = m["revenue_30"].fill_null(0), m["revenue_60_30"].fill_null(0)
    return (now - before) / (now + before).nullif(0)


def _entropy(m: ibis.Table, _: datetime) -> ibis.Value:
    total = m["category_revenue"].nullif(0)
    # −Σ p ln p with p = r/T is ln T − Σ r ln r / T, which needs one pass (Shannon 1948, § 6).
    return (total.ln() - m["category_log_revenue"] / total).clip(lower=0)


def _mean_hour(m: ibis.Table, _: datetime) -> ibis.Value:
    angle = m["hour_y"].atan2(m["hour_x"]) / RADIANS_AN_HOUR
    hour = ibis.ifelse(angle < 0, angle + 24, angle)
    clear = (m["hour_x"] ** 2 + m["hour_y"] ** 2).sqrt() > 1e-9  # noon and midnight cancel
    return ibis.ifelse(clear, hour, None)


_N, _I, _C, _T = TraitType.NUMBER, TraitType.INTEGER, TraitType.CATEGORY, TraitType.TIME

VALUE, RHYTHM, TASTE, BROWSING, ABOUT = "value", "rhythm", "taste", "browsing", "about"

TRAITS: tuple[Computed, ...] = (
    Computed(
        Trait(
            "recency",
            "Days since the last order.",
            "days",
            _N,
            VALUE,
            Impute.LARGEST,
            Scale.LOG,
            True,
        ),
        lambda m, a: days_between(m["last_order"], at(a)),
    ),
    Computed(
        Trait("frequency", "Number of orders.", "orders", _I, VALUE, Impute.ZERO, Scale.LOG, True),
        _counted("orders"),
    ),
    Computed(
        Trait(
            "monetary", "Sum of what was paid.", "currency", _N, VALUE, Impute.ZERO, Scale.LOG, True
        ),
        lambda m, _: m["revenue"].fill_null(0.0),
    ),
    Computed(
        Trait(
            "tenure", "Days since the first event.", "days", _N, VALUE, Impute.ZERO, Scale.ROBUST
        ),
        lambda m, a: days_between(m["first_event"], at(a)),
    ),
    Computed(
        Trait(
            "mean_basket",
            "What was paid per order, on average.",
            "currency",
            _N,
            VALUE,
            Impute.MEDIAN,
            Scale.LOG,
            True,
        ),
        lambda m, _: m["revenue"] / m["orders"].nullif(0),
    ),
    Computed(
        Trait(
            "lines_per_order",
            "Order lines per order, on average.",
            "lines",
            _N,
            VALUE,
            Impute.MEDIAN,
            Scale.LOG,
        ),
        _share("lines"),
    ),
    Computed(
        Trait(
            "interval",
            "Days between two orders, on average.",
            "days",
            _N,
            RHYTHM,
            Impute.LARGEST,
            Scale.LOG,
        ),
        lambda m, _: days_between(m["first_order"], m["last_order"]) / (m["orders"] - 1).nullif(0),
    ),
    Computed(
        Trait(
            "trend",
            "Spending of the last 30 days against the 30 before: 1 all in the last, −1 all before.",
            "share",
            _N,
            RHYTHM,
            Impute.ZERO,
            Scale.MINMAX,
            True,
        ),
        _trend,
    ),
    Computed(
        Trait(
            "discount_share",
            "Share of the full price that discounts took off.",
            "share",
            _N,
            VALUE,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        lambda m, _: m["discount"] / (m["revenue"] + m["discount"]).nullif(0),
    ),
    Computed(
        Trait(
            "share_morning",
            "Share of orders placed from 5 to 11 o'clock.",
            "share",
            _N,
            RHYTHM,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        _share("morning"),
    ),
    Computed(
        Trait(
            "share_midday",
            "Share of orders placed from 11 to 17 o'clock.",
            "share",
            _N,
            RHYTHM,
            Impute.MEDIAN,
            Scale.ZSCORE,
        ),
        _share("midday"),
    ),
    Computed(
        Trait(
            "share_evening",
            "Share of orders placed from 17 to 22 o'clock.",
            "share",
            _N,
            RHYTHM,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        _share("evening"),
    ),
    Computed(
        Trait(
            "share_night",
            "Share of orders placed from 22 to 5 o'clock.",
            "share",
            _N,
            RHYTHM,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        _share("night"),
    ),
    Computed(
        Trait(
            "share_weekend",
            "Share of orders placed on Saturday or Sunday.",
            "share",
            _N,
            RHYTHM,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        _share("weekend"),
    ),
    Computed(
        Trait(
            "mean_hour",
            "Time of day around which orders lie, averaged on the circle.",
            "hour",
            _N,
            RHYTHM,
        ),
        _mean_hour,
    ),
    Computed(
        Trait(
            "category_entropy",
            "How evenly spending spreads over categories; 0 is all in one.",
            "nats",
            _N,
            TASTE,
            Impute.MEDIAN,
            Scale.ZSCORE,
            True,
        ),
        _entropy,
    ),
    Computed(
        Trait(
            "categories",
            "Number of categories ever bought from.",
            "categories",
            _I,
            TASTE,
            Impute.ZERO,
            Scale.ZSCORE,
        ),
        _counted("categories"),
    ),
    Computed(
        Trait("favourite_category", "Category with the largest share of spending.", "", _C, TASTE),
        _plain("favourite"),
    ),
    Computed(
        Trait(
            "coupons", "Number of coupons redeemed.", "coupons", _I, VALUE, Impute.ZERO, Scale.LOG
        ),
        _counted("coupons"),
    ),
    Computed(
        Trait(
            "campaigns",
            "Number of campaigns received.",
            "campaigns",
            _I,
            VALUE,
            Impute.ZERO,
            Scale.LOG,
        ),
        _counted("campaigns"),
    ),
    Computed(
        Trait("visits", "Number of page views.", "views", _I, BROWSING, Impute.ZERO, Scale.LOG),
        _counted("page_count"),
    ),
    Computed(
        Trait(
            "content_views",
            "Number of content items seen.",
            "views",
            _I,
            BROWSING,
            Impute.ZERO,
            Scale.LOG,
            True,
        ),
        _counted("content_views"),
    ),
    Computed(
        Trait(
            "content_clicks",
            "Number of content items clicked.",
            "clicks",
            _I,
            BROWSING,
            Impute.ZERO,
            Scale.LOG,
            True,
        ),
        _counted("content_clicks"),
    ),
    Computed(
        Trait(
            "product_views",
            "Number of products looked at.",
            "views",
            _I,
            BROWSING,
            Impute.ZERO,
            Scale.LOG,
            True,
        ),
        _counted("product_views"),
    ),
    Computed(
        Trait(
            "cart_adds",
            "Number of products put into a cart.",
            "products",
            _I,
            BROWSING,
            Impute.ZERO,
            Scale.LOG,
            True,
        ),
        _counted("cart_adds"),
    ),
    Computed(
        Trait("first_order_at", "When the first order was placed.", "", _T, ABOUT),
        _plain("first_order"),
    ),
    Computed(
        Trait("last_order_at", "When the last order was placed.", "", _T, ABOUT),
        _plain("last_order"),
    ),
    Computed(
        Trait("last_seen_at", "When the last event happened.", "", _T, ABOUT), _plain("last_event")
    ),
    Computed(Trait("device", "Device of the last visit.", "", _C, ABOUT), _plain("device")),
    Computed(Trait("region", "Region of the last visit.", "", _C, ABOUT), _plain("region")),
)
