"""The catalogue as recommendations need it: names and metadata of items, by place, in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.lake import CATALOGUE, live_files
from data.workspace import Workspace
from kindred.events import CATALOGUE_SCHEMA

COLUMNS: Final = ("name", "category", "subcategory", "brand", "price")
MOST_ATTRIBUTES: Final = 30
Objects = NDArray[np.object_]


@dataclass(frozen=True)
class Items:
    """The catalogue in one order; made once and kept, for it is read and never changed.

    Parameters
    ----------
    ids : array of str, shape (I,)
    table : pyarrow.Table
        The catalogue's columns, in the order of `ids`.
    """

    ids: Objects
    table: pa.Table

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Find an item's place by its id."""
        return {item: place for place, item in enumerate(self.ids)}

    @cached_property
    def fields(self) -> Mapping[str, NDArray[Any]]:
        """Give what steering may ask of items: the columns, and scalar attributes by name."""
        found: dict[str, NDArray[Any]] = {
            name: self.table.column(name).to_numpy(zero_copy_only=False) for name in COLUMNS
        }
        return found | _attributes(self.table.column("attributes"))

    @cached_property
    def names(self) -> Objects:
        """Give what screens call each item: its name, else its id."""
        names = self.table.column("name").to_numpy(zero_copy_only=False)
        return np.where(names.astype(bool), names, self.ids)

    def name(self, item: str) -> str:
        """Give what screens call an item; one that is not in the catalogue is called by its id."""
        place = self.place.get(item)
        return item if place is None else str(self.names[place])

    def described(self, item: str) -> str:
        """Say an item's category, brand and size, as far as they are known."""
        place = self.place.get(item)
        if place is None:
            return "not in the catalogue"
        named = ("subcategory", "category", "brand", "package_size")
        parts = [self.fields[name][place] for name in named if name in self.fields]
        return " · ".join(str(part) for part in dict.fromkeys(parts) if part)

    def rows(self, places: NDArray[np.int64] | Sequence[int]) -> dict[str, NDArray[Any]]:
        """Give the fields of some items."""
        return {name: column[places] for name, column in self.fields.items()}

    def search(self, text: str, limit: int = 20) -> list[str]:
        """Find items whose id is, or whose name or category holds, a text; names first."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        if text.strip() in self.place:
            return [text.strip()]
        hits = np.flatnonzero(np.char.find(self._folded, wanted) >= 0)
        starts = np.char.startswith(self._folded[hits], wanted)
        order = np.argsort(~starts, kind="stable")[:limit]
        return [str(self.ids[place]) for place in hits[order]]

    @cached_property
    def _folded(self) -> NDArray[np.str_]:
        subs = self.fields["subcategory"]
        both = [f"{n} {s or ''}".casefold() for n, s in zip(self.names, subs, strict=True)]
        return np.array(both, dtype=np.str_)


def catalogue_version(conn: Connection) -> tuple[str, ...]:
    """Name the live files of the catalogue: they are never written twice."""
    return tuple(file.path for file in live_files(conn, CATALOGUE))


def read_items(workspace: Workspace, files: Sequence[str]) -> Items:
    """Read the catalogue; of an item that stands in it twice, the first row counts."""
    tables = [_read(workspace.lake / file) for file in files]
    table = pa.concat_tables(tables) if tables else CATALOGUE_SCHEMA.empty_table()
    ids = table.column("item_id").to_numpy(zero_copy_only=False)
    first: dict[str, int] = {}
    for place, item in enumerate(ids):
        first.setdefault(item, place)
    if len(first) < len(ids):
        table = table.take(pa.array(first.values()))
    return Items(table.column("item_id").to_numpy(zero_copy_only=False), table.combine_chunks())


def _read(path: Path) -> pa.Table:
    return pq.read_table(path, columns=CATALOGUE_SCHEMA.names)


def _attributes(column: pa.ChunkedArray) -> dict[str, NDArray[Any]]:
    """Open the attributes' JSON into columns, those first that most items have."""
    found: dict[str, NDArray[Any]] = {}
    for place, text in enumerate(column.to_pylist()):
        for name, value in _object(text).items():
            if isinstance(value, str | int | float) and name not in COLUMNS:
                if name not in found:
                    found[name] = np.full(len(column), None, dtype=object)
                found[name][place] = value
    filled = sorted(found, key=lambda name: -int((found[name] != None).sum()))  # noqa: E711
    return {name: found[name] for name in filled[:MOST_ATTRIBUTES]}


def _object(text: str | None) -> dict[str, Any]:
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
