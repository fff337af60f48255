"""Quantiles of events, by variation and level, with what units add to their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duckdb import DuckDBPyRelation, Expression, col, count_all, lit, when

from data.experiment_layout import FileMetric, Layout
from data.experiment_levels import Levels
from data.experiment_sums import finite
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.moments import Moments
from kindred.experiments.quantiles import BELOW, EVENTS, Quantile, around
from kindred.experiments.report import Cell

Key = tuple[int, ...]


def quantile_cells(
    rows: DuckDBPyRelation, layout: Layout, arms: Levels, segments: Sequence[Levels]
) -> tuple[list[Cell], list[Caveat]]:
    """Summarise every metric that is a quantile: of the whole, then of each level.

    Quantiles don't add up, so each segment column is read in passes of its own.
    """
    cells: list[Cell] = []
    said: list[Caveat] = []
    if not layout.quantiles:
        return cells, said
    counted = _counted(rows, layout)
    for i, metric in enumerate(layout.quantiles):
        events = counted.filter(col(f"q{i}").isnotnull())
        bad = events.filter(~finite(col(f"q{i}"))).aggregate([count_all()]).fetchall()[0][0]
        if bad:
            said.append(caveats.NOT_A_NUMBER.counting(bad, metric.metric.name))
        events = events.filter(finite(col(f"q{i}"))).select(
            *[col(name) for name in counted.columns if not name.startswith("q")],
            col(f"q{i}").alias("x"),
        )
        for place in (None, *range(len(segments))):
            column = None if place is None else layout.segments[place]
            alone = layout.unit is None
            for key, found in _quantiles(events, metric, place, alone).items():
                level = None if place is None else segments[place].labels[key[1]]
                cells.append(Cell(column, level, arms.labels[key[0]], metric.metric.name, found))
    return cells, said


def _counted(rows: DuckDBPyRelation, layout: Layout) -> DuckDBPyRelation:
    """Leave out units in several variations; each row has its unit's level."""
    if not layout.unit:
        return rows
    segments = [f"s{i}" for i in range(len(layout.segments))]
    made = [col("unit"), col("v").min().alias("v"), col("v").max().alias("v_to")]
    made += [col(name).min().alias(name) for name in segments]
    people = rows.aggregate(made, "unit").filter(
        (col("v") == col("v_to")) & col("unit").isnotnull()
    )
    people = people.select(col("unit"), col("v"), *map(col, segments))
    events = rows.select(col("unit"), *[col(f"q{i}") for i in range(len(layout.quantiles))])
    return events.set_alias("events").join(people.set_alias("people"), "unit")


def _quantiles(
    events: DuckDBPyRelation, metric: FileMetric, segment: int | None, alone: bool
) -> dict[Key, Quantile]:
    keys = ["v"] if segment is None else ["v", f"s{segment}"]
    groups = ", ".join(keys)
    counted = events.aggregate([*map(col, keys), count_all()], groups).fetchall()
    sizes: dict[Key, int] = {tuple(map(int, row[:-1])): row[-1] for row in counted}
    level = float(metric.metric.level or 0.5)
    ends = _ends(events, keys, sizes, level)
    clusters = _clusters(events, keys, ends, alone)
    return {key: Quantile(level, *ends[key], clusters[key]) for key in sorted(sizes)}


def _ends(
    events: DuckDBPyRelation, keys: Sequence[str], sizes: dict[Key, int], level: float
) -> dict[Key, tuple[float, float, float]]:
    """Give each group's quantile and both ends around it, all in one pass."""
    wanted: list[Expression] = []
    for key, n in sizes.items():
        low, high = around(level, n)
        own = when(_is(keys, key)).then(col("x")).otherwise(None)
        wanted.append(own.quantile_cont(lit([level, max(low, 0.0), min(high, 1.0)])))
    if not wanted:
        return {}
    found = events.aggregate(wanted).fetchall()[0]
    return {key: (ends[0], ends[1], ends[2]) for key, ends in zip(sizes, found, strict=True)}


def _clusters(
    events: DuckDBPyRelation,
    keys: Sequence[str],
    ends: dict[Key, tuple[float, float, float]],
    alone: bool,
) -> dict[Key, Moments]:
    """Count each unit's events, and those at or below its group's quantile."""
    if not ends:
        return {}
    cut: Any = None
    for key, (value, _, _) in ends.items():
        test = _is(keys, key)
        cut = when(test).then(value) if cut is None else cut.when(test).then(value)
    below = (col("x") <= cut.otherwise(None)).cast("DOUBLE").alias("below")
    each = lit(1.0).cast("DOUBLE").alias("each")
    own = [] if alone else ["unit"]
    people = events.select(*map(col, [*own, *keys]), below, each)
    if not alone:
        sums = [col(name).sum().alias(name) for name in ("below", "each")]
        names = [*own, *keys]
        people = people.aggregate([*map(col, names), *sums], ", ".join(names))
    one, other = col("below"), col("each")
    sums = [one.sum(), other.sum(), (one * one).sum(), (one * other).sum(), (other * other).sum()]
    groups = ", ".join(keys)
    made = {}
    for row in people.aggregate([*map(col, keys), count_all(), *sums], groups).fetchall():
        n, b, e, bb, be, ee = row[len(keys) :]
        found = Moments.of_sums((BELOW, EVENTS), n, [b, e], [[bb, be], [be, ee]])
        made[tuple(map(int, row[: len(keys)]))] = found
    return made


def _is(keys: Sequence[str], key: Key) -> Expression:
    test = col(keys[0]) == lit(key[0])
    for name, value in zip(keys[1:], key[1:], strict=True):
        test &= col(name) == lit(value)
    return test
