"""Interactions, people and items in plain files: read into places and columns, oddities counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyRelation, col
from numpy.typing import NDArray
from scipy import sparse

from data.experiment_table import open_table
from kindred.errors import UserError
from kindred.recommend.dataset import Interactions

USER: Final = "user_id"
ITEM: Final = "item_id"
TIME: Final = "timestamp"
WEIGHT: Final = "weight"
MOST_ROWS: Final = 100_000_000
MOST_WEIGHT: Final = 1e9  # larger ones would leave no room for sums
Columns = Mapping[str, NDArray[Any]]

# Whole numbers without a zone say seconds, milli- or microseconds by how large they are.
_EPOCH: Final = """
CASE WHEN abs(number) < 1e11 THEN number WHEN abs(number) < 1e14 THEN number / 1e3
     WHEN abs(number) < 1e17 THEN number / 1e6 ELSE number / 1e9 END
"""


@dataclass(frozen=True)
class InteractionFiles:
    """What the files hold, in one numbering of people and items.

    Parameters
    ----------
    test : csr array of shape (U, I) or None
        Held-out positives.
    notes : list of str
        What was left out, and how many rows of it.
    """

    rows: Interactions
    person_columns: Columns
    item_columns: Columns
    test: sparse.csr_array | None
    notes: list[str]


@dataclass
class _Read:
    """A file's rows as they are, before people and items have places."""

    user: pa.Array
    item: pa.Array
    time: NDArray[np.float64]
    weight: NDArray[np.float64]
    notes: list[str] = field(default_factory=list)


def read_files(
    interactions: Path,
    users: Path | None = None,
    items: Path | None = None,
    test: Path | None = None,
) -> InteractionFiles:
    """Read the files.

    Raises
    ------
    UserError
        A file can't be read, lacks a column, or holds no row that can be used.
    """
    known = _interactions(interactions)
    if not len(known.user):
        raise UserError(
            f"{interactions.name} has no row that can be used.",
            f"Rows need {USER}, {ITEM} and {TIME}. {' '.join(known.notes)}".strip(),
        )
    held = _interactions(test, timed=False) if test is not None else None
    people, people_notes = _described(users, USER)
    things, item_notes = _described(items, ITEM)
    person_ids = _ids(known.user, held.user if held else None, people)
    item_ids = _ids(known.item, held.item if held else None, things)
    rows = _placed(known, person_ids, item_ids)
    wanted = _placed(held, person_ids, item_ids).wanted().seen() if held else None
    notes = [*known.notes, *(held.notes if held else []), *people_notes, *item_notes]
    return InteractionFiles(
        rows,
        _columns(people, USER, person_ids),
        _columns(things, ITEM, item_ids),
        wanted,
        notes,
    )


def _interactions(path: Path, *, timed: bool = True) -> _Read:
    needed = [USER, ITEM, TIME] if timed else [USER, ITEM]
    with open_table(path, needed, [WEIGHT, TIME]) as table:
        count = int(table.rows.aggregate("count(*)").fetchall()[0][0])
        if count > MOST_ROWS:
            raise UserError(
                f"{path.name} has {count:,} rows; this command takes {MOST_ROWS:,}.",
                "Give a part of it, or import it as events.",
            )
        found = _typed(table.rows, set(table.columns)).to_arrow_table()
    usable = pc.and_(pc.is_valid(found[USER]), pc.is_valid(found[ITEM]))
    notes = _counted(path, found, usable, timed=timed)
    usable = pc.and_(usable, pc.is_valid(found[WEIGHT]))
    if timed:
        usable = pc.and_(usable, pc.is_valid(found[TIME]))
    kept = found.filter(usable)
    times = kept[TIME].fill_null(0.0).to_numpy() if kept.num_rows else np.empty(0)
    return _Read(
        kept[USER].combine_chunks(),
        kept[ITEM].combine_chunks(),
        np.asarray(times, dtype=np.float64),
        np.asarray(kept[WEIGHT].to_numpy(), dtype=np.float64),
        notes,
    )


def _counted(path: Path, found: pa.Table, named: pa.ChunkedArray, *, timed: bool) -> list[str]:
    """Say how many rows can't be used, and why."""
    total = found.num_rows
    unnamed = total - int(pc.sum(named).as_py() or 0)
    notes = []
    if unnamed:
        notes.append(f"{path.name}: {unnamed:,} rows name no user or no item and are left out.")
    if timed:
        timeless = int(pc.sum(pc.and_(named, pc.is_null(found[TIME]))).as_py() or 0)
        if timeless:
            notes.append(f"{path.name}: {timeless:,} rows have no readable time and are left out.")
    weightless = int(pc.sum(pc.and_(named, pc.is_null(found[WEIGHT]))).as_py() or 0)
    if weightless:
        notes.append(
            f"{path.name}: {weightless:,} rows have a weight that is no number from 0 to "
            f"{MOST_WEIGHT:,.0f} and are left out."
        )
    return notes


