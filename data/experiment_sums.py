"""Expressions for what a unit says, and for the sums that statistics are made of.

Written with DuckDB's own expressions rather than Ibis (docs/decisions/0021): a file lies on one
machine, and a command that runs for seconds should not spend one on loading a translator.

What is wrong travels without columns of flags: a value that is no finite number is NaN, which
every sum that holds it becomes as well; a rate's code is 0, 1, or how it is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from duckdb import DuckDBPyRelation, Expression, coalesce, col, fn, lit, when

from data.experiment_layout import FileMetric, Layout
from kindred.errors import UserError
from kindred.experiments.estimates import MetricKind

ODD: Final = 2  # a rate's value that is neither 0 nor 1
BAD: Final = 3  # a rate's value that is no finite number

NOTHING: Final = ("", "na", "n/a", "null", "none", "-")  # how programs write that there is none

_NUMBERS: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "BOOLEAN",
)  # fmt: skip
_USES: Final = {MetricKind.PROPORTION: "rate", MetricKind.RETENTION: "retention"}


@dataclass(frozen=True)
class Source:
    """A column of the file and how a unit's rows of it become one number.

    Parameters
    ----------
    use : {"sum", "rate", "retention", "before"}
    """

    column: str
    use: str


def _sources(metric: FileMetric) -> list[Source]:
    use = _USES.get(metric.metric.kind, "sum")
    core = [Source(column, use) for column in metric.core]
    return core + [Source(column, "before") for column in metric.covariates]


def sources(layout: Layout) -> list[Source]:
    """Name what is summed up, each column once for each use."""
    return list(dict.fromkeys(one for _, metric in layout.summed for one in _sources(metric)))


def places(layout: Layout, metric: FileMetric) -> list[str]:
    """Give the short names of a metric's columns."""
    order = sources(layout)
    return [f"c{order.index(source)}" for source in _sources(metric)]


def typed(rows: DuckDBPyRelation, column: str) -> Expression:
    """Read a column as numbers; what is given but is none becomes NaN."""
    kind = str(rows.types[rows.columns.index(column)])
    if kind.startswith("DECIMAL") or kind in _NUMBERS:
        return col(column).cast("DOUBLE")
    if kind == "VARCHAR":
        # Branches are tried on what is left only: most values are numbers.
        number, text = col(column).try_cast("DOUBLE"), trimmed(column)
        truth = text.try_cast("BOOLEAN").cast("UTINYINT").cast("DOUBLE")
        blank = col(column).isnull() | fn("lower", text).isin(*NOTHING)
        other = when(number.isnotnull()).then(number).when(blank).then(None)
        return other.otherwise(coalesce(truth, lit("NaN").cast("DOUBLE")))
    if "NULL" in kind:
        return lit(None).cast("DOUBLE")
    raise UserError(
        f"The column {column!r} holds {kind.lower()}, not numbers.", "Name a column of numbers."
    )


def trimmed(column: str) -> Expression:
    """Give a column of texts without blanks around them."""
    return fn("trim", col(column))


def finite(value: Expression) -> Expression:
    """Whether a value is a finite number; null where there is none."""
    return fn("isfinite", value)


def row_value(rows: DuckDBPyRelation, source: Source) -> Expression:
    """Give what one row says."""
    value = typed(rows, source.column)
    if source.use == "sum":
        return value
    if source.use == "before":
        return when(finite(value)).then(value).otherwise(None)
    one = value == lit(1) if source.use == "rate" else value > lit(0)
    code = when(value.isnull()).then(None).when(~finite(value)).then(BAD)
    coded = code.when(value == lit(0)).then(0).when(one).then(1).otherwise(ODD)
    return coded.cast("UTINYINT")


def unit_value(name: str, source: Source) -> Expression:
    """Make one number of a unit's rows."""
    value = col(name)
    return (value.sum() if source.use == "sum" else value.max()).alias(name)


def metric_columns(
    i: int,
    metric: FileMetric,
    names: Sequence[str],
    offsets: Mapping[str, float],
    limits: tuple[float, float] | None,
) -> list[Expression]:
    """Say what a unit adds to a metric: its values less a constant, if it counts at all.

    Parameters
    ----------
    limits : pair of float, optional
        Between which the value is drawn in.
    """
    core = names[: len(metric.core)]
    rate = metric.metric.kind.is_rate
    ok = col(core[0]) < lit(ODD) if rate else finite(col(core[0]))
    for name in core[1:]:
        ok &= finite(col(name))
    made = []
    for j, name in enumerate(names):
        value = col(name).cast("DOUBLE") if rate else col(name)
        if j == 0 and limits is not None:
            value = fn("least", fn("greatest", value, lit(limits[0])), lit(limits[1]))
        value -= lit(offsets.get(name, 0.0))
        if j >= len(core):
            value = coalesce(value, lit(0.0))  # a missing covariate: the average stands in for it
        made.append(when(ok).then(value).otherwise(None).alias(f"m{i}_{j}"))
    return made


def metric_sums(i: int, metric: FileMetric, names: Sequence[str]) -> list[Expression]:
    """Sum up a metric: who gave a value, who counts, the values, their squares and products."""
    core = names[: len(metric.core)]
    rate = metric.metric.kind.is_rate
    given = col(core[0]) if len(core) == 1 else col(core[0]) + col(core[1])
    sums = [given.count().alias(f"m{i}_given"), col(f"m{i}_0").count().alias(f"m{i}_n")]
    if rate:
        sums.append(count_if(col(core[0]) == lit(ODD)).alias(f"m{i}_odd"))
    for j, name in enumerate(names):
        value = col(f"m{i}_{j}")
        sums.append(value.sum().alias(f"m{i}_sum_{j}"))
        for k in range(j, len(names)):
            if not (rate and k == 0):  # squares of 0 and 1 are themselves
                sums.append((value * col(f"m{i}_{k}")).sum().alias(f"m{i}_sum_{j}_{k}"))
        if j >= len(core):
            empty = col(f"m{i}_0").isnotnull() & col(name).isnull()
            sums.append(count_if(empty).alias(f"m{i}_none_{j}"))
    return sums


def count_if(condition: Expression) -> Expression:
    """Count where something holds."""
    return when(condition).then(1).otherwise(None).count()


def averages(
    rows: DuckDBPyRelation, names: Sequence[str], most: int | None = None
) -> dict[str, float]:
    """Give the mean of finite values of some columns, of all rows or of the first."""
    if not names:
        return {}
    some = rows if most is None else rows.limit(most)
    means = [when(finite(col(n))).then(col(n)).otherwise(None).avg().alias(n) for n in names]
    found = some.aggregate(means).fetchall()[0]
    return {name: float(value or 0.0) for name, value in zip(names, found, strict=True)}
