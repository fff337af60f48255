"""An uploaded file of an experiment: taken, looked at once, and gone a day later."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st
from duckdb import col

from dashboard.format import verbatim
from dashboard.store import workspace
from data.experiment_table import open_table
from kindred.errors import UserError

MOST_VALUES: Final = 100
KEPT_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Opened:
    """An uploaded file.

    Parameters
    ----------
    values : mapping of column to its values
        Of columns with few; the others can't be the variation.
    numbers : sequence of str
        Columns whose values are numbers.
    rates : sequence of str
        Those among them that are 0 or 1.
    """

    name: str
    path: Path
    columns: Sequence[str]
    values: Mapping[str, Sequence[str]]
    numbers: Sequence[str]
    rates: Sequence[str]
    rows: int


def choose_file() -> Opened | None:
    """Take a file; it is looked at once, and lies among the uploads for a while."""
    file = st.file_uploader(
        "CSV or Parquet, a row a unit or a row an event",
        type=["csv", "tsv", "txt", "gz", "parquet", "pq"],
        key="experiment_file",
        help="Only sufficient statistics are kept, and only if you say so; no row is.",
    )
    if file is None:
        return None
    content = file.getvalue()
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    path = workspace().uploads / f"experiment-{digest}{Path(file.name).suffix.lower()}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path.parent)
        path.write_bytes(content)
    try:
        return _look(str(path), file.name)
    except UserError as error:
        tell_refusal(error, path, file.name)
        return None


def tell_refusal(error: UserError, path: Path, name: str) -> None:
    """Say why a file can't be analysed, under the name that it was uploaded by."""
    what = error.what.replace(path.name, name)
    st.error(f"{verbatim(what)} {verbatim(error.fix)}", icon=":material/error:")


def _tidy(folder: Path) -> None:
    """Take files away that were uploaded for an analysis more than a day ago."""
    for old in folder.glob("experiment-*"):
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)


@st.cache_data(max_entries=8, show_spinner="Looking at the columns")
def _look(path: str, name: str) -> Opened:
    values: dict[str, list[str]] = {}
    numbers: list[str] = []
    rates: list[str] = []
    with open_table(Path(path)) as table:
        rows = int(table.rows.aggregate("count(*)").fetchall()[0][0])
        for column in table.columns:
            text = table.rows.select(col(column).cast("VARCHAR").alias("v"))
            few = text.filter("v IS NOT NULL AND trim(v) <> ''").distinct().limit(MOST_VALUES + 1)
            found = sorted(str(row[0]).strip() for row in few.fetchall())
            if len(found) <= MOST_VALUES:
                values[column] = found
            if found and all(_is_number(value) for value in found):
                numbers.append(column)
                if {float(value) for value in found} <= {0.0, 1.0}:
                    rates.append(column)
        return Opened(name, Path(path), table.columns, values, numbers, rates, rows)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
