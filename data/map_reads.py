"""The map as screens read it: runs, their clusters, notes, and the snapshots' columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from data import schema
from data.manifest import MAP, TRAITS
from data.schema import (
    cluster_members,
    cluster_runs,
    clusters,
    lake_files,
    trait_runs,
)
from data.workspace import Workspace


@dataclass(frozen=True)
class MapRun:
    """One cluster run with the snapshots it drew its map from.

    Parameters
    ----------
    declarations : list of mapping
        The traits, in the order of the snapshot's columns.
    map_file, traits_file : str
        Below the lake's folder; a name is never used twice, so it serves as a version.
    """

    id: int
    at: datetime
    as_of: datetime
    method: str
    people: int
    sampled: int
    quality: Mapping[str, Any] | None
    bounds: Sequence[float]
    features: Sequence[Any]
    declarations: Sequence[Mapping[str, Any]]
    map_file: str
    traits_file: str


@dataclass(frozen=True)
class MapCluster:
    """One cluster as a run found it, under the name it is known by.

    `id`, `colour` and `overlap` are none for noise, whose label is −1.
    """

    id: int | None
    label: int
    colour: int | None
    name: str
    found_name: str
    sentence: str
    named_by: str | None
    size: int
    share: float
    revenue: float
    overlap: float | None
    box: Sequence[float]


@dataclass(frozen=True)
class Annotation:
    """A note somebody put on a run's map."""

    id: int
    x: float
    y: float
    text: str
    author: str
    at: datetime


def map_runs(conn: Connection, limit: int = 20) -> list[MapRun]:
    """Read the newest cluster runs, the newest first."""
    map_file = (
        select(func.max(lake_files.c.path))
        .where(lake_files.c.dataset == MAP, lake_files.c.added_in == cluster_runs.c.lake_version)
        .scalar_subquery()
    )
    traits_file = (
        select(func.max(lake_files.c.path))
        .where(lake_files.c.dataset == TRAITS, lake_files.c.added_in == trait_runs.c.lake_version)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(
            *(cluster_runs.c[name] for name in _RUN_COLUMNS),
            trait_runs.c.traits.label("declarations"),
            func.coalesce(map_file, "").label("map_file"),
            func.coalesce(traits_file, "").label("traits_file"),
        )
        .join(trait_runs, trait_runs.c.id == cluster_runs.c.trait_run_id)
        .order_by(cluster_runs.c.id.desc())
        .limit(limit)
    )
    return [MapRun(**row) for row in rows.mappings()]


_RUN_COLUMNS = (
    "id",
    "at",
    "as_of",
    "method",
    "people",
    "sampled",
    "quality",
    "bounds",
    "features",
)


def map_clusters(conn: Connection, run_id: int) -> list[MapCluster]:
    """Read a run's clusters, the largest first, noise last."""
    rows = conn.execute(
        select(
            cluster_members.c.cluster_id.label("id"),
            cluster_members.c.label,
            clusters.c.colour,
            func.coalesce(clusters.c.name, cluster_members.c.name).label("name"),
            cluster_members.c.name.label("found_name"),
            func.coalesce(clusters.c.sentence, cluster_members.c.sentence).label("sentence"),
            clusters.c.named_by,
            cluster_members.c.size,
            cluster_members.c.share,
            cluster_members.c.revenue,
            cluster_members.c.overlap,
            cluster_members.c.box,
        )
        .outerjoin(clusters, clusters.c.id == cluster_members.c.cluster_id)
        .where(cluster_members.c.cluster_run_id == run_id)
        .order_by((cluster_members.c.label < 0), cluster_members.c.size.desc())
    )
    return [MapCluster(**row) for row in rows.mappings()]


def map_annotations(conn: Connection, run_id: int, limit: int = 100) -> list[Annotation]:
    """Read the notes on a run's map, the oldest first."""
    rows = conn.execute(
        select(*(schema.annotations.c[name] for name in ("id", "x", "y", "text", "author", "at")))
        .where(
            schema.annotations.c.cluster_run_id == run_id, schema.annotations.c.removed_at.is_(None)
        )
        .order_by(schema.annotations.c.id)
        .limit(limit)
    )
    return [Annotation(**row) for row in rows.mappings()]


@dataclass(frozen=True)
class Places:
    """Where people stand, by row of the snapshot: arrays of shape (n,)."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    label: NDArray[np.int16]


def read_places(workspace: Workspace, run: MapRun) -> Places:
    """Read a run's coordinates and labels."""
    table = pq.read_table(workspace.lake / run.map_file, columns=["x", "y", "label"])
    return Places(*(table.column(name).to_numpy() for name in ("x", "y", "label")))


def read_person_ids(workspace: Workspace, run: MapRun) -> pa.ChunkedArray:
    """Read who stands on each row of a run's map."""
    return pq.read_table(workspace.lake / run.map_file, columns=["person_id"]).column(0)


def read_trait(workspace: Workspace, run: MapRun, name: str) -> pa.ChunkedArray:
    """Read one trait of everyone, row by row as on the map."""
    return pq.read_table(workspace.lake / run.traits_file, columns=[name]).column(0)


def has_traits(workspace: Workspace, run: MapRun) -> bool:
    """Say whether the traits that a run was fitted on are still kept."""
    return bool(run.traits_file) and (workspace.lake / run.traits_file).is_file()


def people_as_table(
    workspace: Workspace, run: MapRun, rows: NDArray[np.intp], names: Sequence[str]
) -> pa.Table:
    """Read some people, in the order of `rows`, with these traits beside their ``person_id``."""
    columns = {"person_id": read_person_ids(workspace, run).take(pa.array(rows))}
    for name in names:
        columns[name] = read_trait(workspace, run, name).take(pa.array(rows))
    return pa.table(columns)


def moves(workspace: Workspace, before: MapRun, after: MapRun) -> list[tuple[int, int, int]]:
    """Count the people by their label in two runs: (before, after, people).

    Only people whom both runs know are counted.
    """
    paths: list[Path] = [workspace.lake / run.map_file for run in (before, after)]
    with duckdb.connect() as connection:
        found = connection.execute(
            """
            SELECT b.label, a.label, count(*)
            FROM read_parquet(?) AS b JOIN read_parquet(?) AS a USING (person_id)
            GROUP BY ALL ORDER BY ALL
            """,
            [str(path) for path in paths],
        ).fetchall()
    return [(int(then), int(now), int(people)) for then, now, people in found]
