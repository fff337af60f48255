"""Each person's events by UTC day and name, so that wide windows need not read raw events.

A day's file is named after the event files it was made from. Where those have changed since, as
when late events came in, the file no longer counts and the day is read raw until it is made again.
People are numbered once and for all; the numbers are theirs alone and never given again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection, update

from data.lake import (
    EVENTS,
    LakeFile,
    commit_files,
    describe_file,
    live_files,
    person_id,
    read_dataset,
    stream,
)
from data.schema import lake_files
from data.segment_events import whole
from data.workspace import Workspace
from kindred.segments.amounts import LARGEST, MILLION

DAY_AGGREGATES: Final = "day_aggregates"
PERSON_NUMBERS: Final = "person_numbers"
AMOUNT: Final = "revenue"  # the property that is added up by day
ROW_GROUP: Final = 32_768  # small, and sorted by event: a leaf reads only its event's groups
BATCH_ROWS: Final = 8_000_000

NUMBERS_SCHEMA: Final = pa.schema(
    [pa.field("person_id", pa.string(), nullable=False), pa.field("number", pa.int32())]
)
SCHEMA: Final = pa.schema(
    [
        pa.field("event", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("day", pa.int32(), nullable=False),  # since 1970
        pa.field("n", pa.int32(), nullable=False),  # events
        pa.field("amounts", pa.int32(), nullable=False),  # events that have the amount
        ("total", pa.int64()),  # of the amounts, in millionths
        ("low", pa.float64()),
        ("high", pa.float64()),
    ]
)


@dataclass
class Aggregated:
    """What a run of the job wrote; nothing is live until :func:`commit_aggregates`."""

    files: list[LakeFile] = field(default_factory=list)
    numbers: LakeFile | None = None
    replaced: list[str] = field(default_factory=list)


def fingerprint(files: Sequence[LakeFile]) -> str:
    """Identify a day's event files."""
    names = "\n".join(sorted(file.path for file in files))
    return hashlib.blake2b(names.encode(), digest_size=12).hexdigest()


def events_by_day(conn: Connection) -> dict[str, list[LakeFile]]:
    """Group the live event files by their day."""
    days: dict[str, list[LakeFile]] = defaultdict(list)
    for file in live_files(conn, EVENTS):
        days[file.day or ""].append(file)
    return days


def fresh_aggregates(
    conn: Connection, days: Mapping[str, Sequence[LakeFile]]
) -> dict[str, LakeFile]:
    """Give each day's file, where it was made from the very events that are live."""
    kept = live_files(conn, DAY_AGGREGATES)
    return {
        file.day: file
        for file in kept
        if file.day is not None
        and file.day in days
        and made_from(file) == fingerprint(days[file.day])
    }


def made_from(file: LakeFile) -> str:
    """Read from a day's name which event files it was made from."""
    return Path(file.path).stem.partition("-")[0]


def aggregate(
    workspace: Workspace,
    backend: Backend,
    stale: Mapping[str, Sequence[LakeFile]],
    numbered: Sequence[LakeFile],
    progress: Callable[[float, str], None],
) -> Aggregated:
    """Write the files of days whose events are new or have changed.

    Parameters
    ----------
    stale : mapping of day to event files
    numbered : sequence of LakeFile
        The people who have a number already.
    """
    done = Aggregated()
    done.numbers = _number_people(workspace, backend, stale, numbered)
    files = [*numbered, *([done.numbers] if done.numbers else [])]
    numbers = read_dataset(backend, workspace, files, NUMBERS_SCHEMA)
    kept = backend.create_table(f"numbers_{uuid.uuid4().hex[:8]}", numbers, temp=True)
    total = max(sum(file.rows for files in stale.values() for file in files), 1)
    rows = 0
    for batch in _batches(stale):
        progress(rows / total, min(batch))
        _write(workspace, backend, kept, batch, done)
        rows += sum(file.rows for files in batch.values() for file in files)
    return done


def commit_aggregates(conn: Connection, done: Aggregated, *, at: datetime) -> None:
    """Make the written files live and end those that they replace."""
    if done.numbers:
        commit_files(conn, PERSON_NUMBERS, [done.numbers], why="number people", at=at)
    version = commit_files(conn, DAY_AGGREGATES, done.files, why="aggregate days", at=at)
    for path in done.replaced:
        conn.execute(update(lake_files).where(lake_files.c.path == path).values(removed_in=version))


