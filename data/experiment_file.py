"""An experiment in a file: its rows become sufficient statistics inside DuckDB, never in Python.

One function for the command line and the upload on the screen. Sums are taken of values less a
constant close to their mean, since raw sums of squares lose their digits when a mean is large
beside its spread (Chan, Golub & LeVeque 1983, *Algorithms for computing the sample variance*, § 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow as pa

from data.lake import open_duckdb
from kindred.errors import UserError
from kindred.experiments import caveats
from kindred.experiments.analysis import Metric
from kindred.experiments.caveats import Caveat
from kindred.experiments.estimates import DENOMINATOR, VALUE, MetricKind
from kindred.experiments.moments import Moments

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


@dataclass(frozen=True)
class Cell:
    """Moments of one metric in one variation and one level of a segment column."""

    segment: str | None
    level: str | None
    variation: str
    metric: str
    moments: Moments


@dataclass(frozen=True)
class Summary:
    """A file's sufficient statistics.

    Parameters
    ----------
    arms : dict
        Units of each variation, in the order of their names.
    cells : list of Cell
        By segment column, or of no segment where the layout has none.
    """

    arms: dict[str, int]
    cells: list[Cell]
    caveats: list[Caveat]


def open_table(path: Path, backend: ibis.BaseBackend) -> ibis.Table:
    """Open a CSV or Parquet file; all columns of a CSV are text until they are needed."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Check the path.")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return backend.read_parquet(str(path))
        return backend.read_csv(str(path), all_varchar=True)
    except (duckdb.Error, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{path.name} can't be read as a table: {reason}",
            "Give a CSV file with a header line, or a Parquet file.",
        ) from error


def summarise_file(path: Path, layout: Layout) -> Summary:
    """Read a file of rows into sufficient statistics, in bounded memory.

    Raises
    ------
    UserError
        The file can't be read, or lacks a column; the message lists those it has.
    """
    backend = open_duckdb()
    return summarise_table(backend, open_table(path, backend), layout)


def summarise_table(backend: Any, table: ibis.Table, layout: Layout) -> Summary:
    """Do the same for a table that is open already."""
    missing = [name for name in layout.columns() if name not in table.columns]
    if missing:
        raise UserError(
            f"There is no column {', '.join(map(repr, missing))}.",
            f"The file has: {', '.join(table.columns)}.",
        )
    rows = _typed_rows(table, layout)
    said: list[Caveat] = []
    said += _count_left_out(rows, layout)
    rows = rows.filter(rows["variation"].notnull())
    if layout.unit:
        units = _units(rows.filter(rows["unit"].notnull()), layout)
        units = backend.create_table("units", units, temp=True)
        said += _unit_caveats(units)
        units = units.filter(~units["crossed"])
    else:
        units = rows
    units, offsets = _checked(units, layout)
    groups: list[tuple[str | None, list[dict[str, Any]]]] = [
        (segment, _aggregate(units, layout, [f"s{i}"]).to_pyarrow().to_pylist())
        for i, segment in enumerate(layout.segments)
    ] or [(None, _aggregate(units, layout, []).to_pyarrow().to_pylist())]
    arms: dict[str, int] = {}
    for row in groups[0][1]:
        arms[row["variation"]] = arms.get(row["variation"], 0) + row["units"]
    said += _value_caveats(groups[0][1], layout)
    cells = list(_cells(groups, layout, offsets))
    return Summary(dict(sorted(arms.items())), cells, said)


def _names(layout: Layout) -> list[tuple[str, FileMetric, str, str]]:
    """Pair each metric's columns with the short names they have in between, such as m0_1."""
    return [
        (f"m{i}_{j}", metric, role, column)
        for i, metric in enumerate(layout.metrics)
        for j, (role, column) in enumerate(zip(metric.metric.columns, metric.columns, strict=True))
    ]


def _typed_rows(table: ibis.Table, layout: Layout) -> ibis.Table:
    chosen: dict[str, ibis.Value] = {"variation": _text(table[layout.variation])}
    if layout.unit:
        chosen["unit"] = _text(table[layout.unit])
    for i, segment in enumerate(layout.segments):
        chosen[f"s{i}"] = ibis.coalesce(_text(table[segment]), NO_LEVEL)
    for name, _, _, column in _names(layout):
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


