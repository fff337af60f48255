"""Which ends of a trend are drawn as not complete."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.charts import _edges


@pytest.mark.parametrize(
    ("complete", "expected"),
    [
        ([True, True], {}),
        ([], {}),
        ([True, True, False], {"last": [1, 2], "cut": [2]}),
        ([False, True, True], {"first": [0, 1], "cut": [0]}),
        ([False, True, False], {"first": [0, 1], "last": [1, 2], "cut": [0, 2]}),
        ([False], {"last": [0], "cut": [0]}),
    ],
)
def test_an_incomplete_end_hangs_on_the_whole_period_beside_it(
    complete: list[bool], expected: dict[str, list[int]]
) -> None:
    frame = pd.DataFrame({"value": range(len(complete)), "complete": complete})

    found = {name: end["value"].tolist() for name, end in _edges(frame).items()}

    assert found == expected
