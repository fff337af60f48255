"""From the log to the lake: each event once, whatever stops this half-way.

Files are written first and count only with the transaction that also says how far the log was read.
Which event is the first of its messageId is the index's word, so a second try says the same.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.collect_index import SeenIndex
from data.collect_log import Placed, log_folder, read_frames, segments, sync_file
from data.collect_moves import REJECTED_EVENTS, Moved, commit_move, positions
from data.engine import reader
from data.ingest import Ingested, live_by_day, write_events
from data.lake import LakeFile, describe_file, open_duckdb
from data.workspace import Workspace, declare_workspace, facts
from kindred.events import CONTEXT, EVENT_SCHEMA, PROPERTIES, TIMESTAMP
from kindred.intake import Event

MOST_BYTES: Final = 24 << 20  # of the log, in one move
CHUNK: Final = 500  # events turned into columns at once: no longer than others may wait
CLAIMED: Final = 4_000  # events asked about in one transaction of the index
MEMORY: Final = "512MB"
REJECTED_SCHEMA: Final = pa.schema(
    [
        pa.field("receivedAt", TIMESTAMP, nullable=False),
        pa.field("key", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("example", pa.string(), nullable=False),  # how it began
    ]
)


@dataclass
class _Staged:
    """Events of the log on their way, and what is counted of them."""

    path: Path
    moved: Moved = field(default_factory=Moved)
    rejected: list[tuple[int, str, str, str]] = field(default_factory=list)
    read: int = 0
    rows: int = 0
    _writer: pq.ParquetWriter | None = None
    _waiting: list[tuple[int, Event]] = field(default_factory=list)

    def take(self, placed: Placed, first: Sequence[bool]) -> None:
        """Keep the first ones of a frame, and count all of it."""
        frame = placed.frame
        counts = self.moved.hour(frame.key, frame.received_at)
        kept = [event for event, is_first in zip(frame.events, first, strict=True) if is_first]
        counts.received += len(frame.events) + len(frame.refused)
        counts.added += len(kept)
        counts.duplicates += len(frame.events) - len(kept)
        counts.rejected += len(frame.refused)
        for each in frame.refused:
            self.moved.refuse(frame.key, frame.received_at, each.reason, each.example)
            self.rejected.append((frame.received_at, frame.key, each.reason, each.example))
        self._waiting += [(frame.received_at, event) for event in kept]
        if len(self._waiting) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            if self._writer is None:
                self._writer = pq.ParquetWriter(self.path, EVENT_SCHEMA, compression="snappy")
            self._writer.write_table(_table(self._waiting))
            self.rows += len(self._waiting)
            self._waiting = []

    def close(self) -> None:
        """Finish the file."""
        self.flush()
        if self._writer is not None:
            self._writer.close()


def move_once(workspace: Workspace, engine: Engine, index: SeenIndex, *, now: datetime) -> int:
    """Move what waits, up to a limit; gives the bytes of the log that were read."""
    token = uuid.uuid4().hex[:12]
    holding = workspace.lake / "staging" / f"collect-{token}"
    with reader(engine).connect() as conn:
        at = positions(conn)
    staged = _Staged(holding / "events.parquet")
    holding.mkdir(parents=True)
    try:
        _read(staged, log_folder(workspace), at, index)
        if not staged.read:
            return 0
        if staged.rows:
            done = _write(workspace, engine, staged.path, now)
            staged.moved.files = done.files
            _recount(staged.moved, done)
        if staged.rejected:
            staged.moved.rejected_files = [_write_rejected(workspace, staged.rejected, token)]
        for file in (*staged.moved.files, *staged.moved.rejected_files):
            sync_file(workspace.lake / file.path)
        _commit(engine, staged.moved, now)
        return staged.read
    finally:
        shutil.rmtree(holding, ignore_errors=True)


def _read(staged: _Staged, folder: Path, at: Mapping[str, int], index: SeenIndex) -> None:
    for name in segments(folder):
        start = at.get(name, 0)
        for chunk in _chunks(read_frames(folder / name, start, MOST_BYTES - staged.read)):
            for placed, first in zip(chunk, index.claim(chunk), strict=True):
                staged.take(placed, first)
            staged.read += chunk[-1].end - chunk[0].start
            staged.moved.after[name] = chunk[-1].end
            if name in at:
                staged.moved.before[name] = start
        if staged.read >= MOST_BYTES:
            break
    staged.close()


def _chunks(frames: Iterator[Placed]) -> Iterator[list[Placed]]:
    """Join frames until they hold enough events to be worth a transaction."""
    chunk: list[Placed] = []
    events = 0
    for placed in frames:
        chunk.append(placed)
        events += len(placed.frame.events)
        if events >= CLAIMED:
            yield chunk
            chunk, events = [], 0
    if chunk:
        yield chunk


def _write(workspace: Workspace, engine: Engine, path: Path, now: datetime) -> Ingested:
    """Write the lake's files by day, as every import does."""
    with reader(engine).connect() as conn:
        live = live_by_day(conn)
    backend = open_duckdb(memory_limit=MEMORY, threads=1)
    try:
        return write_events(workspace, backend, [path], live, now=now, progress=lambda *_: None)
    finally:
        backend.disconnect()


def _recount(moved: Moved, done: Ingested) -> None:
    """Take away from what was added what an import had brought to the lake before."""
    known, odd = done.duplicates, done.rejected
    for counts in sorted(moved.hours.values(), key=lambda counts: -counts.added):
        twice = min(known, counts.added)
        bad = min(odd, counts.added - twice)
        counts.added -= twice + bad
        counts.duplicates += twice
        counts.rejected += bad
        known, odd = known - twice, odd - bad


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


def _table(taken: Sequence[tuple[int, Event]]) -> pa.Table:
    events = [event for _, event in taken]
    columns: dict[str, Any] = {
        "messageId": [event.message_id for event in events],
        "type": [event.type for event in events],
        "userId": [event.user_id for event in events],
        "anonymousId": [event.anonymous_id for event in events],
        "timestamp": pa.array([event.timestamp for event in events], TIMESTAMP),
        "receivedAt": pa.array([received_at for received_at, _ in taken], TIMESTAMP),
        "event": [event.event for event in events],
        "properties": pa.array([event.properties for event in events], PROPERTIES),
        "traits": [event.traits for event in events],
        "context": pa.array([event.context for event in events], CONTEXT),
    }
    return pa.table([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)
