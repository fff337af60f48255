"""Snapshots brought into live state: traits, clusters, memberships, and the lake's recent events.

Each is written to the place that does not count, in the order of keys, a few thousand people a
transaction so that events go on being delivered in between; the caller then lets that place count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.lake import LakeFile
from data.live_events import Kept
from data.live_profiles import person_key
from data.live_store import LiveStore
from data.workspace import Workspace
from kindred.segments.durations import moment

ROWS: Final = 20_000
CHUNK: Final = 2_000  # people a transaction
MEMORY: Final = "1GB"
Items = Iterator[tuple[bytes, bytes]]


def refill(store: LiveStore, shelf: str, items: Items) -> int:
    """Empty a shelf and fill it anew; gives the number of people."""
    store.clear(shelf)
    people = 0
    while chunk := list(islice(items, CHUNK)):
        store.fill(shelf, chunk)
        people += len(chunk)
    return people


def trait_rows(path: Path) -> tuple[tuple[str, ...], Items]:
    """Read the traits' snapshot: its columns, and each person's values in their order."""
    columns = tuple(pq.read_schema(path).names[1:])
    return columns, _trait_rows(path)


def _trait_rows(path: Path) -> Items:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS):
            ids, *columns = (_values(column) for column in batch.columns)
            for person, *row in zip(ids, *columns, strict=True):
                yield person_key(person), _encode(row)


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    found: list[Any] = column.to_pylist()
    return found


def cluster_rows(path: Path, clusters: Mapping[int, int]) -> Items:
    """Read who is in which cluster; noise is in none.

    Parameters
    ----------
    clusters : mapping of label to cluster
    """
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS, columns=["person_id", "label"]):
            for person, label in zip(
                *(column.to_pylist() for column in batch.columns), strict=True
            ):
                if label in clusters:
                    yield person_key(person), _encode(clusters[label])


def member_rows(workspace: Workspace, files: Mapping[str, LakeFile]) -> Items:
    """Read who is in which segments, since when and by which version."""
    if not files:
        return
    keys = {str(workspace.lake / file.path): key for key, file in files.items()}
    query = """
        SELECT person_id, list([filename, version::VARCHAR, epoch_us(since)::VARCHAR])
        FROM read_parquet($1, filename = true) GROUP BY person_id ORDER BY person_id
    """
    with _duckdb(workspace) as engine:
        found = engine.execute(query, [list(keys)])
        while rows := found.fetchmany(ROWS):
            for person, belongings in rows:
                told = [
                    [keys[name], int(version), moment(int(since))]
                    for name, version, since in belongings
                ]
                yield person_key(person), _encode(told)


def event_rows(workspace: Workspace, files: Sequence[LakeFile], since: datetime) -> Items:
    """Read each person's events of the lake from a time on, as live state keeps them."""
    paths = [
        str(workspace.lake / file.path)
        for file in files
        if file.day is None or file.day >= since.date().isoformat()
    ]
    if not paths:
        return
    # A merge patch drops members that are null, so only what was sent is read on.
    query = """
        SELECT coalesce("userId", "anonymousId") AS person, event, epoch_us(timestamp),
            json_merge_patch(coalesce(properties.other, '{}'),
                to_json(struct_update(properties, other := NULL)))::VARCHAR,
            CASE WHEN type = 'identify' THEN traits END
        FROM read_parquet($1)
        WHERE timestamp >= $2 AND (event IS NOT NULL OR type = 'identify')
        ORDER BY person, timestamp
    """
    with _duckdb(workspace) as engine:
        found = engine.execute(query, [paths, since])
        yield from _by_person(found)


def _by_person(found: duckdb.DuckDBPyConnection) -> Items:
    person, kept = None, Kept()
    while rows := found.fetchmany(ROWS):
        for owner, event, at, properties, told in rows:
            if owner != person:
                if person is not None:
                    yield person_key(person), kept.packed(0)
                person, kept = owner, Kept()
            kept.add_stored(event, at, properties, told)
    if person is not None:
        yield person_key(person), kept.packed(0)


def _duckdb(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect()
    spill = workspace.lake / "staging" / "spill"
    for name, value in (
        ("memory_limit", MEMORY),
        ("threads", "1"),  # what is served while this goes on needs the other
        ("TimeZone", "UTC"),
        ("temp_directory", str(spill)),
    ):
        engine.execute(f"SET {name} = '{str(value).replace(chr(39), chr(39) * 2)}'")
    return engine


_encode: Final = msgspec.msgpack.Encoder().encode
