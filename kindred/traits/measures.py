"""Measures: aggregates of one person's rows, so that each source is read once.

However many traits stand on a source, its rows are grouped by person a single time. Sums of
fractions are rounded far below a cent: threads add in any order, and the last bits of a sum would
otherwise differ from run to run, and with them the map.
"""

from __future__ import annotations

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

# What each source's rows are, and which columns they have beside `person_id`:
ORDERS: Final = "orders"  # an order: timestamp, revenue, discount, hour, weekday (0 is Monday)
CATEGORIES: Final = "categories"  # what was spent in a category: category, revenue > 0, lines
EVENTS: Final = "events"  # an event of any kind: timestamp, type, event, device, region

DAY_SECONDS: Final = 86_400
WEEKS: Final = 52
DIGITS: Final = 6

Expression = Callable[[ibis.Table, datetime], ibis.Value]


@dataclass(frozen=True)
class Measure:
    """An aggregate over one person's rows of a source; not shown to anybody by itself."""

    name: str
    source: str
    expression: Expression


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]
def bit_or(bits: int) -> int:  # type: ignore[empty-body]
    """Unite sets of bits; DuckDB and Spark call it alike, Ibis knows it on DuckDB only."""


def at(moment: datetime) -> ibis.Value:
    """Put an instant into an expression."""
    return ibis.timestamp(moment.isoformat())


def days_between(start: ibis.Value, end: ibis.Value) -> ibis.Value:
    """Count days, with their fractions."""
    return (end.epoch_seconds() - start.epoch_seconds()) / DAY_SECONDS


def hour_count(hour: int) -> str:
    """Name the measure that counts the orders of an hour of the day."""
    return f"orders_at_{hour:02d}"


def weekday_count(weekday: int) -> str:
    """Name the measure that counts the orders of a weekday, 0 being Monday."""
    return f"orders_on_{weekday}"


def total(column: ibis.Value, where: ibis.Value | None = None) -> ibis.Value:
    """Sum a column of fractions to the same bits whatever the order of its rows."""
    return column.sum(where=where).round(DIGITS)


def _within(t: ibis.Table, as_of: datetime, days: int, until: int = 0) -> ibis.Value:
    """Keep the window ``[as_of − days, as_of − until)``; nothing at or after `as_of` is there."""
    since = t["timestamp"] >= at(as_of) - ibis.interval(days=days)
    return since & (t["timestamp"] < at(as_of) - ibis.interval(days=until)) if until else since


def _weeks(t: ibis.Table, as_of: datetime) -> ibis.Value:
    """Set the bit of each week before `as_of`, of the last 52, that has a row."""
    ago = (days_between(t["timestamp"], at(as_of)) / 7).ceil().cast("int64") - 1
    bit = ibis.literal(1, "int64") << ago.clip(0, WEEKS - 1)
    return bit_or(bit, where=_within(t, as_of, 7 * WEEKS))


def _number(column: str, value: int) -> Expression:
    return lambda t, _: t.count(where=t[column] == value)


def _count(event: str) -> Expression:
    return lambda t, _: t.count(where=t["event"] == event)


def _last_context(t: ibis.Table, _: datetime) -> ibis.Value:
    """Device and region as told last; of two at the same instant, the same one every time."""
    told = ibis.struct({name: t[name] for name in ("timestamp", "device", "region")})
    return told.max(where=t["device"].notnull() | t["region"].notnull())


def _favourite(t: ibis.Table, _: datetime) -> ibis.Value:
    """Category with most revenue; of equal ones, the last in the alphabet."""
    spent = ibis.struct({name: t[name] for name in ("revenue", "category")})
    return spent.max(where=t["revenue"].notnull())["category"]


MEASURES: tuple[Measure, ...] = (
    Measure("orders", ORDERS, lambda t, _: t.count()),
    Measure("revenue", ORDERS, lambda t, _: total(t["revenue"])),
    Measure("discount", ORDERS, lambda t, _: total(t["discount"])),
    Measure("first_order", ORDERS, lambda t, _: t["timestamp"].min()),
    Measure("last_order", ORDERS, lambda t, _: t["timestamp"].max()),
    Measure("revenue_30", ORDERS, lambda t, a: total(t["revenue"], _within(t, a, 30))),
    Measure("revenue_60_30", ORDERS, lambda t, a: total(t["revenue"], _within(t, a, 60, 30))),
    Measure("weeks", ORDERS, _weeks),
    *(Measure(hour_count(hour), ORDERS, _number("hour", hour)) for hour in range(24)),
    *(Measure(weekday_count(day), ORDERS, _number("weekday", day)) for day in range(7)),
    Measure("lines", CATEGORIES, lambda t, _: t["lines"].sum()),
    Measure("category_revenue", CATEGORIES, lambda t, _: total(t["revenue"])),
    Measure(
        "category_log_revenue", CATEGORIES, lambda t, _: total(t["revenue"] * t["revenue"].ln())
    ),
    Measure("categories", CATEGORIES, lambda t, _: t["revenue"].count()),
    Measure("favourite", CATEGORIES, _favourite),
    Measure("first_event", EVENTS, lambda t, _: t["timestamp"].min()),
    Measure("last_event", EVENTS, lambda t, _: t["timestamp"].max()),
    Measure("last_context", EVENTS, _last_context),
    Measure("pages", EVENTS, lambda t, _: t.count(where=t["type"] == "page")),
    Measure("content_views", EVENTS, _count(CONTENT_VIEWED)),
    Measure("content_clicks", EVENTS, _count(CONTENT_CLICKED)),
    Measure("product_views", EVENTS, _count(PRODUCT_VIEWED)),
    Measure("cart_adds", EVENTS, _count(PRODUCT_ADDED)),
    Measure("coupons", EVENTS, _count(COUPON_APPLIED)),
    Measure("campaigns", EVENTS, _count("Campaign Received")),
)
