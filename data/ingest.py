"""Take canonical events into the lake: check, set bad rows aside, drop duplicates, write by day.

Every source comes through here. Memory is bounded by one day: an input that spans days is first
split into one file a day, then each day is deduplicated against itself and against what is live,
and written sorted by person, so that row-group statistics find a person's events quickly. The
manifest is committed once, at the end: a crash before that leaves files that nothing reads.
"""

from __future__ import annotations

import shutil
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data.canonical import REASON, canonical, unknown_columns, with_reason
from data.imports import Ingested
from data.lake import (
    EVENTS,
    REJECTED,
    ROW_GROUP,
    LakeFile,
    describe_file,
    live_files,
    person_id,
    read_dataset,
    stream,
)
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.events import EVENT_SCHEMA

BATCH_ROWS = 4_000_000  # sorted at once: about a gigabyte of events


Progress = Callable[[float, str], None]


@dataclass
class _Import:
    """One import while it is being written."""

    workspace: Workspace
    backend: Backend
    live: Mapping[str, Sequence[LakeFile]]
    now: datetime
    token: str  # in the names of its files, so that no two imports share one
    done: Ingested = field(default_factory=Ingested)

    @property
    def staging(self) -> Path:
        """Where its intermediate files lie; removed at the end."""
        return self.workspace.lake / "staging" / self.token

    def unfinished(self, day: str) -> Path:
        """Name a day's file while it is being written."""
        target = self.workspace.lake / EVENTS / f"day={day}" / f"{self.token}.part"
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def write_events(
    workspace: Workspace,
    backend: Backend,
    paths: Sequence[Path],
    live: Mapping[str, Sequence[LakeFile]],
    *,
    now: datetime,
    progress: Progress,
) -> Ingested:
    """Write the files of one import; nothing is live until :func:`commit_import`.

    Parameters
    ----------
    paths : sequence of Path
        Parquet files of events, of any days.
    live : mapping of day to files
        What is live already.
    """
    job = _Import(workspace, backend, live, now, uuid.uuid4().hex[:12])
    try:
        by_day = _split(job, paths, progress)
        for share, days in _batches(by_day):
            progress(0.3 + 0.7 * share, min(days))
            _write_days(job, days)
        _set_aside(job)
    finally:
        shutil.rmtree(job.staging, ignore_errors=True)
    return job.done


def live_by_day(conn: Connection) -> dict[str, list[LakeFile]]:
    """Group the live event files by their day."""
    grouped: dict[str, list[LakeFile]] = defaultdict(list)
    for file in live_files(conn, EVENTS):
        grouped[file.day or ""].append(file)
    return grouped


def _split(job: _Import, paths: Sequence[Path], progress: Progress) -> dict[str, list[Path]]:
    """Give each day the files that hold its events; a file of one day stays where it is."""
    by_day: dict[str, list[Path]] = defaultdict(list)
    done = job.done
    for count, path in enumerate(paths):
        progress(0.3 * count / len(paths), path.name)
        try:
            day = _single_day(path)
            if day is not None:
                by_day[day].append(path)
                continue
            table = job.backend.read_parquet(str(path))
            done.ignored_columns.update(unknown_columns(table))
            events = with_reason(canonical(table), job.now)
            target = job.staging / f"{count:06d}"
            days = events["timestamp"].strftime("%Y-%m-%d")
            good = events.filter(events[REASON].isnull()).drop(REASON).mutate(day=days)
            target.mkdir(parents=True)
            good.to_parquet(str(target), partition_by="day", compression="snappy")
            bad = events.filter(events[REASON].notnull())
            _count_rejected(bad, job.staging / f"rejected-{count:06d}.parquet", done)
            for part in sorted(target.glob("day=*/*.parquet")):
                by_day[part.parent.name.removeprefix("day=")].append(part)
        except (duckdb.Error, pa.ArrowException, OSError, UserError) as error:
            why = error.what if isinstance(error, UserError) else str(error).splitlines()[0]
            done.reject(f"the file {path.name} can't be used: {why}"[:200], 0, path.name)
    return by_day


def _single_day(path: Path) -> str | None:
    """Name the only day of a file that is canonical already, from its footer; else nothing."""
    if not pq.read_schema(path).equals(EVENT_SCHEMA):
        return None
    metadata = pq.read_metadata(path)
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    column = names.index("timestamp")
    days = set()
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        if statistics is None or not statistics.has_min_max or statistics.null_count:
            return None
        for end in (statistics.min, statistics.max):
            if not isinstance(end, datetime):
                return None
            days.add(end.strftime("%Y-%m-%d"))
    return days.pop() if len(days) == 1 else None


