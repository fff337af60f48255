"""Measures of events by a person's position: from day aggregates where they serve, else raw."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.day_aggregates import AMOUNT
from data.lake import LakeFile
from data.segment_events import (
    NUMBER,
    PERSON,
    Events,
    amounts,
    divide,
    matching,
    measured,
    sequence,
)
from data.segment_files import DayFiles
from data.segment_values import compare
from kindred.segments.bitmap import Bitmap
from kindred.segments.durations import DAY
from kindred.segments.measures import Condition, Measure
from kindred.segments.rules import SequenceRule
from kindred.segments.windows import EVER, Window, window

Array = NDArray[Any]
POSITION: Final = "position"
MOST_BYTES: Final = 512 << 20  # of measures that are kept


@dataclass(frozen=True)
class Columns:
    """A measure: the positions of those who have such events, and their numbers."""

    positions: NDArray[np.int32]
    values: Mapping[str, Array]

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        return self.positions.nbytes + sum(array.nbytes for array in self.values.values())


@dataclass
class Kept:
    """The measures used last, within a bound of memory."""

    most_bytes: int = MOST_BYTES
    bytes: int = 0
    entries: OrderedDict[str, Columns] = field(default_factory=OrderedDict)

    def get(self, key: str) -> Columns | None:
        """Find one, and remember that it was used."""
        if key in self.entries:
            self.entries.move_to_end(key)
        return self.entries.get(key)

    def put(self, key: str, columns: Columns) -> None:
        """Keep one, and let the oldest go."""
        self.entries[key] = columns
        self.bytes += columns.bytes
        while self.bytes > self.most_bytes and len(self.entries) > 1:
            self.bytes -= self.entries.popitem(last=False)[1].bytes


@dataclass
class MeasureReader:
    """Reads measures for the people of one snapshot.

    Parameters
    ----------
    run : callable
        Runs an expression in the engine that holds the tables.
    places : ibis.Table
        ``person_id`` and ``position``.
    place_of_number : array of int32
        The position of the person with each number, −1 where they are not in the snapshot.
    days : DayFiles or None
        Without it everything is read raw.
    """

    run: Any
    size: int
    events: Events
    places: ibis.Table
    place_of_number: NDArray[np.int32]
    days: DayFiles | None
    kept: Kept = field(default_factory=Kept)

    def holds(self, asked: Condition) -> Bitmap:
        """Answer a condition for everybody."""
        columns = self.read(asked.measure)
        test = _test(columns.values, asked)
        if asked.of_nobody:
            return ~Bitmap.of(columns.positions[~test], self.size)
        return Bitmap.of(columns.positions[test], self.size)

    def read(self, measure: Measure) -> Columns:
        """Take a measure, or give it as it was taken before."""
        key = repr(measure)
        found = self.kept.get(key)
        if found is None:
            found = self._take(measure)
            self.kept.put(key, found)
        return found

    def event_names(self) -> ibis.Table:
        """Give the query for the names of all events, from days where they all are added up."""
        if self.days is not None and len(self.days.aggregates) == len(self.days.events):
            table = self.days.table(list(self.days.aggregates.values()))
        else:
            table = self.events.during((EVER, -EVER))
        return table.filter(table["event"].notnull()).select("event").distinct()

    def _take(self, measure: Measure) -> Columns:
        if self.days is None or not served_by_days(measure, self.days):
            return self._raw(measure)
        whole_days, rest = self.days.split(measure.span)
        if measure.what == "periods" and rest:
            return self._raw(measure)  # a period that lies in both would count twice
        parts = [self._aggregated(measure, whole_days)] if whole_days else []
        parts += [self._raw(_within(measure, span)) for span in rest]
        return _merged(parts, measure, self.size)

    def _raw(self, measure: Measure) -> Columns:
        """Read events one by one: numbered where every day of the window is, else by id."""
        if self.days is not None and self.days.covers(measure.span):
            if measure.what == "periods":
                return self._placed(self.run(measured(self.days.numbered, measure)))
            found = matching(self.days.numbered, measure)
            rows = found if measure.what == "count" else amounts(found, measure)[0]
            return self._added(rows.select(NUMBER, *_COLUMNS_OF[measure.what][1:]), measure)
        found = measured(self.events, measure)
        return _columns(self.run(found.join(self.places, PERSON).drop(PERSON)))

    def sequence(self, leaf: SequenceRule, now: int) -> Bitmap:
        """Answer a sequence for everybody."""
        span = window(leaf)(now)
        hull = (span[0], now) if leaf.then_not else span
        if self.days is not None and self.days.covers(hull):
            there = self._placed(self.run(sequence(self.days.numbered, leaf, now)))
            return Bitmap.of(there.positions, self.size)
        found = sequence(self.events, leaf, now).join(self.places, PERSON)
        return Bitmap.of(self.run(found.select(POSITION)).column(POSITION).to_numpy(), self.size)

    def _aggregated(self, measure: Measure, files: Sequence[LakeFile]) -> Columns:
        assert self.days is not None
        days = self.days.table(files)
        days = days.filter(days["event"] == measure.event)
        if measure.what == "periods":
            return self._placed(self.run(_periods(days, measure)))
        if measure.what == "count":
            return self._added(days.select(NUMBER, "n"), measure)
        days = days.filter(days["amounts"] > 0).drop("n").rename(n="amounts")
        return self._added(days.select(NUMBER, *_COLUMNS_OF["amounts"]), measure)

    def _added(self, rows: ibis.Table, measure: Measure) -> Columns:
        """Add up rows by person, O(rows + people).

        Since numbers are dense, an array of everybody's is added to in place; the engine's hash
        table takes two to four times as long. Rows without ``n`` count as one each.
        """
        people = len(self.place_of_number)
        sums = {name: np.full(people, _START[name]) for name in _COLUMNS_OF[measure.what]}
        for batch in self.run(rows).to_batches():
            number = batch.column(NUMBER).to_numpy()
            for name, held in sums.items():
                if name in batch.schema.names:  # of another type, each would be cast on its own
                    given = batch.column(name).to_numpy().astype(held.dtype, copy=False)
                else:
                    given = held.dtype.type(1)
                _JOIN[name].at(held, number, given)
        there = np.flatnonzero(sums["n"])
        places = self.place_of_number[there]
        there, places = there[places >= 0], places[places >= 0]
        return Columns(places, {name: held[there] for name, held in sums.items()})

    def _placed(self, table: pa.Table) -> Columns:
        """Put what is known by number where the person is."""
        places = self.place_of_number[table.column(NUMBER).to_numpy()]
        there = places >= 0
        values = {
            name: table.column(name).to_numpy()[there]
            for name in table.column_names
            if name != NUMBER
        }
        return Columns(places[there], values)


def served_by_days(measure: Measure, days: DayFiles) -> bool:
    """Tell whether whole days can answer a measure."""
    if measure.where or not days.complete:
        return False
    if measure.what == "amounts":
        return measure.property == AMOUNT
    if measure.what == "periods":
        return measure.span[1] % DAY == 0 and (measure.period or 1) % DAY == 0
    return True


_COLUMNS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "count": ("n",),
    "amounts": ("n", "total", "low", "high"),
}
_START: Final[Mapping[str, Any]] = {
    "n": np.int64(0),
    "total": np.int64(0),
    "low": np.inf,
    "high": -np.inf,
}
_JOIN: Final[Mapping[str, np.ufunc]] = {
    "n": np.add,
    "total": np.add,
    "low": np.minimum,
    "high": np.maximum,
}


def _periods(days: ibis.Table, measure: Measure) -> ibis.Table:
    assert measure.period is not None
    back = measure.span[1] // DAY - 1 - days["day"]
    period = divide(back.cast("int64"), measure.period // DAY)
    keyed = days.select("number", period=period)
    return keyed.group_by("number").aggregate(n=keyed["period"].nunique())


def _within(measure: Measure, span: Window) -> Measure:
    return Measure(measure.event, measure.where, span, measure.what, measure.property)


def _columns(table: pa.Table) -> Columns:
    values = {
        name: table.column(name).to_numpy() for name in table.column_names if name != POSITION
    }
    return Columns(table.column(POSITION).to_numpy().astype(np.int32), values)


def _merged(parts: Sequence[Columns], measure: Measure, size: int) -> Columns:
    """Add up parts of a window, O(size)."""
    if len(parts) == 1:
        return parts[0]
    sums = {name: np.full(size, _START[name]) for name in _COLUMNS_OF[measure.what]}
    for part in parts:
        at = part.positions
        for name, held in sums.items():
            held[at] = _JOIN[name](held[at], part.values[name])
    there = np.flatnonzero(sums["n"])
    return Columns(there.astype(np.int32), {name: held[there] for name, held in sums.items()})


def _test(values: Mapping[str, Array], asked: Condition) -> NDArray[np.bool_]:
    if asked.column != "mean":
        return np.asarray(compare(values[asked.column], asked.op, asked.value))
    return mean_test(values["total"], values["n"], asked.op, asked.value)


def mean_test(
    total: NDArray[np.int64], n: NDArray[np.int64], op: str, value: Any
) -> NDArray[np.bool_]:
    """Compare total / n with whole millionths exactly, by quotient and remainder.

    ``total`` against ``value · n`` would leave 64 bits.
    """
    if op == "between":
        return mean_test(total, n, "gte", value[0]) & mean_test(total, n, "lte", value[1])
    quotient, rest = np.divmod(total, n)
    equal = (quotient == value) & (rest == 0)
    above = (quotient > value) | ((quotient == value) & (rest > 0))
    tests = {
        "eq": equal,
        "ne": ~equal,
        "gt": above,
        "gte": above | equal,
        "lt": ~(above | equal),
        "lte": ~above,
    }
    return np.asarray(tests[op])
