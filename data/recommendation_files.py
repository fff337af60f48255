"""Computed lists in the lake: who or what → items with scores; one file a part, found by key.

A part is rewritten only where a list in it differs from before, so that a run over the same data
writes nothing. Files are sorted by key in small row groups: a look-up reads one of them.
"""

from __future__ import annotations

import hashlib
import json
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.lake import LakeFile, describe_file, live_files
from data.workspace import Workspace

RECOMMENDATIONS: Final = "recommendations"  # its snapshots are the parts
PEOPLE_PARTS: Final = 32
SEGMENTS: Final = "segments"
UNKNOWN: Final = "unknown"
SIMILAR: Final = "similar"
ROW_GROUP: Final = 1_024
_DIGEST: Final = b"kindred.digest"
_MODEL: Final = b"kindred.model"
_STAYED: Final = b"kindred.stayed"  # of how many lists that were there before, which share of items
FIRST: Final = 10  # places of a list by which it is told how much of it stayed

SCHEMA: Final = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("items", pa.list_(pa.string()), nullable=False),
        pa.field("scores", pa.list_(pa.float32()), nullable=False),
    ]
)


@dataclass(frozen=True)
class Lists:
    """Lists of items by key, in one part.

    Parameters
    ----------
    keys : sequence of str, n of them
        People, segments or items.
    places : array of shape (n, k)
        Of items in `ids`, best first; −1 beyond a list's end.
    scores : array of shape (n, k)
    ids : pyarrow.Array
        The ids of all items.
    """

    keys: Sequence[str]
    places: NDArray[np.integer[Any]]
    scores: NDArray[np.floating[Any]]
    ids: pa.Array

    def table(self) -> pa.Table:
        """Give the lists as they are kept, sorted by key."""
        keys = pa.array(self.keys, pa.string())
        order = pc.sort_indices(keys)
        rows = order.to_numpy()
        places, scores = self.places[rows], self.scores[rows].astype(np.float32)
        there = places >= 0
        ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)
        items = self.ids.take(pa.array(places[there]))
        if isinstance(items, pa.ChunkedArray):
            items = items.combine_chunks()
        return pa.table(
            [
                keys.take(order),
                pa.ListArray.from_arrays(ends, items),
                pa.ListArray.from_arrays(ends, pa.array(scores[there], pa.float32())),
            ],
            schema=SCHEMA,
        )


@dataclass(frozen=True)
class Written:
    """What writing a part came to.

    Parameters
    ----------
    file : LakeFile or None
        None where nothing differed, so that the file before stays.
    changed : int
        Lists that differ from before, are new or are gone.
    """

    part: str
    file: LakeFile | None
    changed: int


def part_of(person: str) -> int:
    """Give the number of the part that holds a person.

    Examples
    --------
    >>> part_of("ann"), part_of("eve")
    (19, 30)
    """
    return zlib.crc32(person.encode()) % PEOPLE_PARTS


def people_part(number: int) -> str:
    """Name a part of people."""
    return f"people-{number:02d}"


def write_part(
    workspace: Workspace, before: LakeFile | None, part: str, lists: Lists, model: str
) -> Written:
    """Write a part's file, unless it would say what the file before says."""
    table = lists.table()
    digest = _digest(table)
    if before is not None and _said(workspace.lake / before.path) == digest:
        return Written(part, None, 0)
    old = _read(workspace, before)
    changed, stayed = _changed(old, table), _stayed(old, table)
    target = workspace.lake / RECOMMENDATIONS / part / f"{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    told = table.replace_schema_metadata(
        {_DIGEST: digest, _MODEL: model.encode(), _STAYED: json.dumps(stayed).encode()}
    )
    pq.write_table(told, target, compression="zstd", row_group_size=ROW_GROUP)
    return Written(part, describe_file(workspace, target), changed)


def _digest(table: pa.Table) -> bytes:
    """Hash keys and items; scores may differ in their last digits where threads add them."""
    sink = pa.BufferOutputStream()
    told = table.select(["key", "items"]).combine_chunks()
    with pa.ipc.new_stream(sink, told.schema) as stream:
        stream.write_table(told)
    return hashlib.blake2b(sink.getvalue(), digest_size=16).hexdigest().encode()


@lru_cache(maxsize=512)
def _said(path: Path) -> bytes:
    metadata = pq.read_schema(path).metadata or {}
    return bytes(metadata.get(_DIGEST, b""))


def _read(workspace: Workspace, before: LakeFile | None) -> dict[str, list[str]]:
    """Read the lists of a part by key; none where there is no part yet."""
    if before is None:
        return {}
    old = pq.read_table(workspace.lake / before.path, columns=["key", "items"])
    return dict(zip(old["key"].to_pylist(), old["items"].to_pylist(), strict=True))


def _changed(old: Mapping[str, list[str]], after: pa.Table) -> int:
    """Count lists that differ from before, are new or are gone."""
    keys = after["key"].to_pylist()
    same = sum(
        old.get(key) == items for key, items in zip(keys, after["items"].to_pylist(), strict=True)
    )
    return int(after.num_rows - same + len(set(old) - set(keys)))


def _stayed(old: Mapping[str, list[str]], after: pa.Table) -> tuple[int, float]:
    """Count the lists that were there before, and add up which share of their items stayed."""
    shares = [
        len(set(items[:FIRST]) & set(old[key][:FIRST])) / len(items[:FIRST])
        for key, items in zip(after["key"].to_pylist(), after["items"].to_pylist(), strict=True)
        if items and old.get(key)
    ]
    return len(shares), float(sum(shares))


@dataclass(frozen=True)
class Stayed:
    """How much of people's first ten items stayed as lists were last rewritten.

    Parameters
    ----------
    people : int
        Who had a list before, too.
    share : float
        Of their items, on average.
    """

    people: int
    share: float


def stayed(workspace: Workspace, conn: Connection) -> Stayed | None:
    """Say how much of people's lists stayed when each part was last written anew.

    None before any list replaced another.
    """
    people, total = 0, 0.0
    for number in range(PEOPLE_PARTS):
        file = part_file(conn, people_part(number))
        if file is not None:
            metadata = pq.read_schema(workspace.lake / file.path).metadata or {}
            some, shares = json.loads(metadata.get(_STAYED, b"[0, 0]"))
            people, total = people + int(some), total + float(shares)
    return Stayed(people, total / people) if people else None


def part_file(conn: Connection, part: str) -> LakeFile | None:
    """Find the live file of a part."""
    files = live_files(conn, RECOMMENDATIONS, part)
    return files[0] if files else None


def look_up(workspace: Workspace, file: LakeFile, key: str) -> tuple[list[str], list[float]] | None:
    """Read the items and scores of one key, best first; none where the part does not hold it."""
    with pq.ParquetFile(workspace.lake / file.path, memory_map=True) as opened:
        for group in _groups_with(opened, key):
            rows = opened.read_row_group(group)
            found = pc.index(rows.column("key"), pa.scalar(key)).as_py()
            if found >= 0:
                return rows["items"][found].as_py(), rows["scores"][found].as_py()
    return None


def _groups_with(opened: pq.ParquetFile, key: str) -> Iterator[int]:
    for group in range(opened.metadata.num_row_groups):
        statistics = opened.metadata.row_group(group).column(0).statistics
        if statistics is None or statistics.min <= key <= statistics.max:
            yield group
