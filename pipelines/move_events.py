"""From the log to the lake: each event once, whatever stops this half-way.

Files are written first and count only with the transaction that also says how far the log was read.
Which event is the first of its messageId is the index's word, so a second try says the same. What
may go in was decided when it was taken in. A move has a fixed size and needs nothing of what
earlier ones brought, so its memory and its time are the same however much the lake holds.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.collect_columns import event_table
from data.collect_index import SeenIndex
from data.collect_log import Placed, log_folder, read_frames, segments, sync_file
from data.collect_moves import (
    REJECTED_EVENTS,
    Counts,
    Moved,
    brought_by_others,
    commit_move,
    positions,
)
from data.engine import reader
from data.lake import EVENTS, ROW_GROUP, LakeFile, describe_file
from data.workspace import Workspace, declare_workspace, facts
from kindred.events import TIMESTAMP
from kindred.intake import Event

MOST_EVENTS: Final = 100_000  # in one move
MOST_BYTES: Final = 32 << 20  # of the log, in one move
CHUNK: Final = 2_000  # events asked about, and turned into columns, at once
REJECTED_SCHEMA: Final = pa.schema(
    [
        pa.field("receivedAt", TIMESTAMP, nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("example", pa.string(), nullable=False),  # how it began
    ]
)


@dataclass
class _Taken:
    """Events of the log on their way, and what is counted of them.

    Parameters
    ----------
    read, events : int
        Bytes and events of the log, duplicates among them.
    tables : list of Table
        Those events that are the first of their messageId.
    counted : list of Counts
        Where each row of the tables is counted as added.
    """

    moved: Moved = field(default_factory=Moved)
    read: int = 0
    events: int = 0
    tables: list[pa.Table] = field(default_factory=list)
    counted: list[Counts] = field(default_factory=list)
    rejected: list[tuple[int, str, str, str]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether it is enough for one move."""
        return self.events >= MOST_EVENTS or self.read >= MOST_BYTES

    def take(self, chunk: Sequence[Placed], first: Sequence[Sequence[bool]]) -> None:
        """Keep the first ones of some frames, and count all of them."""
        events: list[Event] = []
        received_at: list[int] = []
        for placed, are_first in zip(chunk, first, strict=True):
            frame = placed.frame
            counts = self.moved.hour(frame.key, frame.received_at)
            kept = [
                event for event, is_first in zip(frame.events, are_first, strict=True) if is_first
            ]
            counts.received += len(frame.events) + len(frame.refused)
            counts.added += len(kept)
            counts.duplicates += len(frame.events) - len(kept)
            counts.rejected += len(frame.refused)
            for each in frame.refused:
                self.moved.refuse(frame.key, frame.received_at, each.reason, each.example)
                self.rejected.append((frame.received_at, frame.key, each.reason, each.example))
            events += kept
            received_at += [frame.received_at] * len(kept)
            self.counted += [counts] * len(kept)
            self.events += len(frame.events)
        self.read += chunk[-1].end - chunk[0].start
        if events:
            self.tables.append(event_table(events, received_at))


def move_once(workspace: Workspace, engine: Engine, index: SeenIndex, *, now: datetime) -> int:
    """Move what waits, up to a limit; gives the bytes of the log that were read."""
    token = uuid.uuid4().hex[:12]
    with reader(engine).connect() as conn:
        at, others = positions(conn), brought_by_others(conn)
    taken = _read(log_folder(workspace), at, index)
    if not taken.read:
        return 0
    try:
        _write(workspace, taken, others, token)
    except BaseException:  # a disk that is full would be filled further by every try
        for path in workspace.lake.glob(f"*/**/{token}.parquet"):
            path.unlink()
        raise
    _commit(engine, taken.moved, now)
    pa.default_memory_pool().release_unused()
    return taken.read


def _read(folder: Path, at: Mapping[str, int], index: SeenIndex) -> _Taken:
    taken = _Taken()
    for name in segments(folder):
        start = at.get(name, 0)
        for chunk in _chunks(read_frames(folder / name, start, MOST_BYTES - taken.read)):
            taken.take(chunk, index.claim(chunk))
            taken.moved.after[name] = chunk[-1].end
            if name in at:
                taken.moved.before[name] = start
            if taken.full:
                return taken
    return taken


