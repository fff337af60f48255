"""Event leaves over the raw events of the lake: filters, measures, sequences, in Ibis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import ibis
import ibis.expr.datatypes as dt

from data.lake import person_id
from data.segment_values import Cell, column_cell, holds, json_cell, time
from kindred.segments.amounts import LARGEST, MILLION
from kindred.segments.durations import EPOCH, length, moment
from kindred.segments.measures import Measure
from kindred.segments.rules import Filter, PropertyFilter, SequenceRule
from kindred.segments.windows import Window, window

PERSON: Final = "person_id"
NUMBER: Final = "number"
TIME: Final = "t"  # microseconds since 1970


@ibis.udf.scalar.builtin(signature=((dt.Timestamp(timezone="UTC"),), dt.int64))  # type: ignore[untyped-decorator]
def epoch_us(moment: Any) -> int:  # type: ignore[empty-body]
    """Count microseconds since 1970."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def divide(number: int, by: int) -> int:  # type: ignore[empty-body]
    """Divide whole numbers; Ibis would go through floats."""


class Events(Protocol):
    """Where canonical events are read."""

    def during(self, span: Window) -> ibis.Table:
        """Give the events of a window, and no others."""


class EventTable:
    """Events of one table."""

    def __init__(self, table: ibis.Table) -> None:
        self.table = table

    def during(self, span: Window) -> ibis.Table:
        """Give the events of a window."""
        return self.table.filter(in_window(self.table, span))


def in_window(events: ibis.Table, span: Window) -> Any:
    """Test the time of an event."""
    start, end = span
    before = events["timestamp"] < time(moment(max(end, EARLIEST)))
    return before if start <= EARLIEST else (events["timestamp"] >= time(moment(start))) & before


EARLIEST: Final = -62_000_000_000_000_000  # in the year 5; EVER is before what a datetime can say


def passes(events: ibis.Table, event: str, where: Sequence[Filter]) -> Any:
    """Test an event's name and its filters; null where an event has no name.

    The name is compared as it stands, so that files and row groups without it are not read.
    """
    tests = [events["event"] == event]
    for condition in where:
        if isinstance(condition, PropertyFilter):
            cell = _property(events, condition.property)
            tests.append(holds(cell, condition.op, condition.value, _NO_CLOCK))
        else:
            tests.append(_product(events, condition.products))
    return ibis.and_(*tests)


_NO_CLOCK: Final = EPOCH  # no operator on properties looks at the clock


def _property(events: ibis.Table, name: str) -> Cell:
    properties = events["properties"]
    fields = properties.type().fields
    if name in fields and name != "other":
        return column_cell(properties[name])
    return json_cell(properties["other"], name)


def _product(events: ibis.Table, filters: Sequence[PropertyFilter]) -> Any:
    products = events["properties"]["products"]
    known = products.type().value_type.fields

    def all_of(product: Any) -> Any:
        tests = [product.notnull()]
        for condition in filters:
            unknown = Cell(ibis.literal(False))
            there = condition.property in known
            cell = column_cell(product[condition.property]) if there else unknown
            tests.append(holds(cell, condition.op, condition.value, _NO_CLOCK))
        return ibis.and_(*tests)

    return (products.filter(all_of).length() > 0).fill_null(False)


def matching(events: Events, measure: Measure) -> ibis.Table:
    """Keep the events that a measure is of."""
    table = events.during(measure.span)
    return table.filter(passes(table, measure.event, measure.where))


def measured(events: Events, measure: Measure) -> ibis.Table:
    """Take a measure from raw events: one row a person who has any, with the measure's columns."""
    return summed(matching(events, measure), measure)


def summed(found: ibis.Table, measure: Measure) -> ibis.Table:
    """Add up the events of each person."""
    if measure.what == "count":
        rows, key = keyed(found)
        return rows.group_by(key).aggregate(n=rows.count())
    if measure.what == "periods":
        assert measure.period is not None
        back = divide(measure.span[1] - 1 - epoch_us(found["timestamp"]), measure.period)
        rows, key = keyed(found, period=back)
        return rows.group_by(key).aggregate(n=rows["period"].nunique())
    rows, key = amounts(found, measure)
    return rows.group_by(key).aggregate(
        n=rows.count(),
        total=whole(rows["total"].sum()),
        low=rows["low"].min(),
        high=rows["high"].max(),
    )


