"""What Person shows: one person's traits and ranks, place on the map, orders, who is near."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.store import reading, workspace
from data.lake import dataset_version, open_duckdb
from data.map_reads import (
    MapCluster,
    MapRun,
    map_clusters,
    map_runs,
    read_person_ids,
    read_places,
)
from data.people import (
    Order,
    Rank,
    Seen,
    events_of,
    nearest,
    orders_of,
    ranks,
    search,
    traits_at,
)
from data.traits import declarations, latest_run, position_of, snapshot_path
from data.workspace import Workspace
from kindred.traits.trait import Trait

DENSITY_CELLS: Final = 48
NEAREST: Final = 6
MOST_EVENTS: Final = 500
VERSION_OF: Final[dict[str | type[Any], Callable[[Any], Any]]] = {
    MapRun: lambda run: (run.id, run.map_file),  # a file of the lake is never written twice
    Workspace: str,
}


@dataclass(frozen=True)
class Everyone:
    """The newest traits snapshot, and the newest map if there is one."""

    path: Path
    traits: Sequence[Trait]
    as_of: datetime
    at: datetime
    version: int
    people: int
    run: MapRun | None
    clusters: Sequence[MapCluster]


@dataclass(frozen=True)
class Person:
    """One person as the snapshot has them."""

    id: str
    position: int
    values: Mapping[str, Any]
    ranks: Mapping[str, Rank]


@dataclass(frozen=True)
class Place:
    """Where a person stands on the map, and who stands nearest."""

    x: float
    y: float
    cluster: MapCluster | None
    near: Sequence[tuple[str, MapCluster | None]]


def everyone() -> Everyone | None:
    """Find the newest snapshot; none before traits were computed."""
    with reading() as conn:
        newest = latest_run(conn)
        if newest is None:
            return None
        found = map_runs(conn, 1)
        return Everyone(
            snapshot_path(workspace(), conn),
            declarations(newest),
            newest.as_of,
            newest.at,
            newest.dataset_version,
            newest.people,
            found[0] if found else None,
            map_clusters(conn, found[0].id) if found else [],
        )


@st.cache_data(max_entries=200, show_spinner=False)
def suggestions(path: Path, prefix: str) -> list[str]:
    """List ids that begin so; the snapshot's path is the version."""
    return search(path, prefix, 12)


def find(all_people: Everyone, person: str) -> Person | None:
    """Find a person in the snapshot by the exact id."""
    names = tuple(trait.name for trait in all_people.traits if trait.numeric)
    return _find(all_people.path, person, names)


@st.cache_data(max_entries=200, show_spinner=False)
def _find(path: Path, person: str, numeric: tuple[str, ...]) -> Person | None:
    position = position_of(path, person)
    if position is None:
        return None
    values = traits_at(path, position)
    numbers = {n: float(values[n]) for n in numeric if values.get(n) is not None}
    backend = open_duckdb()
    try:
        return Person(person, position, values, ranks(backend, path, numbers))
    finally:
        backend.disconnect()


def place_of(all_people: Everyone, person: str) -> Place | None:
    """Find where a person stands on the newest map; none where they came after it."""
    run = all_people.run
    if run is None or not run.map_file:
        return None
    row = position_of(workspace().lake / run.map_file, person)
    if row is None:
        return None
    plane, label = _plane(workspace(), run)
    by_label = {cluster.label: cluster for cluster in all_people.clusters}
    rows, _ = nearest(plane, row, NEAREST)
    ids = _ids(workspace(), run).take(rows).to_pylist()
    near = [(who, by_label.get(int(label[at]))) for who, at in zip(ids, rows, strict=True)]
    x, y = (float(v) for v in plane[row])
    return Place(x, y, by_label.get(int(label[row])), near)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=VERSION_OF)
def _plane(workspace: Workspace, run: MapRun) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    places = read_places(workspace, run)
    return np.column_stack([places.x, places.y]), places.label


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs=VERSION_OF)
def _ids(workspace: Workspace, run: MapRun) -> Any:
    return read_person_ids(workspace, run)


def density(all_people: Everyone) -> tuple[NDArray[np.int64], tuple[float, float, float, float]]:
    """Count the map's people by cell, shape (cells, cells), y first; and the map's bounds."""
    run = all_people.run
    assert run is not None
    return _density(workspace(), run)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=VERSION_OF)
def _density(
    workspace: Workspace, run: MapRun
) -> tuple[NDArray[np.int64], tuple[float, float, float, float]]:
    plane, _ = _plane(workspace, run)
    x0, x1, y0, y1 = (float(bound) for bound in run.bounds)
    box = ((y0, y1), (x0, x1))
    counts, _, _ = np.histogram2d(plane[:, 1], plane[:, 0], bins=DENSITY_CELLS, range=box)
    return counts.astype(np.int64), (x0, x1, y0, y1)


def orders(person: str, as_of: datetime) -> list[Order]:
    """Read a person's newest orders before `as_of`."""
    with reading() as conn:
        version = dataset_version(conn)
    return _orders(workspace(), version, person, as_of)


@st.cache_data(max_entries=100, ttl="1h", show_spinner=False, hash_funcs={Workspace: str})
def _orders(
    workspace: Workspace,
    version: int,  # noqa: ARG001 - part of the cache's key
    person: str,
    as_of: datetime,
) -> list[Order]:
    backend = open_duckdb()
    try:
        with reading() as conn:
            return orders_of(backend, workspace, conn, person, as_of)
    finally:
        backend.disconnect()


def events(person: str, as_of: datetime) -> list[Seen]:
    """Read a person's newest events of every kind before `as_of`."""
    with reading() as conn:
        version = dataset_version(conn)
    return _events(workspace(), version, person, as_of)


@st.cache_data(max_entries=50, ttl="1h", show_spinner=False, hash_funcs={Workspace: str})
def _events(
    workspace: Workspace,
    version: int,  # noqa: ARG001 - part of the cache's key
    person: str,
    as_of: datetime,
) -> list[Seen]:
    backend = open_duckdb()
    try:
        with reading() as conn:
            return events_of(backend, workspace, conn, person, as_of, MOST_EVENTS)
    finally:
        backend.disconnect()
