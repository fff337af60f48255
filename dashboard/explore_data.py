"""What Explore shows, loaded once per version: places, traits as bytes, ids, clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st
from numpy.typing import NDArray
from sqlalchemy import select

from dashboard.store import engine, workspace
from data import schema
from data.engine import reader
from data.map_reads import (
    Annotation,
    MapCluster,
    MapRun,
    has_traits,
    map_annotations,
    map_clusters,
    map_runs,
    moves,
    people_as_table,
    read_places,
    read_trait,
)
from data.workspace import Workspace
from kindred.clusters.contrast import BinnedTrait, bin_categories, bin_numbers
from kindred.clusters.selection import MapGrid
from kindred.traits.trait import Trait, TraitType

MAX_DOWNLOAD = 100_000  # people in one file
LONGEST_LABEL = 44  # characters

# Caches are keyed by the names of the lake's files, which are never used twice: Streamlit's own
# hash of a big array looks at a sample of it only.
VERSION_OF: dict[str | type[Any], Callable[[Any], Any]] = {
    MapRun: lambda run: (run.id, run.map_file, run.traits_file),
    Workspace: str,
}


@dataclass(frozen=True)
class Facts:
    """What kind of data the workspace holds."""

    kind: str = "real"
    source: str = ""
    currency: str = ""


@dataclass(frozen=True)
class MapView:
    """A run as the screen has it: arrays of shape (n,), row by row as in the snapshots.

    `label` indexes `clusters` (which hold noise, too); `traits` are by name, in their order.
    """

    run: MapRun
    facts: Facts
    clusters: Sequence[MapCluster]
    notes: Sequence[Annotation]
    grid: MapGrid
    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    label: NDArray[np.uint8]
    centres: Sequence[tuple[int, int]]
    traits: Mapping[str, Trait]

    def cluster(self, cluster_id: int | None) -> MapCluster | None:
        """Find a cluster by its identity."""
        return next((c for c in self.clusters if c.id is not None and c.id == cluster_id), None)

    def label_of(self, name: str) -> str:
        """Name a trait on an axis or in a list: its sentence where that is short."""
        sentence = self.traits[name].sentence.rstrip(".").split(":")[0].split(";")[0]
        return sentence if len(sentence) <= LONGEST_LABEL else self.traits[name].label

    def unit_of(self, name: str) -> str:
        """Give a trait's unit, empty if it has none."""
        return self.traits[name].unit

    @property
    def telling(self) -> list[str]:
        """The traits that can set people apart; scores and times repeat what others say."""
        return [
            name
            for name, declared in self.traits.items()
            if declared.type is not TraitType.TIME and not name.startswith("rfm_")
        ]


@dataclass(frozen=True)
class _Ground:
    grid: MapGrid
    x: NDArray[np.uint16]
    y: NDArray[np.uint16]
    label: NDArray[np.uint8]
    centres: Sequence[tuple[int, int]]


def list_runs() -> list[MapRun]:
    """Read the runs there are, the newest first; in one small query, each time."""
    with reader(engine()).connect() as conn:
        return map_runs(conn)


def load_view(run: MapRun) -> MapView:
    """Give a run's map: names and notes as they are now, places from the cache."""
    with reader(engine()).connect() as conn:
        clusters = map_clusters(conn, run.id)
        notes = map_annotations(conn, run.id)
    facts = workspace_facts()
    ground = _ground(workspace(), run, tuple(cluster.label for cluster in clusters))
    return MapView(run, facts, clusters, notes, traits=_declared(run, facts), **vars(ground))


def _declared(run: MapRun, facts: Facts) -> dict[str, Trait]:
    """Read the traits that are still kept and can be shown, money in the workspace's currency."""
    if not has_traits(workspace(), run):
        return {}
    declared = [Trait.from_json(given) for given in run.declarations]
    return {
        trait.name: replace(trait, unit=facts.currency) if trait.unit == "currency" else trait
        for trait in declared
        if trait.type is not TraitType.LIST
    }


