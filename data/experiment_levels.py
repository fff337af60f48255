"""The few values of a column that names variations or levels, numbered for quick grouping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from duckdb import DuckDBPyRelation, Expression, col, count_all, lit, when

from data.experiment_sums import trimmed
from kindred.errors import UserError

NO_LEVEL: Final = "(none)"
OTHER: Final = "(other)"
MOST_LEVELS: Final = 200


@dataclass(frozen=True)
class Levels:
    """A column's values.

    Parameters
    ----------
    labels : tuple of str
        In their order; a label's place is its code.
    raw : mapping of value to code
        Several values may share a label, such as "A" and " A ".
    missing : int
        Rows without a value.
    left_over : int
        Distinct labels that were put together as "(other)".
    """

    labels: tuple[str, ...]
    raw: Mapping[Any, int]
    missing: int
    left_over: int = 0

    def code(self, column: str, default: int | None = None) -> Expression:
        """Turn the column into codes; `default` stands for values without one."""
        cases: Any = None
        for value, code in self.raw.items():
            test = col(column) == lit(value)
            cases = when(test).then(code) if cases is None else cases.when(test).then(code)
        if cases is None:
            return lit(default).cast("USMALLINT")
        coded: Expression = cases.otherwise(default)
        return coded.cast("USMALLINT")


def levels(rows: DuckDBPyRelation, column: str, names: Mapping[str, str] | None = None) -> Levels:
    """Find a column's values.

    Parameters
    ----------
    names : mapping of label to label, optional
        Labels that stand for others: arms that are read as one.
    """
    kind = str(rows.types[rows.columns.index(column)])
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        raise UserError(
            f"The column {column!r} holds {kind.lower()}, not names.",
            "Name a column of texts or numbers.",
        )
    counted = rows.aggregate([col(column), count_all().alias("rows")], "1").fetchall()
    by_label: dict[str, int] = {}
    labelled: list[tuple[Any, str]] = []
    missing = 0
    for value, count in counted:
        label = _label(value)
        if label is None:
            missing += count
            continue
        label = (names or {}).get(label, label)
        by_label[label] = by_label.get(label, 0) + count
        labelled.append((value, label))
    kept = sorted(by_label)
    left_over = 0
    if len(kept) > MOST_LEVELS:
        kept = sorted(sorted(by_label, key=lambda name: (-by_label[name], name))[: MOST_LEVELS - 1])
        left_over = len(by_label) - len(kept)
        kept.append(OTHER)
    place = {label: code for code, label in enumerate(kept)}
    raw = {value: place[label] for value, label in labelled if label in place}
    return Levels(tuple(kept), raw, missing, left_over)


def segment_levels(rows: DuckDBPyRelation, column: str) -> tuple[Levels, Expression]:
    """Find a segment column's levels, and the code of each row; having none is a level as well."""
    found = levels(rows, column)
    labels = list(found.labels)
    if found.left_over:
        rest = labels.index(OTHER)
    if found.missing or not labels:
        labels.append(NO_LEVEL)
    default = len(labels) - 1 if found.missing else None
    code = found.code(column, rest if found.left_over else default)
    if found.missing and found.left_over:
        blank = when(_blank(rows, column)).then(default).otherwise(code)
        code = blank.cast("USMALLINT")
    return Levels(tuple(labels), found.raw, found.missing, found.left_over), code


def _blank(rows: DuckDBPyRelation, column: str) -> Expression:
    kind = str(rows.types[rows.columns.index(column)])
    if kind == "VARCHAR":
        return col(column).isnull() | (trimmed(column) == lit(""))
    if kind in {"DOUBLE", "FLOAT"}:
        return col(column).isnull() | (col(column) == lit(math.nan))
    return col(column).isnull()


def _label(value: Any) -> str | None:
    """Name a value as a person would: 1.0 is 1, true is true, blanks around it are none."""
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    # A NUL is no letter, and not every store keeps it.
    return str(value).replace("\0", "").strip() or None
