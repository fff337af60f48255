"""Where percentiles begin, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kindred.segments.thresholds import threshold

TEN = np.arange(1.0, 11.0)


@pytest.mark.parametrize(
    ("end", "percent", "expected"),
    [
        ("top", 10, 10.0),
        ("top", 20, 9.0),
        ("top", 11, 9.0),  # a tenth and a bit of ten people is two
        ("bottom", 10, 1.0),
        ("bottom", 35, 4.0),
        ("top", 0.1, 10.0),
        ("bottom", 99.9, 10.0),
    ],
)
def test_ten_people(end: str, percent: float, expected: float) -> None:
    assert threshold(TEN, end, percent) == expected  # type: ignore[arg-type]


def test_the_unknown_have_no_place() -> None:
    assert threshold(np.array([np.nan, 5, np.nan, 1]), "top", 50) == 5.0
    assert threshold(np.array([np.nan]), "top", 50) is None
    assert threshold(np.array([]), "bottom", 50) is None


@given(
    st.lists(st.integers(0, 5).map(float), min_size=1, max_size=40),
    st.sampled_from(("top", "bottom")),
    st.floats(0.1, 99.9),
)
def test_ties_are_all_in_and_never_fewer_than_asked_for(
    values: list[float], end: str, percent: float
) -> None:
    start = threshold(np.array(values), end, percent)  # type: ignore[arg-type]
    assert start is not None
    held = [v >= start if end == "top" else v <= start for v in values]
    strictly = [v > start if end == "top" else v < start for v in values]
    asked = percent * len(values) / 100
    assert sum(held) >= asked - 1e-9
    assert sum(strictly) < asked + 1e-9 or not any(strictly)