def _units(rows: ibis.Table, layout: Layout) -> ibis.Table:
    """One row a unit: values added up, a proportion any, what came before as it was."""
    made: dict[str, ibis.Value] = {
        "variation": rows["variation"].min(),
        "crossed": rows["variation"].min() != rows["variation"].max(),
        "rows": rows.count(),
    }
    for i in range(len(layout.segments)):
        made[f"s{i}"] = rows[f"s{i}"].min()
    for name, metric, role, _ in _names(layout):
        adds_up = role in {VALUE, DENOMINATOR} and metric.metric.kind is not MetricKind.PROPORTION
        made[name] = rows[name].sum() if adds_up else rows[name].max()
        made[f"{name}_bad"] = rows[f"{name}_bad"].any()
    return rows.group_by("unit").aggregate(**made)


def _checked(units: ibis.Table, layout: Layout) -> tuple[ibis.Table, dict[str, float]]:
    """Say of each metric which units count, and take a constant close to the mean away."""
    names = _names(layout)
    sample = units.limit(SHIFT_ROWS).aggregate(**{n: units[n].mean() for n, *_ in names})
    found = sample.to_pyarrow().to_pylist()[0]
    offsets = {name: float(found[name] or 0.0) for name, *_ in names}
    added: dict[str, ibis.Value] = {}
    for i, metric in enumerate(layout.metrics):
        own = [(name, role) for name, of, role, _ in names if of is metric]
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
    for name, metric, role, _ in names:
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


def _aggregate(units: ibis.Table, layout: Layout, by: Sequence[str]) -> ibis.Table:
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


def _cells(
    groups: Sequence[tuple[str | None, list[dict[str, Any]]]],
    layout: Layout,
    offsets: dict[str, float],
) -> Iterable[Cell]:
    for place, (segment, rows) in enumerate(groups):
        for row in rows:
            level = row[f"s{place}"] if segment is not None else None
            for i, metric in enumerate(layout.metrics):
                moments = _moments(row, i, metric, offsets)
                yield Cell(segment, level, row["variation"], metric.metric.name, moments)


def _moments(row: dict[str, Any], i: int, metric: FileMetric, offsets: dict[str, float]) -> Moments:
    k = len(metric.columns)
    n = int(row[f"m{i}_ok"] or 0)
    if n == 0:
        return Moments.empty(metric.metric.columns)
    sums = [row[f"m{i}_{j}_sum"] for j in range(k)]
    products = [[row[f"m{i}_{min(a, b)}_{max(a, b)}_sum"] for b in range(k)] for a in range(k)]
    shifted = Moments.of_sums(metric.metric.columns, n, sums, products)
    offset = np.array([offsets[f"m{i}_{j}"] for j in range(k)])
    return Moments(shifted.columns, n, shifted.means + offset, shifted.comoments)


def _count_left_out(rows: ibis.Table, layout: Layout) -> list[Caveat]:
    counts = {"variation": rows["variation"].isnull().sum()}
    if layout.unit:
        counts["unit"] = rows["unit"].isnull().sum()
    found = rows.aggregate(**counts).to_pyarrow().to_pylist()[0]
    said = []
    if found["variation"]:
        said.append(caveats.MISSING_VARIATION.counting(found["variation"], layout.variation))
    if layout.unit and found["unit"]:
        said.append(caveats.MISSING_UNIT.counting(found["unit"], layout.unit))
    return said


def _unit_caveats(units: ibis.Table) -> list[Caveat]:
    found = (
        units.aggregate(crossed=units["crossed"].sum(), repeated=(units["rows"] > 1).sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    said = []
    if found["crossed"]:
        said.append(caveats.CROSSOVER.counting(found["crossed"], "unit"))
    if found["repeated"]:
        said.append(caveats.DUPLICATED_UNIT.counting(found["repeated"], "unit"))
    return said


def _value_caveats(rows: Sequence[dict[str, Any]], layout: Layout) -> list[Caveat]:
    said = []
    for i, metric in enumerate(layout.metrics):
        name = metric.metric.name
        for flag, caveat in (
            ("bad", caveats.NOT_A_NUMBER),
            ("missing", caveats.MISSING_VALUE),
            ("odd", caveats.NOT_A_PROPORTION),
        ):
            count = sum(int(row[f"m{i}_{flag}"] or 0) for row in rows)
            if count:
                said.append(caveat.counting(count, name))
        for j in range(len(metric.columns) - len(metric.metric.covariates), len(metric.columns)):
            count = sum(int(row[f"m{i}_{j}_empty"] or 0) for row in rows)
            if count:
                place = f"{name} · {metric.columns[j]}"
                said.append(caveats.MISSING_COVARIATE.counting(count, place))
    return said
