"""From a file's rows to units: what each says, whose it is, and whether it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from duckdb import DuckDBPyRelation, Expression, col, count_all, lit, when

from data.experiment_layout import Layout
from data.experiment_levels import Levels
from data.experiment_sums import row_value, sources, trimmed, typed, unit_value

FINE: Final = 0
CROSSED: Final = 1  # in more than one variation
NOBODY: Final = 2  # rows that name no unit


def short_rows(
    rows: DuckDBPyRelation, layout: Layout, arms: Levels, segments: Sequence[Expression]
) -> DuckDBPyRelation:
    """Select what the analysis needs under short names; rows without a variation are left out.

    The names are v (variation), s0, s1 … (segments), c0, c1 … (numbers that are summed up),
    q0, q1 … (numbers that quantiles are taken of) and unit.
    """
    chosen = [arms.code(layout.variation).alias("v")]
    chosen += [code.alias(f"s{i}") for i, code in enumerate(segments)]
    chosen += [row_value(rows, source).alias(f"c{i}") for i, source in enumerate(sources(layout))]
    chosen += [
        typed(rows, metric.columns[0]).alias(f"q{i}") for i, metric in enumerate(layout.quantiles)
    ]
    if layout.unit:
        chosen.append(unit_column(rows, layout.unit).alias("unit"))
    return rows.select(*chosen).filter(col("v").isnotnull())


def unit_column(rows: DuckDBPyRelation, column: str) -> Expression:
    """Say whose row it is; a text of blanks is nobody."""
    if str(rows.types[rows.columns.index(column)]) != "VARCHAR":
        return col(column)
    text = trimmed(column)
    return when(text == lit("")).then(None).otherwise(text)


def units(rows: DuckDBPyRelation, layout: Layout) -> DuckDBPyRelation:
    """Make one row a unit, with its state and the number of its rows.

    Values add up, a rate holds if it holds in any row, what came before is the largest. Of a unit
    that is in several levels of a segment (`s0` to `s0_to`), the first is taken.
    """
    found = sources(layout)
    segments = [f"s{i}" for i in range(len(layout.segments))]
    numbers = [f"c{i}" for i in range(len(found))]
    if not layout.unit:
        same = [col(name).alias(f"{name}_to") for name in segments]
        kept = [col(name) for name in ["v", *segments, *numbers]]
        return rows.select(*kept, *same, lit(FINE).alias("state"), lit(1).alias("rows"))
    made = [col("unit"), col("v").min().alias("v"), col("v").max().alias("v_to")]
    made.append(count_all().alias("rows"))
    for name in segments:
        made += [col(name).min().alias(name), col(name).max().alias(f"{name}_to")]
    made += [unit_value(name, source) for name, source in zip(numbers, found, strict=True)]
    grouped = rows.aggregate(made, "unit")
    state = when(col("unit").isnull()).then(NOBODY).when(col("v") != col("v_to")).then(CROSSED)
    kept = [col(name) for name in grouped.columns if name not in {"unit", "v_to"}]
    return grouped.select(*kept, state.otherwise(FINE).alias("state"))