def _typed(rows: DuckDBPyRelation, columns: set[str]) -> DuckDBPyRelation:
    """Read ids as texts without blanks around, times as seconds since 1970, weights as numbers."""
    time = "NULL::DOUBLE"
    if TIME in columns:
        kind = str(dict(zip(rows.columns, rows.types, strict=True))[TIME])
        if kind.startswith(("TIMESTAMP", "DATE")):
            time = f"epoch_us({TIME}::TIMESTAMP) / 1e6"
        else:
            text = f"trim({TIME}::VARCHAR)"
            numeric = _EPOCH.replace("number", f"TRY_CAST({text} AS DOUBLE)")
            stamp = f"epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) / 1e6"
            time = f"COALESCE({numeric}, {stamp})"
    weight = "1.0"
    if WEIGHT in columns:
        number = f"TRY_CAST({WEIGHT} AS DOUBLE)"
        empty = f"({WEIGHT} IS NULL OR trim({WEIGHT}::VARCHAR) = '')"
        sound = f"CASE WHEN {number} BETWEEN 0 AND {MOST_WEIGHT} THEN {number} END"
        weight = f"CASE WHEN {empty} THEN 1.0 ELSE {sound} END"
    return rows.project(
        f"nullif(trim({USER}::VARCHAR), '') AS {USER}, nullif(trim({ITEM}::VARCHAR), '') AS {ITEM},"
        f" CASE WHEN isfinite({time}) THEN {time} END AS {TIME}, ({weight})::DOUBLE AS {WEIGHT}"
    )


def _described(path: Path | None, key: str) -> tuple[pa.Table | None, list[str]]:
    """Read what is known of people or items; the first row of each id counts."""
    if path is None:
        return None, []
    with open_table(path, [key], whole=True) as table:
        found = table.rows.select(*[col(name) for name in table.columns]).to_arrow_table()
    place = found.column_names.index(key)
    ids = pc.utf8_trim_whitespace(pc.cast(found[key], pa.string()))
    found = found.set_column(place, key, ids)
    named = pc.and_(pc.is_valid(ids), pc.not_equal(ids, ""))
    kept = found.filter(pc.fill_null(named, False))
    first = _firsts(kept[key])
    notes = []
    if kept.num_rows < found.num_rows:
        gone = found.num_rows - kept.num_rows
        notes.append(f"{path.name}: {gone:,} rows have no {key} and are left out.")
    if len(first) < kept.num_rows:
        again = kept.num_rows - len(first)
        notes.append(f"{path.name}: {again:,} rows repeat an id; the first of each counts.")
    return kept.take(first), notes


def _firsts(ids: pa.ChunkedArray) -> pa.Array:
    coded = ids.combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(coded, return_index=True)
    return pa.array(np.sort(first))


def _ids(known: pa.Array, held: pa.Array | None, described: pa.Table | None) -> pa.Array:
    """Give every id there is, in the order of the alphabet."""
    key = described.column_names if described is not None else []
    parts = [known] + ([held] if held is not None else [])
    if described is not None:
        column = USER if USER in key else ITEM
        parts.append(described[column].combine_chunks())
    together = pa.concat_arrays([pc.cast(part, pa.string()) for part in parts])
    unique = pc.unique(together)
    return unique.take(pc.sort_indices(unique))


def _placed(read: _Read, people: pa.Array, items: pa.Array) -> Interactions:
    return Interactions(
        people=np.asarray(people.to_numpy(zero_copy_only=False)),
        items=np.asarray(items.to_numpy(zero_copy_only=False)),
        person=_places(read.user, people),
        item=_places(read.item, items),
        time=read.time,
        weight=read.weight,
    )


def _places(ids: pa.Array, among: pa.Array) -> NDArray[np.int64]:
    return np.asarray(pc.index_in(ids, value_set=among).to_numpy(zero_copy_only=False), np.int64)


def _columns(described: pa.Table | None, key: str, ids: pa.Array) -> dict[str, NDArray[Any]]:
    """Give each column in the order of all ids; None where nothing is known."""
    if described is None:
        return {}
    rows = pc.index_in(ids, value_set=described[key].combine_chunks())
    found = {}
    for name in _told(described.column_names, key):
        values = described[name].combine_chunks()
        if pa.types.is_nested(values.type):
            values = pa.array([None if v is None else str(v) for v in values.to_pylist()])
        found[name] = np.asarray(values.take(rows).to_pandas().to_numpy(dtype=object))
    return found


def _told(names: Sequence[str], key: str) -> list[str]:
    return [name for name in names if name != key]
