"""Expressions that turn an experiment's rows into units, and units into sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import ibis

from kindred.experiments.analysis import Metric
from kindred.experiments.estimates import DENOMINATOR, VALUE, MetricKind

NO_LEVEL = "(none)"
SHIFT_ROWS = 10_000


@dataclass(frozen=True)
class FileMetric:
    """A metric and the columns of the file that it is made of.

    Parameters
    ----------
    columns : tuple of str
        The file's columns, in the order of ``metric.columns``.
    """

    metric: Metric
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Which column of the file means what; without `unit` a row is a unit."""

    variation: str
    metrics: tuple[FileMetric, ...]
    unit: str | None = None
    segments: tuple[str, ...] = ()

    def columns(self) -> list[str]:
        """All columns that the file must have."""
        named = [self.variation, *([self.unit] if self.unit else []), *self.segments]
        return list(dict.fromkeys([*named, *(c for m in self.metrics for c in m.columns)]))


def names(layout: Layout) -> list[tuple[str, FileMetric, str, str]]:
    """Pair each metric's columns with the short names they have in between, such as m0_1."""
    return [
        (f"m{i}_{j}", metric, role, column)
        for i, metric in enumerate(layout.metrics)
        for j, (role, column) in enumerate(zip(metric.metric.columns, metric.columns, strict=True))
    ]


def typed_rows(table: ibis.Table, layout: Layout) -> ibis.Table:
    """Select what the analysis needs under short names, numbers read as numbers."""
    chosen: dict[str, ibis.Value] = {"variation": _text(table[layout.variation])}
    if layout.unit:
        chosen["unit"] = _text(table[layout.unit])
    for i, segment in enumerate(layout.segments):
        chosen[f"s{i}"] = ibis.coalesce(_text(table[segment]), NO_LEVEL)
    for name, _, _, column in names(layout):
        value = _number(table[column])
        chosen[name] = value
        chosen[f"{name}_bad"] = _given(table[column]) & value.isnull()
    return table.select(**chosen)


def _text(column: ibis.Value) -> ibis.Value:
    return column.cast("string").strip().nullif("")


def _given(column: ibis.Value) -> ibis.Value:
    return _text(column).notnull() if column.type().is_string() else column.notnull()


def _number(column: ibis.Value) -> ibis.Value:
    """Read finite numbers (and truth values as 0 and 1); anything else is null."""
    if column.type().is_boolean() or column.type().is_integer():
        return column.cast("float64")
    if column.type().is_string():
        number = ibis.coalesce(
            column.try_cast("float64"), column.try_cast("boolean").cast("int8").cast("float64")
        )
    else:
        number = column.try_cast("float64")
    return ibis.cases((number.isnan() | number.isinf(), None), else_=number)


def units(rows: ibis.Table, layout: Layout) -> ibis.Table:
    """One row a unit: values added up, a proportion any, what came before as it was."""
    made: dict[str, ibis.Value] = {
        "variation": rows["variation"].min(),
        "crossed": rows["variation"].min() != rows["variation"].max(),
        "rows": rows.count(),
    }
    for i in range(len(layout.segments)):
        made[f"s{i}"] = rows[f"s{i}"].min()
    for name, metric, role, _ in names(layout):
        adds_up = role in {VALUE, DENOMINATOR} and metric.metric.kind is not MetricKind.PROPORTION
        made[name] = rows[name].sum() if adds_up else rows[name].max()
        made[f"{name}_bad"] = rows[f"{name}_bad"].any()
    return rows.group_by("unit").aggregate(**made)


def checked(units: ibis.Table, layout: Layout) -> tuple[ibis.Table, dict[str, float]]:
    """Say of each metric which units count, and take a constant close to the mean away."""
    named = names(layout)
    sample = units.limit(SHIFT_ROWS).aggregate(**{n: units[n].mean() for n, *_ in named})
    found = sample.to_pyarrow().to_pylist()[0]
    offsets = {name: float(found[name] or 0.0) for name, *_ in named}
    added: dict[str, ibis.Value] = {}
    for i, metric in enumerate(layout.metrics):
        own = [(name, role) for name, of, role, _ in named if of is metric]
        core = [name for name, role in own if role in {VALUE, DENOMINATOR}]
        bad = _any(units[f"{name}_bad"] for name, _ in own)
        missing = ~bad & _any(units[name].isnull() for name in core)
        added[f"m{i}_bad"] = bad
        added[f"m{i}_missing"] = missing
        odd: ibis.Value = ibis.literal(False)
        if metric.metric.kind is MetricKind.PROPORTION:
            odd = ~bad & ~missing & ~units[core[0]].isin([0.0, 1.0])
        added[f"m{i}_odd"] = odd
        added[f"m{i}_ok"] = ~bad & ~missing & ~odd
    units = units.mutate(**added)
    shifted = {}
    for name, metric, role, _ in named:
        i = layout.metrics.index(metric)
        apart = units[name] - offsets[name]
        if role not in {VALUE, DENOMINATOR}:
            apart = apart.fill_null(0.0)  # a missing covariate: the average stands in for it
        shifted[f"{name}_x"] = ibis.ifelse(units[f"m{i}_ok"], apart, ibis.null("float64"))
    return units.mutate(**shifted), offsets


def _any(flags: Iterable[ibis.Value]) -> ibis.Value:
    result: ibis.Value = ibis.literal(False)
    for flag in flags:
        result = result | flag
    return result


def aggregate(units: ibis.Table, layout: Layout, by: Sequence[str]) -> ibis.Table:
    """Sum values, squares and products by variation and the columns `by`."""
    sums: dict[str, ibis.Value] = {"units": units.count()}
    for i, metric in enumerate(layout.metrics):
        for flag in ("ok", "bad", "missing", "odd"):
            sums[f"m{i}_{flag}"] = units[f"m{i}_{flag}"].sum()
        k = len(metric.columns)
        for j in range(k):
            sums[f"m{i}_{j}_sum"] = units[f"m{i}_{j}_x"].sum()
            for other in range(j, k):
                product = units[f"m{i}_{j}_x"] * units[f"m{i}_{other}_x"]
                sums[f"m{i}_{j}_{other}_sum"] = product.sum()
        for j in range(len(metric.metric.columns) - len(metric.metric.covariates), k):
            empty = units[f"m{i}_ok"] & units[f"m{i}_{j}"].isnull()
            sums[f"m{i}_{j}_empty"] = empty.sum()
    grouped = units.group_by(["variation", *by]).aggregate(**sums)
    return grouped.order_by(["variation", *by])
