"""Where a value stands, in words."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboard.person_view import in_words
from data.lake import open_duckdb
from data.people import Rank, ranks

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("less", "same", "words"),
    [
        (0.93, 0.01, f"more than 93{NBSP}% of people"),
        (0.10, 0.05, f"less than 85{NBSP}% of people"),
        (0.0, 0.9, "as most people"),
        (0.40, 0.30, "about the middle"),
    ],
)
def test_a_rank_is_told_in_words(less: float, same: float, words: str) -> None:
    assert in_words(Rank(1.0, less, same)) == words


def test_ranks_count_only_those_whose_value_is_known_and_ties_half(tmp_path: Path) -> None:
    file = tmp_path / "traits.parquet"
    spent = pa.array([1.0, 2.0, 2.0, 5.0, None])
    pq.write_table(pa.table({"spent": spent, "orders": pa.array([1, 2, 3, 4, 5])}), file)
    backend = open_duckdb()

    found = ranks(backend, file, {"spent": 2.0, "orders": 5.0})

    backend.disconnect()
    assert (found["spent"].less, found["spent"].same) == (0.25, 0.5)
    assert found["spent"].middle == 0.5
    assert found["orders"].less == pytest.approx(0.8)
