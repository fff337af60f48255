"""The lake's files as rules read them: by window, so that what lies outside is never opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import ibis
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data.day_aggregates import DAY_AGGREGATES, NUMBERED_EVENTS, NUMBERED_SCHEMA, fresh_days
from data.day_aggregates import SCHEMA as DAY_SCHEMA
from data.lake import LakeFile
from data.segment_events import in_window
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA
from kindred.segments.durations import DAY
from kindred.segments.windows import Window

_EVENTS: Final = ibis.Schema.from_pyarrow(EVENT_SCHEMA)
_NUMBERED: Final = ibis.Schema.from_pyarrow(NUMBERED_SCHEMA)
_DAYS: Final = ibis.Schema.from_pyarrow(DAY_SCHEMA)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()


def day_number(day: str) -> int:
    """Count the days since 1970 of ``YYYY-MM-DD``."""
    return date.fromisoformat(day).toordinal() - _FIRST_DAY


@dataclass
class Views:
    """Views over lists of Parquet files in one DuckDB, each made once.

    A table's schema is said rather than asked for, since asking takes longer than most leaves.
    """

    backend: Backend
    workspace: Workspace
    made: dict[tuple[str, ...], ibis.Table] = field(default_factory=dict)

    def over(self, files: Sequence[LakeFile], schema: ibis.Schema) -> ibis.Table:
        """Give the files as one table."""
        paths = tuple(file.path for file in files)
        if paths not in self.made:
            name = f"files_{len(self.made)}"
            if paths:
                listed = self.backend.con.read_parquet(
                    [str(self.workspace.lake / path) for path in paths], hive_partitioning=False
                )
                listed.create_view(name)
            else:
                self.backend.con.register(name, schema.to_pyarrow().empty_table())
            self.made[paths] = ibis.table(schema, name=name)
        return self.made[paths]


@dataclass(frozen=True)
class EventFiles:
    """The live event files by day; a file without a day is always read."""

    views: Views
    days: Mapping[str, Sequence[LakeFile]]
    schema: ibis.Schema = _EVENTS

    def during(self, span: Window) -> ibis.Table:
        """Give the events of a window; only days that it cuts are filtered by time."""
        whole: list[LakeFile] = []
        cut: list[LakeFile] = []
        for day, files in self.days.items():
            start = day_number(day) * DAY if day else None
            if start is not None and span[0] <= start and start + DAY <= span[1]:
                whole += files
            elif start is None or (start < span[1] and span[0] < start + DAY):
                cut += files
        parts = [self.views.over(whole, self.schema)] if whole or not cut else []
        if cut:
            edges = self.views.over(cut, self.schema)
            parts.append(edges.filter(in_window(edges, span)))
        return parts[0] if len(parts) == 1 else ibis.union(*parts)


@dataclass(frozen=True)
class DayFiles:
    """What the job ``aggregate_days`` made of days, where it is fresh.

    Parameters
    ----------
    events : mapping of day to event files
    aggregates : mapping of day to file
        Events added up by person and name.
    numbered : EventFiles
        Events one by one, with the person's number for ids.
    """

    views: Views
    events: Mapping[str, Sequence[LakeFile]]
    aggregates: Mapping[str, LakeFile]
    numbered: EventFiles

    @classmethod
    def of(
        cls, conn: Connection, views: Views, events: Mapping[str, Sequence[LakeFile]]
    ) -> DayFiles:
        """Look up what is fresh."""
        numbered = fresh_days(conn, NUMBERED_EVENTS, events)
        files = EventFiles(views, {day: [file] for day, file in numbered.items()}, _NUMBERED)
        return cls(views, events, fresh_days(conn, DAY_AGGREGATES, events), files)

    def covers(self, span: Window) -> bool:
        """Tell whether every day that a window touches has its numbered events."""
        first, last = span[0] // DAY, (span[1] - 1) // DAY
        return self.complete and all(
            day in self.numbered.days for day in self.events if first <= day_number(day) <= last
        )

    def split(self, span: Window) -> tuple[list[LakeFile], list[Window]]:
        """Part a window into whole days that are added up, and the stretches that are not.

        Days without events are in neither.
        """
        whole: list[LakeFile] = []
        rest: list[Window] = []
        for day in sorted(self.events):
            start = day_number(day) * DAY
            piece = (max(start, span[0]), min(start + DAY, span[1]))
            if piece[0] >= piece[1]:
                continue
            if day in self.aggregates and piece == (start, start + DAY):
                whole.append(self.aggregates[day])
            elif rest and rest[-1][1] == piece[0]:
                rest[-1] = (rest[-1][0], piece[1])
            else:
                rest.append(piece)
        return whole, rest

    def table(self, files: Sequence[LakeFile]) -> ibis.Table:
        """Open days as one table."""
        return self.views.over(files, _DAYS)

    @property
    def complete(self) -> bool:
        """Whether every event file belongs to a day."""
        return "" not in self.events
