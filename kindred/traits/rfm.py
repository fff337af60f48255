"""Recency, frequency and monetary scores, and the groups that are usually named by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import ibis

from kindred.traits.computed import VALUE, Computed, category
from kindred.traits.measures import Expression
from kindred.traits.trait import Trait, TraitType

# Recency score (key) by frequency score (1 … 5): the ten fields that CleverTap, Putler and most
# tutorials draw, in which each cell has one name, and Putler's eleventh, Lost, for those who are
# lowest in both (https://www.putler.com/rfm-analysis).
GRID: Final[Mapping[int, tuple[str, str, str, str, str]]] = {
    5: ("New", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),
    4: ("Promising", "Potential loyalists", "Potential loyalists", "Loyal", "Loyal"),
    3: ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"),
    1: ("Lost", "Hibernating", "At risk", "At risk", "Can't lose them"),
}


def fifth(value: ibis.Value, descending: bool = False) -> ibis.Value:
    """Score a column by fifths, 1 to 5; equal values score alike, unknown ones not at all.

    The score is 1 + ⌊5 · r⌋ with r the share of the others that come before: ties never straddle a
    boundary, which fifths of equal size could not avoid.
    """
    order = value.desc() if descending else value
    rank = ibis.percent_rank().over(ibis.window(group_by=value.isnull(), order_by=order))
    score = (1 + (5 * rank).floor()).clip(upper=5).cast("int64")
    return ibis.ifelse(value.isnull(), None, score)


def group(t: ibis.Table, _: datetime) -> ibis.Value:
    """Name the group of a row that has its scores already."""
    cell = (t["rfm_recency"] - 1) * 5 + (t["rfm_frequency"] - 1)
    names = [name for score in sorted(GRID) for name in GRID[score]]
    branches = [(cell == i, name) for i, name in enumerate(names)]
    return ibis.cases(*branches, else_=None).cast("string")


def _score(of: str, sentence: str, descending: bool = False) -> Computed:
    trait = Trait(
        f"rfm_{of}",
        f"{sentence}, from 1 to 5 (best): fifths of all who ordered.",
        "score",
        TraitType.INTEGER,
        VALUE,
    )
    return Computed(trait, _fifth_of(of, descending))


def _fifth_of(name: str, descending: bool) -> Expression:
    def score(t: ibis.Table, _: datetime) -> ibis.Value:
        ordered = ibis.ifelse(t["frequency"] > 0, t[name].cast("float64"), None)
        return fifth(ordered, descending)

    return score


# They stand on other traits, so they are computed after them, in this order.
RFM_TRAITS: tuple[Computed, ...] = (
    _score("recency", "How recent the last order is", descending=True),
    _score("frequency", "How many orders there are"),
    _score("monetary", "How much was paid"),
    category("rfm_group", "Named group by recency and frequency scores.", VALUE, group),
)
