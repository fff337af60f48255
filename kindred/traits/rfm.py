"""Recency, frequency and monetary scores, and the groups that are usually named by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import ibis

# Recency score (first) by frequency score (second): the grid in common use among marketers, as in
# Putler's "RFM analysis for successful customer segmentation" (putler.com/rfm-analysis).
GRID: Final = {
    5: ("New", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),
    4: ("Promising", "Potential loyalists", "Potential loyalists", "Loyal", "Loyal"),
    3: ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"),
    1: ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"),
}


def fifth(value: ibis.Value, descending: bool = False) -> ibis.Value:
    """Score a column by fifths, 1 to 5; equal values score alike, unknown ones not at all.

    The score is 1 + ⌊5 · r⌋ with r the percentile rank: ties never straddle a boundary.
    """
    order = value.desc() if descending else value
    rank = ibis.percent_rank().over(ibis.window(group_by=value.isnull(), order_by=order))
    score = (1 + (5 * rank).floor()).clip(upper=5).cast("int64")
    return ibis.ifelse(value.isnull(), None, score)


def _ordered(t: ibis.Table, name: str) -> ibis.Value:
    return ibis.ifelse(t["frequency"] > 0, t[name].cast("float64"), None)


SCORES: Final[tuple[tuple[str, str, Callable[[ibis.Table, datetime], ibis.Value]], ...]] = (
    ("recency", "How recent the last order is", lambda t, _: fifth(_ordered(t, "recency"), True)),
    ("frequency", "How many orders there are", lambda t, _: fifth(_ordered(t, "frequency"))),
    ("monetary", "How much was paid", lambda t, _: fifth(_ordered(t, "monetary"))),
)


def group(t: ibis.Table, _: datetime) -> ibis.Value:
    """Name the group of a row that has its scores already."""
    cell = (t["rfm_recency"] - 1) * 5 + (t["rfm_frequency"] - 1)
    names = [name for score in sorted(GRID) for name in GRID[score]]
    branches = [(cell == i, name) for i, name in enumerate(names)]
    return ibis.cases(*branches, else_=None).cast("string")
