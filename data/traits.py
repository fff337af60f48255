"""The traits snapshot and its declarations: kept, and read back for screens and clustering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Row, insert, select

from data.attributes import MOST_ATTRIBUTES
from data.lake import TRAITS, LakeFile, commit_files, live_files
from data.schema import trait_runs
from data.trait_table import PERSON, TOP_CATEGORIES
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.traits.registry import DECLARED, REVISION
from kindred.traits.trait import Trait


def fingerprint(version: int, as_of: datetime) -> str:
    """Identify a snapshot's inputs: events, clock and declarations."""
    declared = [trait.as_json() for trait in DECLARED]
    limits = [TOP_CATEGORIES, MOST_ATTRIBUTES]
    given = json.dumps([version, as_of.isoformat(), REVISION, limits, declared], sort_keys=True)
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()


def save_run(
    conn: Connection,
    file: LakeFile,
    traits: Sequence[Trait],
    *,
    run_id: int | None,
    at: datetime,
    as_of: datetime,
    dataset_version: int,
    fingerprint: str,
) -> int:
    """Make a snapshot live and record what its columns mean; gives the trait run's id."""
    version = commit_files(conn, TRAITS, [file], why="traits", at=at, replace=True)
    added = conn.execute(
        insert(trait_runs).values(
            run_id=run_id,
            at=at,
            as_of=as_of,
            dataset_version=dataset_version,
            lake_version=version,
            people=file.rows,
            traits=[trait.as_json() for trait in traits],
            fingerprint=fingerprint,
        )
    ).inserted_primary_key
    assert added is not None
    return int(added[0])


def latest_run(conn: Connection) -> Row[Any] | None:
    """Read the newest trait run."""
    query = select(trait_runs).order_by(trait_runs.c.id.desc()).limit(1)
    return conn.execute(query).one_or_none()


def declarations(run: Row[Any]) -> list[Trait]:
    """Read what the columns of a trait run mean, in their order."""
    return [Trait.from_json(given) for given in run.traits]


def snapshot_path(workspace: Workspace, conn: Connection) -> Path:
    """Find the live snapshot's file."""
    live = live_files(conn, TRAITS)
    if not live:
        raise UserError("No traits have been computed yet.", "Run: python -m pipelines traits")
    return workspace.lake / live[0].path


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Read some columns of a snapshot, N rows in the order of persons."""
    return pq.read_table(path, columns=list(names), memory_map=True)


def numbers(path: Path, names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read numeric traits as a matrix, shape (N, len(names)); unknown values are NaN."""
    table = read_columns(path, names)
    columns = [
        np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))
        for name in names
    ]
    return np.column_stack(columns) if columns else np.empty((table.num_rows, 0))


def people_ids(path: Path) -> pa.ChunkedArray:
    """Read everybody's id, sorted: the place in it is the person's position."""
    return read_columns(path, [PERSON]).column(PERSON)


def position_of(path: Path, person: str) -> int | None:
    """Find a person's position by the row groups' statistics and one group's rows."""
    file = pq.ParquetFile(path, memory_map=True)
    start = 0
    for group in range(file.metadata.num_row_groups):
        meta = file.metadata.row_group(group)
        statistics = meta.column(0).statistics
        if statistics is None or statistics.min <= person <= statistics.max:
            ids = file.read_row_group(group, columns=[PERSON]).column(PERSON)
            found = pa.compute.index(ids, pa.scalar(person)).as_py()
            if found >= 0:
                return start + int(found)
        start += meta.num_rows
    return None