def amounts(found: ibis.Table, measure: Measure) -> tuple[ibis.Table, str]:
    """Take the amount of each event that has one: in millionths to be added up, and as it is."""
    amount = _property(found, measure.property or "").number
    if amount is None:  # a text adds up to nothing
        amount = ibis.null("float64")
    rows, key = keyed(found, low=amount.cast("float64"))
    rows = rows.filter(rows["low"].abs() <= LARGEST)
    micro = (rows["low"] * float(MILLION) + 0.5).floor().cast("int64")
    return rows.mutate(total=micro, high=rows["low"]), key


def keyed(events: ibis.Table, **columns: Any) -> tuple[ibis.Table, str]:
    """Select columns beside whose event it is: by number where people are numbered, else by id."""
    if NUMBER in events.columns:
        return events.select(NUMBER, **columns), NUMBER
    rows = events.select(**{PERSON: person_id(events)}, **columns)
    return rows.filter(rows[PERSON].notnull()), PERSON


def whole(total: Any) -> Any:
    """Bring a sum of 64-bit numbers, which DuckDB holds in 128, back to 64."""
    return total.cast("decimal(38, 0)").cast("int64")


def sequence(events: Events, rule: SequenceRule, now: int) -> ibis.Table:
    """Find who did one thing after another; the latest step before is the one that serves best."""
    span = window(rule)(now)
    last = rule.then_not
    hull = (span[0], now) if last else span
    table = events.during(hull)
    table = table.filter(table["event"].isin(sorted(_names(rule))))
    inside = in_window(table, span) if last else ibis.literal(True)
    marks: dict[str, Any] = {}
    for i, step in enumerate(rule.steps):
        marks[f"step{i}"] = passes(table, step.event, step.where) & inside
        barred = [passes(table, p.event, p.where) & inside for p in step.without]
        if barred:
            marks[f"barred{i}"] = ibis.or_(*barred)
    if last:
        marks["after"] = passes(table, last.event, last.where)
    marked, key = keyed(table, **{TIME: epoch_us(table["timestamp"])}, **marks)
    kept = marked.filter(ibis.or_(*(marked[name] for name in marks)))
    for i in range(1, len(rule.steps)):
        kept = _reach(kept, key, rule, i)
    reached = kept[f"step{len(rule.steps) - 1}"]
    if last:
        gap = length(last.within) if last.within else None
        kept, reached = _unfollowed(kept, key, reached, gap, now)
    return kept.filter(reached).select(key).distinct()


def _names(rule: SequenceRule) -> set[str]:
    """Collect the events that a sequence looks at."""
    barred = {pattern.event for step in rule.steps for pattern in step.without}
    last = {rule.then_not.event} if rule.then_not else set()
    return {step.event for step in rule.steps} | barred | last


def _reach(marked: ibis.Table, key: str, rule: SequenceRule, i: int) -> ibis.Table:
    """Keep step `i` only where the step before leads to it."""
    earlier = ibis.range_window(group_by=key, order_by=TIME, preceding=(None, 1))
    at, step = marked[TIME], rule.steps[i]
    found = {"_before": at.max(where=marked[f"step{i - 1}"]).over(earlier)}
    if step.without:
        found["_barred"] = at.max(where=marked[f"barred{i}"]).over(earlier)
    seen = marked.mutate(**found)
    reached = seen[f"step{i}"] & seen["_before"].notnull()
    if step.within:
        reached &= seen[TIME] - seen["_before"] <= length(step.within)
    if step.without:
        reached &= (seen["_barred"] <= seen["_before"]).fill_null(True)
    return seen.mutate(**{f"step{i}": reached.fill_null(False)}).drop(*found)


def _unfollowed(
    marked: ibis.Table, key: str, reached: Any, gap: int | None, now: int
) -> tuple[ibis.Table, Any]:
    later = ibis.range_window(group_by=key, order_by=TIME, following=(1, None))
    name = reached.get_name()
    seen = marked.mutate(_next=marked[TIME].min(where=marked["after"]).over(later))
    alone = seen["_next"].isnull()
    if gap is None:
        return seen, seen[name] & alone
    alone |= seen["_next"] - seen[TIME] > gap
    return seen, seen[name] & alone.fill_null(False) & (seen[TIME] < now - gap)
