"""What every exposed unit did, by metric: one row a unit, columns m0_0, m0_1 …, null where none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import ibis

from data.lake import person_id
from data.segment_events import epoch_us, passes
from data.segment_values import column_cell, json_cell
from kindred.events import EXPERIMENT_VIEWED
from kindred.experiments.metrics import (
    VISIT_GAP,
    BounceMetric,
    ConversionMetric,
    CountMetric,
    Declared,
    Part,
    RatioMetric,
    RetentionMetric,
    RevenueMetric,
    analysed,
    in_visits,
    parts,
)
from kindred.segments.durations import length

MOST_EVENTS: Final = 1_000  # on the day of the exposure; beyond, nobody sits behind it
DAY: Final = 86_400_000_000  # microseconds


def events_of(
    events: ibis.Table, units: ibis.Table, ids: ibis.Table, as_of: int, span: tuple[int, int]
) -> ibis.Table:
    """Find the units' events around their exposure: unit, since (microseconds), event, properties.

    Parameters
    ----------
    span : pair of int
        Microseconds before and after the exposure.
    """
    rows = events.select(
        "type", "event", "properties", id=person_id(events), t=epoch_us(events["timestamp"])
    )
    rows = rows.filter(rows["t"] < as_of).join(ids, "id").drop("id")
    rows = rows.join(units.select("unit", exposed="at"), "unit")
    rows = rows.mutate(since=rows["t"] - rows["exposed"])
    return rows.filter(rows["since"] >= -span[0], rows["since"] < span[1])


def bots(events: ibis.Table, units: ibis.Table, ids: ibis.Table) -> ibis.Table:
    """Find units with more events on the day of their exposure than anybody makes by hand."""
    rows = events.select(id=person_id(events), t=epoch_us(events["timestamp"]))
    rows = rows.join(ids, "id").join(units.select("unit", "day"), "unit")
    rows = rows.filter((rows["t"] // DAY).cast("int32") == rows["day"])
    counted = rows.group_by("unit").aggregate(n=rows.count())
    return counted.filter(counted["n"] > MOST_EVENTS).select("unit")


def measured(found: ibis.Table, metrics: Sequence[Declared]) -> ibis.Table:
    """Measure all metrics that are made of single events; a unit without any has no row.

    Columns of metric i are m{i}_0, m{i}_1 … in the order of ``analysed(metric).columns``.
    """
    made: dict[str, Any] = {}
    wanted = [_wanted(metric) for metric in metrics if not in_visits(metric)]
    if all(names is not None for names in wanted):
        names = sorted({name for each in wanted for name in each or ()})
        found = found.filter(found["event"].isin(names))
    for i, metric in enumerate(metrics):
        if not in_visits(metric):
            made |= {f"m{i}_{j}": value for j, value in enumerate(_values(found, metric))}
    return found.group_by("unit").aggregate(**made)


def _wanted(metric: Declared) -> set[str] | None:
    """Name the events that a metric is made of; none: any."""
    both = parts(metric)
    if both is not None:
        return {part.event for part in both}
    event = getattr(metric, "event", None)
    return {event} if event else None


def part_value(found: ibis.Table, part: Part, inside: Any) -> Any:
    """Count a part's events, or add its property up, over a group's rows."""
    hit = inside & passes(found, part.event, part.where).fill_null(False)
    if part.property is None:
        return hit.cast("int64").sum().cast("float64")
    return ibis.ifelse(hit, amount(found, part.property), 0.0).sum()


def amount(found: ibis.Table, name: str) -> Any:
    """Read a property as a finite number, 0 where it is none."""
    properties = found["properties"]
    known = name in properties.type().fields and name != "other"
    cell = column_cell(properties[name]) if known else json_cell(properties["other"], name)
    if cell.number is None:  # a text adds up to nothing
        return ibis.literal(0.0)
    number = cell.number.cast("float64")
    return ibis.ifelse(number.isinf(), 0.0, number).fill_null(0.0)


def _values(found: ibis.Table, metric: Declared) -> list[Any]:
    since = found["since"]
    inside = (since >= 0) & (since < length(metric.within))
    both = parts(metric)
    if both is not None:
        return [part_value(found, part, inside) for part in both]
    if isinstance(metric, RetentionMetric):
        late = inside & (since >= length(metric.after))
        hit = late if metric.event is None else late & (found["event"] == metric.event)
        return [hit.fill_null(False).any().cast("float64")]
    assert isinstance(metric, ConversionMetric | CountMetric | RevenueMetric)
    made = [_one(found, metric, inside)]
    if metric.before is not None:
        made.append(_one(found, metric, (since < 0) & (since >= -length(metric.before))))
    return made


def _one(
    found: ibis.Table, metric: ConversionMetric | CountMetric | RevenueMetric, inside: Any
) -> Any:
    summed = metric.property if isinstance(metric, RevenueMetric) else None
    value = part_value(found, Part(metric.event, summed, metric.where), inside)
    if isinstance(metric, ConversionMetric):
        return (value > 0).cast("float64")
    if isinstance(metric, RevenueMetric) and metric.cap is not None:
        return ibis.least(value, metric.cap)
    return value


def measured_by_visit(found: ibis.Table, metrics: Sequence[Declared]) -> ibis.Table | None:
    """Measure bounces and time on pages; none where no metric asks.

    The exposure itself is no event of a visit.
    """
    asked = [(i, metric) for i, metric in enumerate(metrics) if in_visits(metric)]
    if not asked:
        return None
    rows = found.filter(found["since"] >= 0, (found["event"] != EXPERIMENT_VIEWED).fill_null(True))
    in_turn = ibis.window(group_by="unit", order_by="since")
    gap, since = length(VISIT_GAP), rows["since"]
    rows = rows.select(
        "unit",
        "type",
        "since",
        first=(since - since.lag().over(in_turn) > gap).fill_null(True),
        until=since.lead().over(in_turn) - since,
    )
    last = (rows["until"] > gap).fill_null(True)
    made: dict[str, Any] = {}
    for i, metric in asked:
        inside = rows["since"] < length(metric.within)
        if isinstance(metric, BounceMetric):
            begun = inside & rows["first"]
            pair = (begun & last, begun)
            made |= {f"m{i}_{j}": hit.cast("int64").sum().cast("float64")
                     for j, hit in enumerate(pair)}  # fmt: skip
        else:
            read = inside & (rows["type"] == "page") & ~last
            made[f"m{i}_0"] = ibis.ifelse(read, rows["until"] / 1e6, 0.0).sum()
            made[f"m{i}_1"] = read.cast("int64").sum().cast("float64")
    return rows.group_by("unit").aggregate(**made)


def by_day_since(found: ibis.Table, metric: Declared, days: int) -> ibis.Table | None:
    """Measure a metric on each day since the exposure: unit, since (days), v0, v1.

    None for kinds of which a single day says nothing.
    """
    if in_visits(metric) or isinstance(metric, RetentionMetric):
        return None
    rows = found.filter(found["since"] >= 0, found["since"] < days * DAY)
    rows = rows.mutate(nth=(rows["since"] // DAY).cast("int32"))
    always = ibis.literal(True)
    if isinstance(metric, ConversionMetric | CountMetric | RevenueMetric):
        values = [_one(rows, metric, always)]
    else:
        assert parts(metric) is not None or isinstance(metric, RatioMetric)
        values = [part_value(rows, part, always) for part in parts(metric) or ()]
    named = {f"v{j}": value for j, value in enumerate(values)}
    return rows.group_by("unit", "nth").aggregate(**named)


def columns(metrics: Sequence[Declared]) -> list[list[str]]:
    """Name each metric's columns in a table of units."""
    return [
        [f"m{i}_{j}" for j in range(len(analysed(metric).columns))]
        for i, metric in enumerate(metrics)
    ]
