"""Traits of rhythm: how often, when in the day and the week (UTC), and whether it grows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import add
from typing import Final

import ibis

from kindred.traits.computed import RHYTHM, Computed, category, number, share
from kindred.traits.measures import Expression, days_between, hour_count, weekday_count
from kindred.traits.trait import Impute, Scale, Trait, TraitType

WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
HOURS: Final = tuple(hour_count(hour) for hour in range(24))
DAYS: Final = tuple(weekday_count(day) for day in range(7))
RADIANS_AN_HOUR: Final = math.pi / 12


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def bit_count(bits: int) -> int:  # type: ignore[empty-body]
    """Count the bits that are set; DuckDB and Spark call it alike."""


def _interval(m: ibis.Table, _: datetime) -> ibis.Value:
    return days_between(m["first_order"], m["last_order"]) / (m["orders"] - 1).nullif(0)


def _trend(m: ibis.Table, _: datetime) -> ibis.Value:
    now, before = m["revenue_30"].fill_null(0.0), m["revenue_60_30"].fill_null(0.0)
    return ibis.ifelse(now + before > 0, ((now - before) / (now + before)).clip(-1.0, 1.0), None)


def _share_of(parts: Sequence[str]) -> Expression:
    """Share of all orders that lie in some hours or on some weekdays."""
    return lambda m, _: reduce(add, (m[part] for part in parts)).cast("float64") / m["orders"]


def _between(first: int, last: int) -> list[str]:
    """Name the hours from `first` up to, not including, `last`; past midnight too."""
    return [HOURS[hour % 24] for hour in range(first, last if last > first else last + 24)]


def _mean_hour(m: ibis.Table, _: datetime) -> ibis.Value:
    x, y = (
        reduce(add, (m[name] * turn(RADIANS_AN_HOUR * hour) for hour, name in enumerate(HOURS)))
        for turn in (math.cos, math.sin)
    )
    hour = y.atan2(x) / RADIANS_AN_HOUR
    clear = (x * x + y * y).sqrt() > 1e-9 * m["orders"]  # noon and midnight cancel
    return ibis.ifelse(clear, ibis.ifelse(hour < 0, hour + 24, hour).round(9) % 24, None)


def _most(m: ibis.Table, counts: Sequence[str]) -> ibis.Value:
    """Give the place of the largest count, the first of equal ones; unknown where all are 0."""
    # Count and place in one number, so that one comparison of all finds both.
    packed = ibis.greatest(*(m[name] * 32 + (31 - place) for place, name in enumerate(counts)))
    return ibis.ifelse(packed >= 32, 31 - packed % 32, None).cast("int64")


def _weekday(m: ibis.Table, _: datetime) -> ibis.Value:
    place = _most(m, DAYS)
    return ibis.cases(*((place == day, name) for day, name in enumerate(WEEKDAYS)), else_=None)


RHYTHM_TRAITS: tuple[Computed, ...] = (
    number(
        "interval",
        "Days between two orders, on average.",
        "days",
        RHYTHM,
        _interval,
        impute=Impute.LARGEST,
        scale=Scale.LOG,
    ),
    Computed(
        Trait(
            "active_weeks",
            "How many of the last 52 weeks have an order.",
            "weeks",
            TraitType.INTEGER,
            RHYTHM,
            Impute.ZERO,
            Scale.ROBUST,
        ),
        lambda m, _: bit_count(m["weeks"].fill_null(0)).cast("int64"),
    ),
    number(
        "trend",
        "Spending of the last 30 days against the 30 before: 1 all in the last, −1 all before.",
        "share",
        RHYTHM,
        _trend,
        impute=Impute.ZERO,
        scale=Scale.MINMAX,
        feature=True,
    ),
    share(
        "share_morning",
        "Share of orders placed from 5 to 11 o'clock.",
        RHYTHM,
        _share_of(_between(5, 11)),
    ),
    share(
        "share_midday",
        "Share of orders placed from 11 to 17 o'clock.",
        RHYTHM,
        _share_of(_between(11, 17)),
        feature=False,  # what the other three leave over
    ),
    share(
        "share_evening",
        "Share of orders placed from 17 to 22 o'clock.",
        RHYTHM,
        _share_of(_between(17, 22)),
    ),
    share(
        "share_night",
        "Share of orders placed from 22 to 5 o'clock.",
        RHYTHM,
        _share_of(_between(22, 5)),
    ),
    share(
        "share_weekend",
        "Share of orders placed on Saturday or Sunday.",
        RHYTHM,
        _share_of(DAYS[5:]),
    ),
    number(
        "mean_hour",
        "Time of day around which orders lie, averaged on the circle.",
        "hour",
        RHYTHM,
        _mean_hour,
        impute=Impute.NONE,
        scale=Scale.NONE,
    ),
    Computed(
        Trait(
            "favourite_hour",
            "Hour of the day with most orders; the earliest of equal ones.",
            "hour",
            TraitType.INTEGER,
            RHYTHM,
        ),
        lambda m, _: _most(m, HOURS),
    ),
    category(
        "favourite_weekday",
        "Weekday with most orders; of equal ones, the first from Monday on.",
        RHYTHM,
        _weekday,
    ),
)
