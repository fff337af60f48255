"""Save a cluster run: its map to the lake, its clusters, matched to the last run, to the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, insert, select, update

from data.lake import MAP, commit_files, describe_file, live_files
from data.schema import cluster_members, cluster_runs, clusters
from data.workspace import Workspace
from kindred.clusters.matching import Match, free_colour, match_clusters


@dataclass(frozen=True)
class FoundCluster:
    """A cluster as the run describes it."""

    label: int
    size: int
    share: float
    revenue: float
    name: str
    sentence: str
    box: tuple[float, float, float, float]
    effects: list[dict[str, Any]]


@dataclass(frozen=True)
class FoundRun:
    """A run's facts, ready to be saved."""

    run_id: int | None
    at: datetime
    as_of: datetime
    trait_run_id: int
    method: str
    settings: Mapping[str, Any]
    features: Sequence[Any]
    people: int
    sampled: int
    bounds: tuple[float, float, float, float]
    fingerprint: str


def latest_run(conn: Connection) -> Row[Any] | None:
    """Read the newest cluster run."""
    query = select(cluster_runs).order_by(cluster_runs.c.id.desc()).limit(1)
    return conn.execute(query).one_or_none()


def write_map(
    path: Path, ids: pa.ChunkedArray, plane: NDArray[np.float32], labels: NDArray[np.int32]
) -> None:
    """Write a map snapshot, row by row as the traits it was made from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "person_id": ids,
            "x": plane[:, 0],
            "y": plane[:, 1],
            "label": labels.astype(np.int16),
        }
    )
    pq.write_table(table, path, compression="zstd")


def matches_with_last(
    workspace: Workspace,
    conn: Connection,
    last: Row[Any] | None,
    ids: pa.ChunkedArray,
    labels: NDArray[np.int32],
) -> dict[int, tuple[int, float]]:
    """Match new labels with the clusters of the last run: label → (cluster's id, overlap)."""
    if last is None:
        return {}
    files = live_files(conn, MAP, str(last.id))
    if not files:
        return {}
    before = pq.read_table(workspace.lake / files[0].path, columns=["person_id", "label"])
    place = pc.index_in(ids, value_set=before.column("person_id"))
    known = np.asarray(place.is_valid())
    rows = np.asarray(place.fill_null(0))
    then = np.where(known, before.column("label").to_numpy()[rows], -1)
    members = conn.execute(
        select(cluster_members.c.label, cluster_members.c.cluster_id).where(
            cluster_members.c.cluster_run_id == last.id, cluster_members.c.label >= 0
        )
    )
    identity: dict[int, int] = {row.label: row.cluster_id for row in members}
    found: list[Match] = match_clusters(then, labels)
    return {
        m.label: (identity[m.before], m.overlap)
        for m in found
        if identity.get(m.before) is not None
    }


def save_run(
    workspace: Workspace,
    conn: Connection,
    run: FoundRun,
    map_path: Path,
    found: Sequence[FoundCluster],
    matched: Mapping[int, tuple[int, float]],
) -> int:
    """Keep a run with its map and clusters; gives its id.

    A matched cluster keeps its identity, name and colour; a new one gets the first free colour.
    """
    cluster_run_id = _keep_run(conn, run)
    version = commit_files(
        conn,
        MAP,
        [describe_file(workspace, map_path)],
        why="clusters",
        at=run.at,
        snapshot=str(cluster_run_id),
    )
    conn.execute(
        update(cluster_runs).where(cluster_runs.c.id == cluster_run_id).values(lake_version=version)
    )
    identities = _identities(conn, cluster_run_id, found, matched)
    overlaps = {label: overlap for label, (_, overlap) in matched.items()}
    conn.execute(
        insert(cluster_members),
        [
            {
                "cluster_run_id": cluster_run_id,
                "cluster_id": identities.get(each.label),
                "overlap": overlaps.get(each.label),
                **_described(each),
            }
            for each in found
        ],
    )
    return cluster_run_id


def _keep_run(conn: Connection, run: FoundRun) -> int:
    """Keep a run's facts; its files are not there yet."""
    added = conn.execute(
        insert(cluster_runs).values(
            run_id=run.run_id,
            at=run.at,
            as_of=run.as_of,
            trait_run_id=run.trait_run_id,
            lake_version=0,
            method=run.method,
            settings=dict(run.settings),
            features=list(run.features),
            people=run.people,
            sampled=run.sampled,
            bounds=list(run.bounds),
            fingerprint=run.fingerprint,
        )
    ).inserted_primary_key
    assert added is not None
    return int(added[0])


def _described(cluster: FoundCluster) -> dict[str, Any]:
    return {
        "label": cluster.label,
        "size": cluster.size,
        "share": cluster.share,
        "revenue": cluster.revenue,
        "name": cluster.name[:120],
        "sentence": cluster.sentence,
        "box": list(cluster.box),
        "effects": cluster.effects,
    }


def save_quality(conn: Connection, cluster_run_id: int, quality: Mapping[str, Any]) -> None:
    """Add how good the run is, measured after it was there."""
    conn.execute(
        update(cluster_runs)
        .where(cluster_runs.c.id == cluster_run_id)
        .values(quality=dict(quality))
    )


def _identities(
    conn: Connection,
    cluster_run_id: int,
    found: Sequence[FoundCluster],
    matched: Mapping[int, tuple[int, float]],
) -> dict[int, int]:
    kept = [cluster_id for cluster_id, _ in matched.values()]
    taken = set(conn.scalars(select(clusters.c.colour).where(clusters.c.id.in_(kept))))
    identities: dict[int, int] = {}
    for cluster in found:
        if cluster.label < 0:
            continue
        if cluster.label in matched:
            identities[cluster.label] = matched[cluster.label][0]
            continue
        colour = free_colour(taken)
        taken.add(colour)
        added = conn.execute(
            insert(clusters).values(colour=colour, first_run_id=cluster_run_id)
        ).inserted_primary_key
        assert added is not None
        identities[cluster.label] = int(added[0])
    return identities
