"""Sums by variation and level, taken in one pass, and the summaries that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from duckdb import DuckDBPyRelation, Expression, col, count_all, lit, when
from numpy.typing import NDArray

from data.experiment_layout import FileMetric, Layout
from data.experiment_levels import Levels
from data.experiment_sums import (
    averages,
    count_if,
    finite,
    metric_columns,
    metric_sums,
    places,
    sources,
)
from data.experiment_units import CROSSED, FINE, NOBODY
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.moments import Moments
from kindred.experiments.report import Cell

SHIFT_ROWS: Final = 10_000
# Combinations of levels in one pass; beyond, each segment column has a pass of its own.
MOST_GROUPS: Final = 20_000
# A mean that many deviations from the constant taken away costs twice as many digits.
FAR: Final = 1e4

Row = NDArray[np.float64]


@dataclass(frozen=True)
class Totals:
    """Sums of units, by what they are grouped by.

    Parameters
    ----------
    names : dict of name to place
        Of the sums.
    passes : list of (segments, keys, values)
        Keys are (state, variation, level of each of `segments`).
    offsets : mapping of short column name to the constant that was taken away
    """

    names: Mapping[str, int]
    passes: list[tuple[list[int], list[tuple[int, ...]], Row]]
    offsets: Mapping[str, float]

    def whole(self, state: int = FINE) -> dict[int, Row]:
        """Add up by variation."""
        return {key[0]: row for key, row in self._rolled(0, [1], state).items()}

    def levels(self, segment: int) -> dict[tuple[int, int], Row]:
        """Add up by variation and level of one segment column."""
        for place, (segments, _, _) in enumerate(self.passes):
            if segment in segments:
                rolled = self._rolled(place, [1, 2 + segments.index(segment)], FINE)
                return {(key[0], key[1]): row for key, row in rolled.items()}
        raise LookupError(segment)

    def count(self, name: str, state: int = FINE) -> int:
        """Add one sum up over everything."""
        return int(sum(row[self.names[name]] for row in self.whole(state).values()))

    def _rolled(self, place: int, by: Sequence[int], state: int) -> dict[tuple[int, ...], Row]:
        _, keys, values = self.passes[place]
        found: dict[tuple[int, ...], Row] = {}
        for key, row in zip(keys, values, strict=True):
            if key[0] == state:
                short = tuple(key[i] for i in by)
                found[short] = found[short] + row if short in found else row
        return found


def take_totals(
    rows: DuckDBPyRelation, units: DuckDBPyRelation, layout: Layout, sizes: Sequence[int]
) -> Totals:
    """Sum units up, once more if the constant taken away was far from the mean.

    Parameters
    ----------
    sizes : sequence of int
        Levels of each segment column.
    """
    shifted = [f"c{i}" for i, source in enumerate(sources(layout)) if source.use == "sum"]
    before = [f"c{i}" for i, source in enumerate(sources(layout)) if source.use == "before"]
    offsets = averages(rows, shifted, SHIFT_ROWS) | averages(rows, before)
    limits = _limits(units, layout)
    totals = _taken(units, layout, sizes, offsets, limits)
    moved = {**offsets, **_far_off(totals, layout)}
    return totals if moved == offsets else _taken(units, layout, sizes, moved, limits)


def _limits(units: DuckDBPyRelation, layout: Layout) -> dict[int, tuple[float, float]]:
    """Find the values beyond which metrics are winsorised, over all arms."""
    asked = [(i, m) for i, m in layout.summed if m.winsor is not None]
    if not asked:
        return {}
    found = []
    for _, metric in asked:
        name = places(layout, metric)[0]
        value = when(finite(col(name))).then(col(name)).otherwise(None)
        assert metric.winsor is not None
        found.append(value.quantile_cont(lit([metric.winsor.lower, metric.winsor.upper])))
    row = units.filter(col("state") == lit(FINE)).aggregate(found).fetchall()[0]
    return {i: tuple(ends) for (i, _), ends in zip(asked, row, strict=True) if ends}


def _taken(
    units: DuckDBPyRelation,
    layout: Layout,
    sizes: Sequence[int],
    offsets: Mapping[str, float],
    limits: Mapping[int, tuple[float, float]],
) -> Totals:
    values: list[Expression] = []
    sums = [count_all().alias("units"), col("rows").sum().alias("rows")]
    sums.append(count_if(col("rows") > lit(1)).alias("repeated"))
    for i in range(len(sizes)):
        sums.append(count_if(col(f"s{i}") != col(f"s{i}_to")).alias(f"several_{i}"))
    for i, metric in layout.summed:
        names = places(layout, metric)
        values += metric_columns(i, metric, names, offsets, limits.get(i))
        sums += metric_sums(i, metric, names)
    passes = []
    for segments in _passes(sizes):
        keys = ["state", "v", *(f"s{i}" for i in segments)]
        table = units.select(*[col(name) for name in units.columns], *values)
        found = table.aggregate([*map(col, keys), *sums], ", ".join(keys)).fetchall()
        k = len(keys)
        numbers = np.array([[x or 0.0 for x in row[k:]] for row in found], dtype=np.float64)
        numbers = numbers.reshape(len(found), len(sums))
        passes.append((segments, [tuple(map(int, row[:k])) for row in found], numbers))
    labels = {one.get_name(): place for place, one in enumerate(sums)}
    return Totals(labels, passes, offsets)


def _passes(sizes: Sequence[int]) -> list[list[int]]:
    """Share segment columns out among passes."""
    if not sizes or np.prod([float(size) for size in sizes]) <= MOST_GROUPS:
        return [list(range(len(sizes)))]
    return [[i] for i in range(len(sizes))]


@np.errstate(all="ignore")
def _far_off(totals: Totals, layout: Layout) -> dict[str, float]:
    """Find columns whose mean lies far from the constant taken away, and that mean."""
    moved: dict[str, float] = {}
    for i, metric in layout.summed:
        pooled = Moments.empty(metric.metric.columns)
        for row in totals.whole().values():
            pooled = pooled + moments_of(i, metric, totals, row, {})
        for name, column in zip(places(layout, metric), metric.metric.columns, strict=True):
            mean = pooled.mean(column)
            spread = pooled.variance(column) ** 0.5
            if name in totals.offsets and abs(mean) > FAR * spread and pooled.n > 1:
                moved[name] = totals.offsets[name] + mean
    return moved


@np.errstate(all="ignore")  # sums beyond all bounds are told with the result
def moments_of(
    i: int, metric: FileMetric, totals: Totals, row: Row, offsets: Mapping[str, float]
) -> Moments:
    """Make a metric's summary of a row of sums."""
    at = totals.names
    n = int(row[at[f"m{i}_n"]])
    k = len(metric.columns)
    if n == 0:
        return Moments.empty(metric.metric.columns)
    sums = [float(row[at[f"m{i}_sum_{j}"]]) for j in range(k)]
    products = np.empty((k, k))
    for a in range(k):
        for b in range(a, k):
            name = f"m{i}_sum_{a}_{b}"
            products[a, b] = products[b, a] = row[at[name]] if name in at else sums[a]
    moments = Moments.of_sums(metric.metric.columns, n, sums, products.tolist())
    shift = np.array([offsets.get(str(j), 0.0) for j in range(k)])
    return Moments(moments.columns, n, moments.means + shift, moments.comoments)


