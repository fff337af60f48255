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

from data.experiment_sums import FileMetric, Layout, aggregate, checked, typed_rows, units
from data.lake import open_duckdb
from kindred.errors import UserError
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.estimates import VALUE
from kindred.experiments.moments import Moments
from kindred.experiments.report import Cell


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
    rows = typed_rows(table, layout)
    said: list[Caveat] = []
    said += _count_left_out(rows, layout)
    rows = rows.filter(rows["variation"].notnull())
    if layout.unit:
        grouped = units(rows.filter(rows["unit"].notnull()), layout)
        rows = backend.create_table("units", grouped, temp=True)
        said += _unit_caveats(rows)
        rows = rows.filter(~rows["crossed"])
    rows, offsets = checked(rows, layout)
    groups: list[tuple[str | None, list[dict[str, Any]]]] = [
        (segment, aggregate(rows, layout, [f"s{i}"]).to_pyarrow().to_pylist())
        for i, segment in enumerate(layout.segments)
    ] or [(None, aggregate(rows, layout, []).to_pyarrow().to_pylist())]
    arms: dict[str, int] = {}
    for row in groups[0][1]:
        arms[row["variation"]] = arms.get(row["variation"], 0) + row["units"]
    said += _value_caveats(groups[0][1], layout)
    cells = list(_cells(groups, layout, offsets))
    return Summary(dict(sorted(arms.items())), cells, said)


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


def read_aggregates(path: Path) -> dict[tuple[str, str], Summary]:
    """Read rows of ``variation, metric, count, mean, variance[, checkpoint][, experiment]``.

    Returns
    -------
    dict of (experiment, checkpoint) to Summary
        Both are empty texts where the file has no such column. Rows that can't be used are told
        as caveats; the others count.
    """
    table = open_table(path, open_duckdb())
    needed = ["variation", "metric", "count", "mean", "variance"]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise UserError(
            f"There is no column {', '.join(map(repr, missing))}.",
            f"Aggregates have {', '.join(needed)}; this file has: {', '.join(table.columns)}.",
        )
    found: dict[tuple[str, str], Summary] = {}
    for row in table.to_pyarrow().to_pylist():
        place = (str(row.get("experiment") or ""), str(row.get("checkpoint") or ""))
        summary = found.setdefault(place, Summary({}, [], []))
        variation, metric = str(row["variation"]), str(row["metric"])
        numbers = [_finite(row[name]) for name in ("count", "mean", "variance")]
        if None in numbers or numbers[0] < 0 or numbers[2] < 0:  # type: ignore[operator]
            summary.caveats.append(caveats.NOT_A_NUMBER.counting(1, f"{metric} · {variation}"))
            continue
        n, mean, variance = int(numbers[0] or 0), float(numbers[1] or 0), float(numbers[2] or 0)
        moments = Moments((VALUE,), n, np.array([mean]), np.array([[variance * max(n - 1, 0)]]))
        summary.arms[variation] = max(n, summary.arms.get(variation, 0))
        summary.cells.append(Cell(None, None, variation, metric, moments))
    return found


def _finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) else None
