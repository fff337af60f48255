"""How far the log is in the lake, and what came of its events: written with the lake's manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from data.collect_schema import collect_hours, collect_positions, collect_rejections
from data.manifest import EVENTS, LakeFile, commit_files, live_files, live_files_of
from kindred.errors import InternalError
from kindred.segments.durations import moment

WHY: Final = "collect"  # in the manifest
JOINED: Final = "collect, joined"  # the same, of files that were made of such files
REJECTED_EVENTS: Final = "collect_rejected"  # the data set in the lake


@dataclass
class Counts:
    """Of one hour and one key; received = added + duplicates + rejected."""

    received: int = 0
    added: int = 0
    duplicates: int = 0
    rejected: int = 0


@dataclass
class Reason:
    """How often something was refused, when last, and how that began."""

    count: int = 0
    last_at: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))
    example: str = ""


@dataclass
class Moved:
    """One move from log to lake, before it counts.

    Parameters
    ----------
    before, after : dict of segment to position
        Of the segments that were read.
    """

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    hours: dict[tuple[datetime, str], Counts] = field(default_factory=dict)
    reasons: dict[tuple[str, str, str], Reason] = field(default_factory=dict)
    files: list[LakeFile] = field(default_factory=list)
    rejected_files: list[LakeFile] = field(default_factory=list)

    def hour(self, key: str, received_at: int) -> Counts:
        """Give the counts of a frame's hour and key."""
        at = moment(received_at).replace(minute=0, second=0, microsecond=0)
        return self.hours.setdefault((at, key), Counts())

    def refuse(self, key: str, received_at: int, reason: str, example: str) -> None:
        """Count an event that was refused."""
        at = moment(received_at)
        kept = self.reasons.setdefault((at.date().isoformat(), key, reason[:200]), Reason())
        kept.count += 1
        if at >= kept.last_at:
            kept.last_at, kept.example = at, example.replace("\0", "�")


def positions(conn: Connection) -> dict[str, int]:
    """Give how far each segment of the log is in the lake."""
    return {row.segment: row.position for row in conn.execute(select(collect_positions))}


def brought_by_others(conn: Connection) -> dict[str, list[LakeFile]]:
    """List the live events, by day, of whose messages the index was never asked: imports."""
    own = {file.path for file in live_files_of(conn, EVENTS, (WHY, JOINED))}
    found: dict[str, list[LakeFile]] = defaultdict(list)
    for file in live_files(conn, EVENTS):
        if file.path not in own:
            found[file.day or ""].append(file)
    return found


def commit_move(conn: Connection, moved: Moved, *, at: datetime) -> None:
    """Let a move count, all of it or nothing.

    Raises
    ------
    InternalError
        Somebody else moved the same stretch of the log meanwhile.
    """
    for segment, position in moved.after.items():
        if segment in moved.before:
            done = conn.execute(
                update(collect_positions)
                .where(
                    collect_positions.c.segment == segment,
                    collect_positions.c.position == moved.before[segment],
                )
                .values(position=position)
            ).rowcount
            if done != 1:
                raise InternalError(f"the segment {segment} was moved by somebody else")
        else:
            conn.execute(insert(collect_positions).values(segment=segment, position=position))
    if moved.files:
        commit_files(conn, EVENTS, moved.files, why=WHY, at=at)
    if moved.rejected_files:
        commit_files(conn, REJECTED_EVENTS, moved.rejected_files, why=WHY, at=at)
    for (hour, key), counts in moved.hours.items():
        _add(conn, collect_hours, {"hour": hour, "key_id": key}, vars(counts), {})
    for (day, key, reason), kept in moved.reasons.items():
        which = {"day": day, "key_id": key, "reason": reason}
        last = {"last_at": kept.last_at, "example": kept.example}
        _add(conn, collect_rejections, which, {"count": kept.count}, last)


def _add(
    conn: Connection,
    table: Any,
    which: Mapping[str, Any],
    counts: Mapping[str, int],
    last: Mapping[str, Any],
) -> None:
    """Add to a row's counts and replace the rest, or begin the row."""
    same = [table.c[name] == value for name, value in which.items()]
    sums = {name: table.c[name] + count for name, count in counts.items()}
    if not conn.execute(update(table).where(*same).values(**sums, **last)).rowcount:
        conn.execute(insert(table).values(**which, **counts, **last))


def forget_segments(conn: Connection, segments: Sequence[str]) -> None:
    """Drop the positions of segments whose files are gone."""
    if segments:
        conn.execute(delete(collect_positions).where(collect_positions.c.segment.in_(segments)))


def received_since(conn: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Add up what came, by key, the most first."""
    sums = [func.sum(collect_hours.c[name]).label(name) for name in vars(Counts())]
    query = (
        select(collect_hours.c.key_id, func.max(collect_hours.c.hour).label("last_hour"), *sums)
        .where(collect_hours.c.hour >= since)
        .group_by(collect_hours.c.key_id)
        .order_by(func.sum(collect_hours.c.received).desc())
    )
    return conn.execute(query).all()


def received_by_hour(conn: Connection, since: datetime) -> Sequence[Row[Any]]:
    """Add up what came, by hour, the oldest first."""
    sums = [func.sum(collect_hours.c[name]).label(name) for name in vars(Counts())]
    query = (
        select(collect_hours.c.hour, *sums)
        .where(collect_hours.c.hour >= since)
        .group_by(collect_hours.c.hour)
        .order_by(collect_hours.c.hour)
    )
    return conn.execute(query).all()


def refusals_since(conn: Connection, day: str, limit: int = 100) -> Sequence[Row[Any]]:
    """Read why events were refused since a day, the newest first, with an example of each."""
    query = (
        select(collect_rejections)
        .where(collect_rejections.c.day >= day)
        .order_by(collect_rejections.c.last_at.desc())
        .limit(limit)
    )
    return conn.execute(query).all()
