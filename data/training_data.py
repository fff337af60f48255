"""What a training reads: interactions by place, features of people and items, groups of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from numpy.typing import NDArray
from sqlalchemy import Connection

from data import traits
from data.interactions import read_interactions
from data.items import Items, catalogue_version, read_items
from data.lake import read_events
from data.map_reads import map_clusters, map_runs, read_person_ids, read_places
from data.membership_files import member_files, read_members
from data.segments import KIND as SEGMENT
from data.segments import segment_names
from data.trait_table import PERSON
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.recommend.dataset import DAY, Interactions
from kindred.recommend.material import Material
from kindred.traits.trait import TraitType

TOLD: Final = "about"  # the family of traits that people told; computed ones know the test's time
MOST_TRAITS: Final = 6
ITEM_FIELDS: Final = ("category", "subcategory", "brand")
MOST_SEGMENTS: Final = 12
Groups = Mapping[str, Mapping[str, tuple[str, NDArray[np.bool_]]]]


@dataclass(frozen=True)
class TrainingData:
    """All that a training stands on.

    Parameters
    ----------
    material : Material
    ordered : array of bool, shape (n,)
        Which rows were orders.
    groups : mapping of kind to key to (name, flags of shape (U,))
        Clusters and segments, by which quality is told.
    now : float
        Seconds since 1970; nothing is read from then on.
    """

    material: Material
    ordered: NDArray[np.bool_]
    groups: Groups
    now: float

    @property
    def days(self) -> NDArray[np.float64]:
        """How long ago each row was, in days."""
        return np.asarray((self.now - self.material.rows.time) / DAY)


def read_training_data(
    backend: Backend, workspace: Workspace, conn: Connection, as_of: datetime
) -> TrainingData:
    """Read everything before a time.

    Raises
    ------
    UserError
        There are no interactions.
    """
    events = read_events(backend, workspace, conn)
    table = read_interactions(backend, events, as_of)
    if not table.num_rows:
        raise UserError(
            "Nobody has looked at or bought anything yet, so there is nothing to learn from.",
            "Import events that name products: python -m pipelines import completejourney",
        )
    catalogue = read_items(workspace, catalogue_version(conn))
    people, person = _coded(table.column("user_id"))
    items, item = _coded(table.column("item_id"))
    seconds = pc.divide(pc.cast(table.column("timestamp"), pa.int64()), 1e6)
    rows = Interactions(
        people,
        items,
        person,
        item,
        np.asarray(seconds.to_numpy(), dtype=np.float64),
        np.asarray(table.column("weight").to_numpy(), dtype=np.float64),
    )
    fields, names = _described(catalogue, items)
    material = Material(rows, _told(workspace, conn, people), fields, names)
    ordered = np.asarray(table.column("ordered").to_numpy(zero_copy_only=False), dtype=np.bool_)
    groups = {"cluster": _clusters(workspace, conn, people), **_segments(workspace, conn, people)}
    return TrainingData(material, ordered, groups, as_of.timestamp())


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Give the sorted ids, by their bytes as models keep them, and each row's place in them."""
    coded = column.combine_chunks().dictionary_encode()
    values = np.array([value.as_py() for value in coded.dictionary], dtype=object)
    order = np.argsort(np.array([value.encode() for value in values], dtype=np.bytes_))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return values[order], place[coded.indices.to_numpy()]


def _described(catalogue: Items, items: NDArray[Any]) -> tuple[dict[str, Any], NDArray[Any]]:
    """Give the items' fields and names; None where the catalogue does not know them."""
    places = np.array([catalogue.place.get(item, -1) for item in items], dtype=np.int64)
    known = places >= 0
    found: dict[str, NDArray[Any]] = {}
    for name in ITEM_FIELDS:
        values: NDArray[Any] = np.full(len(items), None, dtype=object)
        values[known] = catalogue.fields[name][places[known]] if known.any() else None
        found[name] = values
    names: NDArray[Any] = np.full(len(items), None, dtype=object)
    names[known] = catalogue.names[places[known]] if known.any() else None
    return found, names


def _told(workspace: Workspace, conn: Connection, people: NDArray[Any]) -> dict[str, Any]:
    """Give the categories that people told, as far as there is a traits snapshot."""
    run = traits.latest_run(conn)
    if run is None:
        return {}
    wanted = [
        trait.name
        for trait in traits.declarations(run)
        if trait.type == TraitType.CATEGORY and trait.family == TOLD
    ]
    path = traits.snapshot_path(workspace, conn)
    table = pq.read_table(path, columns=[PERSON, *wanted])
    rows = pc.index_in(pa.array(people, pa.string()), value_set=table.column(PERSON))
    filled = sorted(wanted, key=lambda name: table.column(name).null_count)
    told = {}
    for name in filled[:MOST_TRAITS]:
        values = table.column(name).take(rows).to_numpy(zero_copy_only=False)
        if any(value is not None for value in values):
            told[name] = np.asarray(values, dtype=object)
    return told


def _clusters(
    workspace: Workspace, conn: Connection, people: NDArray[Any]
) -> dict[str, tuple[str, NDArray[np.bool_]]]:
    runs = map_runs(conn, 1)
    if not runs or not runs[0].map_file:
        return {}
    ids = read_person_ids(workspace, runs[0])
    labels = read_places(workspace, runs[0]).label
    rows = pc.index_in(pa.array(people, pa.string()), value_set=ids)
    places = pc.fill_null(rows, -1).to_numpy()
    label = np.where(places >= 0, labels[places], np.iinfo(labels.dtype).min)
    return {
        str(cluster.label): (cluster.name, np.asarray(label == cluster.label))
        for cluster in map_clusters(conn, runs[0].id)
        if cluster.id is not None
    }


def _segments(
    workspace: Workspace, conn: Connection, people: NDArray[Any]
) -> dict[str, dict[str, tuple[str, NDArray[np.bool_]]]]:
    names, wanted = segment_names(conn), pa.array(people, pa.string())
    found = {}
    for key, file in list(member_files(conn).items())[:MOST_SEGMENTS]:
        members = read_members(workspace, file).column(PERSON)
        inside = pc.is_in(wanted, value_set=members).to_numpy(zero_copy_only=False)
        found[key] = (names.get((SEGMENT, key), key), np.asarray(inside, dtype=np.bool_))
    return {"segment": found} if found else {}