def _write(
    workspace: Workspace, taken: _Taken, others: Mapping[str, Sequence[LakeFile]], token: str
) -> None:
    """Write what was taken, durably; it does not count yet."""
    moved = taken.moved
    if taken.tables:
        table = pa.concat_tables(taken.tables).combine_chunks()
        taken.tables.clear()
        table = _drop_known(workspace, table, taken.counted, others)
        moved.files = list(_write_days(workspace, table, token))
    if taken.rejected:
        moved.rejected_files = [_write_rejected(workspace, taken.rejected, token)]
    for file in (*moved.files, *moved.rejected_files):
        sync_file(workspace.lake / file.path)


def _chunks(frames: Iterator[Placed]) -> Iterator[list[Placed]]:
    """Join frames until they hold enough events to be worth asking about."""
    chunk: list[Placed] = []
    events = 0
    for placed in frames:
        chunk.append(placed)
        events += len(placed.frame.events)
        if events >= CHUNK:
            yield chunk
            chunk, events = [], 0
    if chunk:
        yield chunk


def _drop_known(
    workspace: Workspace,
    table: pa.Table,
    counted: Sequence[Counts],
    others: Mapping[str, Sequence[LakeFile]],
) -> pa.Table:
    """Leave out what an import had brought to the same day, and count it as a duplicate."""
    days = _days(table)
    known = np.zeros(len(table), dtype=bool)
    for day in pc.unique(days).to_pylist():
        files = others.get(day.isoformat(), ())
        if not files:
            continue
        here = pc.equal(days, day)
        found = _among(workspace, files, table["messageId"].filter(here))
        known |= pc.and_(here, pc.is_in(table["messageId"], found)).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(known).tolist():
        counted[row].added -= 1
        counted[row].duplicates += 1
    return table.filter(pa.array(~known)) if known.any() else table


def _among(workspace: Workspace, files: Sequence[LakeFile], asked: pa.ChunkedArray) -> pa.Array:
    """Give those of some messageIds that files hold; the files are read a stretch at a time."""
    found = [pa.array([], pa.string())]
    for file in files:
        with pq.ParquetFile(workspace.lake / file.path) as opened:
            for batch in opened.iter_batches(ROW_GROUP, columns=["messageId"], use_threads=False):
                ids = batch.column(0)
                found.append(ids.filter(pc.is_in(ids, asked.combine_chunks())))
    return pa.concat_arrays(found)


def _write_days(workspace: Workspace, table: pa.Table, token: str) -> Iterator[LakeFile]:
    """Write a file a day, sorted by person and time, as every file of the lake is."""
    keyed = table.append_column("day", _days(table)).append_column(
        "person", pc.coalesce(table["userId"], table["anonymousId"])
    )
    order = [(name, "ascending") for name in ("day", "person", "timestamp", "messageId")]
    ordered = keyed.take(pc.sort_indices(keyed, order))
    days = ordered["day"].to_numpy()
    body = ordered.drop_columns(["day", "person"])
    edges = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist(), len(days)]
    for start, end in pairwise(edges):
        if start == end:
            continue
        day = str(days[start])
        target = workspace.lake / EVENTS / f"day={day}" / f"{token}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = body.slice(start, end - start)
        pq.write_table(rows, target, compression="zstd", row_group_size=ROW_GROUP)
        yield describe_file(workspace, target, day)


def _days(table: pa.Table) -> pa.ChunkedArray:
    return table["timestamp"].cast(pa.date32())


def _write_rejected(
    workspace: Workspace, rejected: Sequence[tuple[int, str, str, str]], token: str
) -> LakeFile:
    target = workspace.lake / REJECTED_EVENTS / f"{token}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = [
        pa.array(values, field.type)
        for field, values in zip(REJECTED_SCHEMA, zip(*rejected, strict=True), strict=True)
    ]
    pq.write_table(pa.table(columns, schema=REJECTED_SCHEMA), target, compression="zstd")
    return describe_file(workspace, target)


def _commit(engine: Engine, moved: Moved, now: datetime) -> None:
    with engine.begin() as conn:
        if facts(conn) is None:
            declare_workspace(
                conn,
                kind="real",
                source="Collected events",
                currency=None,
                clock_fixed_at=None,
                at=now,
            )
        commit_move(conn, moved, at=now)
