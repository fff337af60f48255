"""Measures: aggregates of one person's rows, so that each source is scanned once.

However many traits stand on a source (orders, spending by category, all events), its rows are
grouped by person a single time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis

from kindred.events import (
    CONTENT_CLICKED,
    CONTENT_VIEWED,
    COUPON_APPLIED,
    PRODUCT_ADDED,
    PRODUCT_VIEWED,
)

ORDERS: Final = "orders"
CATEGORIES: Final = "categories"
EVENTS: Final = "events"
DAY_SECONDS: Final = 86_400
RADIANS_AN_HOUR: Final = math.pi / 12

Expression = Callable[[ibis.Table, datetime], ibis.Value]


@dataclass(frozen=True)
class Measure:
    """An aggregate over one person's rows of a source; not shown to anybody by itself."""

    name: str
    source: str
    expression: Expression


def at(moment: datetime) -> ibis.Value:
    """Put an instant into an expression."""
    return ibis.timestamp(moment.isoformat())


def days_between(start: ibis.Value, end: ibis.Value) -> ibis.Value:
    """Count days, with their fractions."""
    return (end.epoch_seconds() - start.epoch_seconds()) / DAY_SECONDS


def _days_before(moment: datetime, days: int) -> ibis.Value:
    return at(moment) - ibis.interval(days=days)


def _count(event: str) -> Expression:
    return lambda t, _: t.count(where=t["event"] == event)


def _hours(first: int, last: int) -> Expression:
    """Count orders from the hour `first` up to, not including, `last`; past midnight too."""
    if first < last:
        return lambda t, _: t.count(where=(t["hour"] >= first) & (t["hour"] < last))
    return lambda t, _: t.count(where=(t["hour"] >= first) | (t["hour"] < last))


MEASURES: tuple[Measure, ...] = (
    Measure("orders", ORDERS, lambda t, _: t.count()),
    Measure("revenue", ORDERS, lambda t, _: t["revenue"].sum()),
    Measure("discount", ORDERS, lambda t, _: t["discount"].sum()),
    Measure("first_order", ORDERS, lambda t, _: t["timestamp"].min()),
    Measure("last_order", ORDERS, lambda t, _: t["timestamp"].max()),
    Measure("lines", ORDERS, lambda t, _: t["lines"].sum()),
    Measure(
        "revenue_30",
        ORDERS,
        lambda t, a: t["revenue"].sum(where=t["timestamp"] >= _days_before(a, 30)),
    ),
    Measure(
        "revenue_60_30",
        ORDERS,
        lambda t, a: t["revenue"].sum(
            where=(t["timestamp"] >= _days_before(a, 60)) & (t["timestamp"] < _days_before(a, 30))
        ),
    ),
    Measure("morning", ORDERS, _hours(5, 11)),
    Measure("midday", ORDERS, _hours(11, 17)),
    Measure("evening", ORDERS, _hours(17, 22)),
    Measure("night", ORDERS, _hours(22, 5)),
    Measure("weekend", ORDERS, lambda t, _: t.count(where=t["weekday"] >= 5)),
    # The sum of squares of shares would hide ties; the hour's mean is taken on the circle instead.
    Measure("hour_x", ORDERS, lambda t, _: (t["hour"] * RADIANS_AN_HOUR).cos().sum()),
    Measure("hour_y", ORDERS, lambda t, _: (t["hour"] * RADIANS_AN_HOUR).sin().sum()),
    Measure("category_revenue", CATEGORIES, lambda t, _: t["revenue"].sum()),
    Measure(
        "category_log_revenue", CATEGORIES, lambda t, _: (t["revenue"] * t["revenue"].ln()).sum()
    ),
    Measure("categories", CATEGORIES, lambda t, _: t.count()),
    Measure("favourite", CATEGORIES, lambda t, _: t["category"].min(where=t["rank"] == 0)),
    Measure("first_event", EVENTS, lambda t, _: t["timestamp"].min()),
    Measure("last_event", EVENTS, lambda t, _: t["timestamp"].max()),
    Measure("page_count", EVENTS, lambda t, _: t.count(where=t["type"] == "page")),
    Measure("content_views", EVENTS, _count(CONTENT_VIEWED)),
    Measure("content_clicks", EVENTS, _count(CONTENT_CLICKED)),
    Measure("product_views", EVENTS, _count(PRODUCT_VIEWED)),
    Measure("cart_adds", EVENTS, _count(PRODUCT_ADDED)),
    Measure("coupons", EVENTS, _count(COUPON_APPLIED)),
    Measure("campaigns", EVENTS, _count("Campaign Received")),
    Measure(
        "device",
        EVENTS,
        lambda t, _: t["device"].argmax(t["timestamp"], where=t["device"].notnull()),
    ),
    Measure(
        "region",
        EVENTS,
        lambda t, _: t["region"].argmax(t["timestamp"], where=t["region"].notnull()),
    ),
)