def _number_people(
    workspace: Workspace,
    backend: Backend,
    stale: Mapping[str, Sequence[LakeFile]],
    numbered: Sequence[LakeFile],
) -> LakeFile | None:
    """Give the next numbers to people who have none, in the order of their ids."""
    files = [file for day in stale.values() for file in day]
    events = read_dataset(backend, workspace, files)
    people = events.select(person_id=person_id(events)).distinct()
    people = people.filter(people["person_id"].notnull())
    known = read_dataset(backend, workspace, numbered, NUMBERS_SCHEMA)
    unknown = people.anti_join(known, "person_id").order_by("person_id")
    ids = backend.to_pyarrow(unknown).column("person_id").combine_chunks()
    if not len(ids):
        return None
    first = sum(file.rows for file in numbered)
    numbers = pa.array(np.arange(first, first + len(ids), dtype=np.int32))
    target = workspace.lake / PERSON_NUMBERS / f"{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table([ids, numbers], schema=NUMBERS_SCHEMA), target, compression="zstd")
    return describe_file(workspace, target)


def _batches(
    stale: Mapping[str, Sequence[LakeFile]],
) -> Iterator[dict[str, Sequence[LakeFile]]]:
    batch: dict[str, Sequence[LakeFile]] = {}
    rows = 0
    for day in sorted(stale):
        size = sum(file.rows for file in stale[day])
        if batch and rows + size > BATCH_ROWS:
            yield batch
            batch, rows = {}, 0
        batch[day] = stale[day]
        rows += size
    if batch:
        yield batch


def _by_day(events: ibis.Table, numbers: ibis.Table) -> ibis.Table:
    amount = events["properties"][AMOUNT]
    counted = ibis.ifelse(amount.abs() <= LARGEST, amount, None)  # NaN is beyond every bound
    plain = events.filter(events["event"].notnull()).select(
        "event",
        person_id=person_id(events),
        day=events["timestamp"].date().delta(ibis.date(1970, 1, 1), unit="day").cast("int32"),
        amount=counted,
        micro=(counted * float(MILLION) + 0.5).floor().cast("int64"),
    )
    joined = plain.join(numbers, "person_id")
    grouped = joined.group_by("day", "event", "number").aggregate(
        n=joined.count(),
        amounts=joined["amount"].count(),
        total=whole(joined["micro"].sum()),
        low=joined["amount"].min(),
        high=joined["amount"].max(),
    )
    return grouped.order_by("day", "event", "number").select(*SCHEMA.names)


def _write(
    workspace: Workspace,
    backend: Backend,
    numbers: ibis.Table,
    batch: Mapping[str, Sequence[LakeFile]],
    done: Aggregated,
) -> None:
    files = [file for day in batch.values() for file in day]
    rows = _by_day(read_dataset(backend, workspace, files), numbers)
    paths = {day: _path(workspace, day, batch[day]) for day in batch}
    written: set[str] = set()
    writer: pq.ParquetWriter | None = None
    try:
        for day, part in _days(stream(backend, rows, 1 << 20)):
            if day not in written:
                if writer is not None:
                    writer.close()
                written.add(day)
                writer = pq.ParquetWriter(
                    paths[day], SCHEMA, compression="zstd", use_dictionary=["event", "total"]
                )
            assert writer is not None
            writer.write_table(part, row_group_size=ROW_GROUP)
    finally:
        if writer is not None:
            writer.close()
    for day in set(batch) - written:  # nobody did anything that has a name
        pq.write_table(SCHEMA.empty_table(), paths[day])
    done.files.extend(describe_file(workspace, path, day) for day, path in paths.items())


def _path(workspace: Workspace, day: str, files: Sequence[LakeFile]) -> Path:
    name = f"{fingerprint(files)}-{uuid.uuid4().hex[:8]}.parquet"
    path = workspace.lake / DAY_AGGREGATES / f"day={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _days(batches: pa.RecordBatchReader) -> Iterator[tuple[str, pa.Table]]:
    """Cut batches that are sorted by day where the day changes."""
    for batch in batches:
        if not batch.num_rows:
            continue
        table = pa.Table.from_batches([batch]).cast(SCHEMA)
        days: np.ndarray[Any, Any] = table.column("day").to_numpy()
        edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        for start, end in pairwise(edges):
            day = date(1970, 1, 1) + timedelta(days=int(days[start]))
            yield day.isoformat(), table.slice(start, end - start)
