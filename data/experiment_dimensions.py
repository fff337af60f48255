"""Of each exposed unit one level of each dimension, as of its first exposure.

A trait is what ``identify`` events had told by then. Of clusters and segments it is told by
periods: who was where from some time on, until the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
from ibis.backends.duckdb import Backend

from data.attributes import json_extract_string, json_type, json_valid, pointer_to
from data.experiment_exposures import kept
from data.lake import person_id
from data.segment_events import PERSON, epoch_us
from kindred.experiments.dimensions import (
    UNKNOWN,
    Dimension,
    cut_labels,
    cut_points,
    read_dimension,
)

MOST_LEVELS: Final = 20
FEW_NUMBERS: Final = 8  # so many different ones are levels as they are
OTHER: Final = "(other)"
NONE: Final = "(none)"
_NUMBERS: Final = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True)
class Period:
    """Who was where from a time on.

    Parameters
    ----------
    start : int
        Microseconds.
    people : ibis.Table
        ``person_id``, ``level``; who is not in it was not known.
    """

    start: int
    people: ibis.Table


# Gives the periods of clusters or of a segment that exposures between two times ask for.
Lookup = Callable[[Dimension, int, int], Sequence[Period]]


def with_levels(
    backend: Backend,
    events: ibis.Table,
    units: ibis.Table,
    ids: ibis.Table,
    dimensions: Sequence[str],
    lookup: Lookup | None,
) -> ibis.Table:
    """Add a column for each dimension that is not of the exposure's own context.

    Parameters
    ----------
    ids : Table
        Each id under which a unit is known: id, unit.
    lookup : callable, optional
        Without it nobody's cluster or segment is known.
    """
    for name in dimensions:
        asked = read_dimension(name)
        if asked.kind == "context":
            continue
        if asked.kind == "trait":
            found = _told(backend, events, units, ids, asked.name)
        else:
            found = _placed(backend, units, ids, asked, lookup)
        joined = units.left_join(found, "unit").drop("unit_right")
        missing = NONE if asked.kind == "trait" else UNKNOWN
        units = kept(
            backend, joined.mutate(**{name: joined["level"].fill_null(missing)}).drop("level")
        )
    return units


def _told(
    backend: Backend, events: ibis.Table, units: ibis.Table, ids: ibis.Table, trait: str
) -> ibis.Table:
    """Find what each unit had told last when it was exposed: unit, level."""
    rows = events.filter((events["type"] == "identify") & events["traits"].notnull())
    rows = rows.filter(json_valid(rows["traits"]))
    pointer = pointer_to(trait)
    rows = rows.select(
        id=person_id(rows),
        t=epoch_us(rows["timestamp"]),
        value=json_extract_string(rows["traits"], pointer),
        number=json_type(rows["traits"], pointer).isin(_NUMBERS),
    )
    rows = rows.filter(rows["value"].notnull()).join(ids, "id")
    rows = rows.join(units.select("unit", exposed="at"), "unit")
    rows = rows.filter(rows["t"] <= rows["exposed"])
    pair = ibis.struct({"t": rows["t"], "value": rows["value"]}).max()
    last = rows.group_by("unit").aggregate(pair=pair, number=rows["number"].all())
    told = kept(backend, last.select("unit", "number", value=last["pair"]["value"]))
    return _levels(told)


def _levels(told: ibis.Table) -> ibis.Table:
    """Make levels of values: numbers between their quartiles, else the commonest and the others."""
    number = told["value"].try_cast("float64")
    facts: Mapping[str, Any] = (
        told.aggregate(
            numbers=told["number"].all(),
            different=told["value"].nunique(),
            **{f"q{i}": number.quantile(i / 4) for i in (1, 2, 3)},
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    if facts["numbers"] and facts["different"] > FEW_NUMBERS:
        cuts = cut_points([facts[f"q{i}"] for i in (1, 2, 3)])
        labels = cut_labels(cuts)
        cases = [(number < cut, label) for cut, label in zip(cuts, labels, strict=False)]
        return told.select("unit", level=ibis.cases(*cases, else_=labels[-1]))
    counted = told.group_by("value").aggregate(n=told.count())
    counted = counted.order_by([ibis.desc("n"), "value"]).limit(MOST_LEVELS)
    common = counted.to_pyarrow().column("value").to_pylist()
    if facts["different"] > MOST_LEVELS:
        common = common[: MOST_LEVELS - 1]
    value = told["value"]
    return told.select("unit", level=ibis.ifelse(value.isin(common), value, OTHER))


def _placed(
    backend: Backend,
    units: ibis.Table,
    ids: ibis.Table,
    asked: Dimension,
    lookup: Lookup | None,
) -> ibis.Table:
    """Find where each unit was when it was exposed: unit, level."""
    ends = units.aggregate(first=units["at"].min(), last=units["at"].max())
    first, last = ends.to_pyarrow().to_pylist()[0].values()
    there = lookup(asked, first, last) if lookup and first is not None else ()
    periods = sorted(there, key=lambda period: period.start)
    found: ibis.Table | None = None
    for place, period in enumerate(periods):
        own = units.filter(units["at"] >= period.start)
        if place + 1 < len(periods):
            own = own.filter(own["at"] < periods[place + 1].start)
        people = period.people.select(id=PERSON, level="level")
        rows = own.select("unit").join(ids, "unit").join(people, "id")
        # Of somebody known by two ids: "in" comes before "not in".
        one = kept(backend, rows.group_by("unit").aggregate(level=rows["level"].min()))
        found = one if found is None else found.union(one)
    if found is None:
        return units.select("unit", level=ibis.literal(UNKNOWN)).limit(0)
    return found
