"""Numbers and times as people read them: the examples in the texts, and the edges."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dashboard import format as told


def test_the_examples_hold() -> None:
    assert doctest.testmod(told).failed == 0


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_can_be_written(value: float) -> None:
    assert told.number(value)


@given(st.floats(min_value=-1e15, max_value=1e15))
def test_money_never_shows_an_exponent(value: float) -> None:
    assert "e" not in told.money(value, None)


@given(st.floats(min_value=0, max_value=1e9))
def test_a_duration_never_has_sixty_of_a_smaller_unit(seconds: float) -> None:
    text = told.duration(seconds)

    assert " 60 " not in f" {text} "
    assert "24 h" not in text


def test_a_time_of_another_zone_is_told_in_utc() -> None:
    summer = datetime.fromisoformat("2026-07-01T01:30:00+02:00")

    assert told.instant(summer) == "30 Jun 2026, 23:30 UTC"


def test_a_future_time_of_a_clock_that_is_off_is_just_now() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)

    assert told.ago(now + timedelta(minutes=3), now) == "just now"


def test_unknown_stays_unknown() -> None:
    assert told.quantity(float("nan"), "currency", "EUR") == "unknown"
    assert told.change(float("nan"), 3.0) is None


def test_an_hour_of_the_day_reads_as_on_a_clock() -> None:
    assert told.quantity(17.75, "hour", None) == "17:45"