def workspace_facts() -> Facts:
    """Read what kind of data the workspace holds."""
    columns = schema.workspace_facts.c
    with reader(engine()).connect() as conn:
        row = conn.execute(select(columns.kind, columns.source, columns.currency)).first()
    return Facts(row.kind, row.source, row.currency or "") if row else Facts()


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=VERSION_OF)
def _ground(workspace: Workspace, run: MapRun, labels: tuple[int, ...]) -> _Ground:
    places = read_places(workspace, run)
    grid = MapGrid.around(run.bounds)
    x, y = grid.cells(places.x, places.y)
    code = np.zeros(max(labels, default=0) + 2, np.uint8)
    code[np.array(labels, dtype=int) + 1] = np.arange(len(labels))
    label = code[places.label.astype(np.intp) + 1]
    step = slice(None, None, max(1, len(x) // 50_000))
    centres = []
    for number in range(len(labels)):
        inside = label[step] == number
        here = (x[step][inside], y[step][inside]) if inside.any() else (x[:1], y[:1])
        centres.append((int(np.median(here[0])), int(np.median(here[1]))))
    return _Ground(grid, x, y, label, centres)


def trait(view: MapView, name: str) -> BinnedTrait:
    """Give a trait as a byte a person."""
    return _trait(workspace(), view.run, name)


def traits(view: MapView) -> list[BinnedTrait]:
    """Give the telling traits as bytes; the first time, columns are read side by side."""
    if not view.traits:
        return []
    return _traits(workspace(), view.run, tuple(view.telling))


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=VERSION_OF)
def _traits(workspace: Workspace, run: MapRun, names: tuple[str, ...]) -> list[BinnedTrait]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda name: _load_trait(workspace, run, name), names))


@st.cache_resource(max_entries=60, show_spinner=False, hash_funcs=VERSION_OF)
def _trait(workspace: Workspace, run: MapRun, name: str) -> BinnedTrait:
    return _load_trait(workspace, run, name)


def _load_trait(workspace: Workspace, run: MapRun, name: str) -> BinnedTrait:
    column = read_trait(workspace, run, name)
    kind = column.type
    if pa.types.is_timestamp(kind):
        return bin_numbers(name, _days_before(run.as_of, column))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return bin_numbers(name, _floats(column))
    if pa.types.is_boolean(kind):
        codes = pc.fill_null(column.cast(pa.int8()), -1).to_numpy()
        return bin_categories(name, codes.astype(np.intp), ["no", "yes"])
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.intp)
    return bin_categories(name, codes, encoded.dictionary.to_pylist())


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def _days_before(as_of: datetime, column: pa.ChunkedArray) -> NDArray[np.float64]:
    instants = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return (as_of.timestamp() - _floats(instants) / 1e6) / 86_400


def revenue(view: MapView) -> NDArray[np.float64] | None:
    """Give everyone's revenue, none where it is not a trait."""
    if "monetary" not in view.traits:
        return None
    return _revenue(workspace(), view.run)


@st.cache_resource(max_entries=3, show_spinner=False, hash_funcs=VERSION_OF)
def _revenue(workspace: Workspace, run: MapRun) -> NDArray[np.float64]:
    return np.nan_to_num(_floats(read_trait(workspace, run, "monetary")))


def some_people(view: MapView, rows: NDArray[np.intp], names: Sequence[str]) -> pa.Table:
    """Read some people with some traits."""
    known = [name for name in names if name in view.traits]
    return people_as_table(workspace(), view.run, rows, known)


def run_moves(before: MapRun, after: MapRun) -> list[tuple[int, int, int]]:
    """Count who went from which cluster of one run to which of another."""
    return _moves(workspace(), before, after)


@st.cache_data(max_entries=20, show_spinner=False, hash_funcs=VERSION_OF)
def _moves(workspace: Workspace, before: MapRun, after: MapRun) -> list[tuple[int, int, int]]:
    return moves(workspace, before, after)