def summed_cells(
    totals: Totals, layout: Layout, arms: Levels, segments: Sequence[Levels]
) -> Iterator[Cell]:
    """Give the summaries of the whole, then of each level."""
    for i, metric in layout.summed:
        names = places(layout, metric)
        offsets = {str(j): totals.offsets.get(name, 0.0) for j, name in enumerate(names)}
        for v, row in sorted(totals.whole().items()):
            moments = moments_of(i, metric, totals, row, offsets)
            yield Cell(None, None, arms.labels[v], metric.metric.name, moments)
        for place, (column, found) in enumerate(zip(layout.segments, segments, strict=True)):
            for (v, level), row in sorted(totals.levels(place).items()):
                moments = moments_of(i, metric, totals, row, offsets)
                name = metric.metric.name
                yield Cell(column, found.labels[level], arms.labels[v], name, moments)


def total_caveats(totals: Totals, layout: Layout) -> list[Caveat]:
    """Say of units and values what is left out, and why."""
    said = []
    unit = layout.unit or ""
    for caveat, count in (
        (caveats.MISSING_UNIT, totals.count("rows", NOBODY)),
        (caveats.CROSSOVER, totals.count("units", CROSSED)),
        (caveats.DUPLICATED_UNIT, totals.count("repeated")),
    ):
        if count and unit:
            said.append(caveat.counting(count, unit))
    for i, column in enumerate(layout.segments):
        if several := totals.count(f"several_{i}"):
            said.append(caveats.SEVERAL_LEVELS.counting(several, column))
    for i, metric in layout.summed:
        said += _value_caveats(i, metric, totals)
    return said


def _value_caveats(i: int, metric: FileMetric, totals: Totals) -> list[Caveat]:
    name = metric.metric.name
    given, counted = totals.count(f"m{i}_given"), totals.count(f"m{i}_n")
    odd = totals.count(f"m{i}_odd") if metric.metric.kind.is_rate else 0
    said = []
    for caveat, count in (
        (caveats.NOT_A_NUMBER, given - counted - odd),
        (caveats.NOT_A_PROPORTION, odd),
        (caveats.MISSING_VALUE, totals.count("units") - given),
    ):
        if count:
            said.append(caveat.counting(count, name))
    for j in range(len(metric.core), len(metric.columns)):
        if count := totals.count(f"m{i}_none_{j}"):
            place = f"{name} · {metric.columns[j]}"
            said.append(caveats.MISSING_COVARIATE.counting(count, place))
    return said
