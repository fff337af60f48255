"""Traits of value: how recent, how often, how much, and what discounts took off."""

from __future__ import annotations

from datetime import datetime

import ibis

from kindred.traits.computed import VALUE, Computed, count, number, share
from kindred.traits.measures import at, days_between
from kindred.traits.trait import Impute, Scale


def _discount_share(m: ibis.Table, _: datetime) -> ibis.Value:
    full = m["revenue"] + m["discount"]
    return ibis.ifelse(full > 0, (m["discount"] / full).clip(0.0, 1.0), None)


VALUE_TRAITS: tuple[Computed, ...] = (
    number(
        "recency",
        "Days since the last order.",
        "days",
        VALUE,
        lambda m, a: days_between(m["last_order"], at(a)),
        impute=Impute.LARGEST,
        scale=Scale.LOG,
        feature=True,
    ),
    count("frequency", "Number of orders.", "orders", VALUE, "orders", feature=True),
    number(
        "monetary",
        "Sum of what was paid.",
        "currency",
        VALUE,
        lambda m, _: m["revenue"].fill_null(0.0),
        impute=Impute.ZERO,
        scale=Scale.LOG,
        feature=True,
    ),
    number(
        "tenure",
        "Days since the first event.",
        "days",
        VALUE,
        lambda m, a: days_between(m["first_event"], at(a)),
        impute=Impute.ZERO,
        scale=Scale.ROBUST,
    ),
    number(
        "mean_basket",
        "What was paid per order, on average.",
        "currency",
        VALUE,
        lambda m, _: m["revenue"] / m["orders"],
        scale=Scale.LOG,
        feature=True,
    ),
    number(
        "lines_per_order",
        "Order lines per order, on average.",
        "lines",
        VALUE,
        lambda m, _: m["lines"] / m["orders"],
        scale=Scale.LOG,
    ),
    share(
        "discount_share",
        "Share of the full price that discounts took off.",
        VALUE,
        _discount_share,
    ),
    count("coupons", "Number of coupons redeemed.", "coupons", VALUE, "coupons"),
    count("campaigns", "Number of campaigns received.", "campaigns", VALUE, "campaigns"),
)
