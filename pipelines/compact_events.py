"""Small files of a day joined to larger ones, so that a day of moves is not a day of files.

Files of about the same size are joined ten at a time, so each event is written again a few times in
all, however many moves a day has. What is replaced is deleted an hour later: who began to read it
may go on.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.collect_log import sync_file
from data.collect_moves import JOINED
from data.collect_moves import WHY as MOVED
from data.engine import reader
from data.lake import (
    EVENTS,
    ROW_GROUP,
    LakeFile,
    describe_file,
    live_files,
    open_duckdb,
    person_id,
    read_dataset,
    stream,
)
from data.manifest import COMPACTED, live_files_of, replace_files, replaced_files
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA

TOGETHER: Final = 10
LARGE_ROWS: Final = 50_000  # such a file is not joined to others
MOST_ROWS: Final = 500_000  # joined at once
READERS: Final = timedelta(hours=1)
FORGOTTEN: Final = timedelta(days=1)
MEMORY: Final = "256MB"


def compact_once(workspace: Workspace, engine: Engine, *, now: datetime) -> LakeFile | None:
    """Join the files of one day, where there are enough alike; gives the file that was made."""
    with reader(engine).connect() as conn:
        own, every = live_files_of(conn, EVENTS, (MOVED, JOINED)), live_files(conn, EVENTS)
        old = replaced_files(conn, (COMPACTED, JOINED), now - FORGOTTEN, now - READERS)
    # What imports brought stays apart: a move looks there for messages, and nowhere else.
    chosen = alike(own)
    why = JOINED if chosen else COMPACTED
    if not chosen:
        known = {file.path for file in own}
        chosen = alike([file for file in every if file.path not in known])
    for path in old:
        (workspace.lake / path).unlink(missing_ok=True)
    if not chosen:
        return None
    made = _join(workspace, chosen)
    with engine.connect() as conn, conn.begin() as transaction:
        if replace_files(conn, EVENTS, chosen, [made], why=why, at=now):
            return made
        transaction.rollback()
    (workspace.lake / made.path).unlink()
    return None


def alike(files: Sequence[LakeFile]) -> list[LakeFile]:
    """Choose a day's files whose rows have as many digits, where there are enough of them."""
    groups: dict[tuple[str, int], list[LakeFile]] = defaultdict(list)
    for file in files:
        if file.day is not None and file.rows < LARGE_ROWS:
            groups[file.day, len(str(file.rows))].append(file)
    enough = next((found[:100] for found in groups.values() if len(found) >= TOGETHER), [])
    rows = accumulate(file.rows for file in enough)
    return [file for file, sum_ in zip(enough, rows, strict=True) if sum_ <= MOST_ROWS]


def _join(workspace: Workspace, files: Sequence[LakeFile]) -> LakeFile:
    """Write the rows of some files as one, sorted as every file of a day is."""
    day = files[0].day
    target = workspace.lake / EVENTS / f"day={day}" / f"{uuid.uuid4().hex[:12]}.part"
    backend = open_duckdb(memory_limit=MEMORY, threads=1)
    try:
        events = read_dataset(backend, workspace, files).select(*EVENT_SCHEMA.names)
        ordered = events.order_by([person_id(events), "timestamp", "messageId"])
        with pq.ParquetWriter(target, EVENT_SCHEMA, compression="zstd") as writer:
            for batch in stream(backend, ordered, ROW_GROUP):
                writer.write_batch(batch.cast(EVENT_SCHEMA))
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        backend.disconnect()
    finished = target.rename(target.with_suffix(".parquet"))
    sync_file(finished)
    return describe_file(workspace, finished, day)