def _batches(
    by_day: Mapping[str, list[Path]],
) -> Iterator[tuple[float, dict[str, list[Path]]]]:
    """Join days until they hold enough rows to be worth a query; gives the share done as well."""
    sizes = {
        day: sum(pq.read_metadata(part).num_rows for part in parts) for day, parts in by_day.items()
    }
    total, done = max(sum(sizes.values()), 1), 0
    batch: dict[str, list[Path]] = {}
    for day in sorted(by_day):
        if batch and sum(sizes[d] for d in batch) + sizes[day] > BATCH_ROWS:
            yield done / total, batch
            done += sum(sizes[d] for d in batch)
            batch = {}
        batch[day] = by_day[day]
    if batch:
        yield done / total, batch


def _write_days(job: _Import, days: Mapping[str, list[Path]]) -> None:
    """Write some days' new events, one file a day, sorted by person and time."""
    parts = [part for day in sorted(days) for part in days[day]]
    unseen = [part for part in parts if job.staging not in part.parents]
    events = with_reason(_union(job.backend, parts), job.now)
    if unseen:  # what was staged has been looked at
        bad = with_reason(_union(job.backend, unseen), job.now)
        bad = bad.filter(bad[REASON].notnull())
        _count_rejected(bad, job.staging / f"rejected-{min(days)}.parquet", job.done)
    events = events.filter(events[REASON].isnull()).drop(REASON)
    events = events.mutate(day=events["timestamp"].date())
    rows = int(events.count().to_pyarrow().as_py())
    if rows != int(events.select("day", "messageId").distinct().count().to_pyarrow().as_py()):
        events = events.distinct(on=["day", "messageId"], keep="first")
    live = [file for day in days for file in job.live.get(day, ())]
    if live:
        known = read_dataset(job.backend, job.workspace, live)
        known = known.select("messageId", day=known["timestamp"].date())
        events = events.anti_join(known, ["day", "messageId"])
    ordered = events.order_by(["day", person_id(events), "timestamp", "messageId"])
    written = _write_sorted(job, ordered)
    job.done.rows_read += rows
    job.done.events_added += written
    job.done.duplicates += rows - written


def _write_sorted(job: _Import, ordered: ibis.Table) -> int:
    """Stream rows that are sorted by day into a file a day."""
    written = 0
    files: dict[str, Path] = {}
    writer: pq.ParquetWriter | None = None
    try:
        for batch in stream(job.backend, ordered, ROW_GROUP):
            days = batch.column("day").cast("string").to_numpy(zero_copy_only=False)
            body = batch.drop_columns(["day"]).cast(EVENT_SCHEMA)
            edges = [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist(), len(days)]
            for start, end in pairwise(edges):
                day = str(days[start])
                if day not in files:
                    if writer is not None:
                        writer.close()
                    files[day] = job.unfinished(day)
                    writer = pq.ParquetWriter(files[day], EVENT_SCHEMA, compression="zstd")
                assert writer is not None
                writer.write_batch(body.slice(start, end - start))
                written += end - start
    finally:
        if writer is not None:
            writer.close()
    for day, path in files.items():
        finished = path.rename(path.with_suffix(".parquet"))
        job.done.files.append(describe_file(job.workspace, finished, day))
    return written


def _union(backend: Backend, parts: Sequence[Path]) -> ibis.Table:
    """Open files of any mixture of schemas as one canonical table."""
    alike: dict[str, list[str]] = defaultdict(list)
    for part in parts:
        alike[str(pq.read_schema(part).remove_metadata())].append(str(part))
    tables = [canonical(backend.read_parquet(paths)) for paths in alike.values()]
    return tables[0] if len(tables) == 1 else ibis.union(*tables)


def _count_rejected(bad: ibis.Table, target: Path, done: Ingested) -> None:
    """Set rejected rows aside in a file and count them by reason, with an example each."""
    example = ibis.coalesce(bad["messageId"], bad["event"], bad["type"], "").arbitrary()
    found = bad.group_by(REASON).aggregate(n=bad.count(), example=example)
    counts: list[dict[str, Any]] = found.to_pyarrow().to_pylist()
    if not counts:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    bad.to_parquet(str(target))
    for row in counts:
        done.rows_read += row["n"]
        done.reject(row[REASON], row["n"], row["example"])


def _set_aside(job: _Import) -> None:
    parts = sorted(job.staging.glob("rejected-*.parquet"))
    if not parts:
        return
    target = job.workspace.lake / REJECTED / f"{job.token}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    job.backend.read_parquet([str(part) for part in parts]).to_parquet(str(target))
    job.done.rejected_files.append(describe_file(job.workspace, target))


def files_below(folder: Path) -> Iterator[Path]:
    """List the Parquet files of events below a folder, in a stable order."""
    yield from sorted(path for path in folder.rglob("*.parquet") if path.is_file())
