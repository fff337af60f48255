"""Events as rules read them, by UTC day: added up by person and name, and one by one.

Both are sorted by the event's name in small row groups, so a leaf reads only its own events, and
carry a person's number in place of ids, so nothing is grouped or joined by text. A day's file is
named after the event files it was made from. Where those have changed since, as when late events
came in, the file no longer counts and the day is read raw until it is made again. People are
numbered once and for all; the numbers are theirs alone and never given again.
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
from kindred.events import PROPERTIES, TIMESTAMP
from kindred.segments.amounts import LARGEST, MILLION

DAY_AGGREGATES: Final = "day_aggregates"
NUMBERED_EVENTS: Final = "numbered_events"
PERSON_NUMBERS: Final = "person_numbers"
AMOUNT: Final = "revenue"  # the property that is added up by day
ROW_GROUP: Final = 32_768  # small, and sorted by event: a leaf reads only its event's groups
BATCH_ROWS: Final = 4_000_000  # sorted at once: about a gigabyte of events

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
NUMBERED_SCHEMA: Final = pa.schema(
    [
        pa.field("event", pa.string(), nullable=False),
        pa.field("number", pa.int32(), nullable=False),
        pa.field("timestamp", TIMESTAMP, nullable=False),
        pa.field("properties", PROPERTIES),
    ]
)
SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    DAY_AGGREGATES: SCHEMA,
    NUMBERED_EVENTS: NUMBERED_SCHEMA,
}


@dataclass
class Aggregated:
    """What a run of the job wrote; nothing is live until :func:`commit_aggregates`."""

    files: dict[str, list[LakeFile]] = field(
        default_factory=lambda: {dataset: [] for dataset in SCHEMAS}
    )
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


def fresh_days(
    conn: Connection, dataset: str, days: Mapping[str, Sequence[LakeFile]]
) -> dict[str, LakeFile]:
    """Give each day's file, where it was made from the very events that are live."""
    kept = live_files(conn, dataset)
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
    for dataset, files in done.files.items():
        version = commit_files(conn, dataset, files, why="aggregate days", at=at)
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


def _numbered(events: ibis.Table, numbers: ibis.Table) -> ibis.Table:
    named = events.filter(events["event"].notnull()).select(
        "event",
        "timestamp",
        "properties",
        person_id=person_id(events),
        day=events["timestamp"].date().delta(ibis.date(1970, 1, 1), unit="day").cast("int32"),
    )
    return named.join(numbers, "person_id").drop("person_id")


def _one_by_one(numbered: ibis.Table) -> ibis.Table:
    columns = [*NUMBERED_SCHEMA.names, "day"]
    return numbered.order_by("day", "event", "number", "timestamp").select(*columns)


def _added_up(numbered: ibis.Table) -> ibis.Table:
    amount = numbered["properties"][AMOUNT]
    counted = ibis.ifelse(amount.abs() <= LARGEST, amount, None)  # NaN is beyond every bound
    joined = numbered.select(
        "day",
        "event",
        "number",
        amount=counted,
        micro=(counted * float(MILLION) + 0.5).floor().cast("int64"),
    )
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
    numbered = _numbered(read_dataset(backend, workspace, files), numbers)
    for dataset, rows in (
        (DAY_AGGREGATES, _added_up(numbered)),
        (NUMBERED_EVENTS, _one_by_one(numbered)),
    ):
        paths = {day: _path(workspace, dataset, day, batch[day]) for day in batch}
        _write_days(stream(backend, rows, 1 << 19), SCHEMAS[dataset], paths)
        done.files[dataset].extend(describe_file(workspace, p, day) for day, p in paths.items())


def _write_days(rows: pa.RecordBatchReader, schema: pa.Schema, paths: Mapping[str, Path]) -> None:
    """Write rows that are sorted by day to a file a day, an empty one where a day has none."""
    written: set[str] = set()
    writer: pq.ParquetWriter | None = None
    try:
        for day, part in _days(rows):
            if day not in written:
                if writer is not None:
                    writer.close()
                written.add(day)
                writer = pq.ParquetWriter(paths[day], schema, compression="zstd")
            assert writer is not None
            writer.write_table(part.select(schema.names).cast(schema), row_group_size=ROW_GROUP)
    finally:
        if writer is not None:
            writer.close()
    for day in paths.keys() - written:  # nobody did anything that has a name
        pq.write_table(schema.empty_table(), paths[day])


def _path(workspace: Workspace, dataset: str, day: str, files: Sequence[LakeFile]) -> Path:
    name = f"{fingerprint(files)}-{uuid.uuid4().hex[:8]}.parquet"
    path = workspace.lake / dataset / f"day={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _days(batches: pa.RecordBatchReader) -> Iterator[tuple[str, pa.Table]]:
    """Cut batches that are sorted by day where the day changes."""
    for batch in batches:
        if not batch.num_rows:
            continue
        table = pa.Table.from_batches([batch])
        days: np.ndarray[Any, Any] = table.column("day").to_numpy()
        edges = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        for start, end in pairwise(edges):
            day = date(1970, 1, 1) + timedelta(days=int(days[start]))
            yield day.isoformat(), table.slice(start, end - start)
