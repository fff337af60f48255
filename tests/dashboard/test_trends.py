"""Daily counts brought to weeks: sums by hand, and which periods are whole."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, datetime

import pytest

from dashboard.trends import periods, tell, trend

Day = namedtuple("Day", "day people new_people orders revenue")
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def days(*numbers: int) -> list[Day]:
    return [Day(f"2026-11-{n:02d}", 4, 1, 2, 10.0) for n in numbers]


def test_a_week_sums_its_days_and_averages_its_people() -> None:
    table = periods(days(2, 3, 9), "week", MONDAY, datetime(2026, 11, 16, tzinfo=UTC))

    assert table["orders"].tolist() == [4, 2]
    assert table["revenue"].tolist() == [20.0, 10.0]
    assert table["people"].tolist() == pytest.approx([8 / 7, 4 / 7])
    assert table["complete"].tolist() == [True, True]


def test_a_week_that_the_clock_cuts_is_incomplete_and_one_it_just_ends_is_not() -> None:
    whole = periods(days(2, 9), "week", MONDAY, datetime(2026, 11, 16, tzinfo=UTC))
    cut = periods(days(2, 9), "week", MONDAY, datetime(2026, 11, 15, 23, tzinfo=UTC))

    assert whole["complete"].tolist() == [True, True]
    assert cut["complete"].tolist() == [True, False]


def test_the_week_in_which_data_begins_late_is_incomplete() -> None:
    table = periods(
        days(4, 9), "week", datetime(2026, 11, 4, 8, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)
    )

    assert table["complete"].tolist() == [False, True]


def test_days_without_events_are_there_as_nothing() -> None:
    table = periods(days(2, 5), "day", MONDAY, datetime(2026, 11, 7, tzinfo=UTC))

    assert table["orders"].tolist() == [2, 0, 0, 2, 0]


def test_a_trend_compares_the_last_two_whole_weeks_and_leaves_the_cut_one_out() -> None:
    table = periods(days(2, 9, 10, 16), "week", MONDAY, datetime(2026, 11, 18, tzinfo=UTC))

    found = trend(table, "orders", "week", None)

    assert (found.last, found.before) == (4, 2)
    assert found.changed == "+100\N{NO-BREAK SPACE}%"
    assert found.frame["told"].iloc[-1] == "Week of 16 Nov 2026: 2 orders, not complete"


def test_one_whole_week_has_nothing_to_compare_with() -> None:
    found = trend(
        periods(days(2), "week", MONDAY, datetime(2026, 11, 9, tzinfo=UTC)), "orders", "week", None
    )

    assert found.last == 2
    assert found.changed is None


def test_nothing_gives_an_empty_trend() -> None:
    found = trend(periods([], "week", None, MONDAY), "revenue", "week", "EUR")

    assert found.frame.empty
    assert found.last_start is None


def test_measures_are_told_with_their_unit() -> None:
    assert tell("people", 1, None) == "1 active person a day"
    assert tell("revenue", 12_340.0, "EUR") == "12.3k EUR of revenue"
