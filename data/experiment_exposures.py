"""Who met which variation of an experiment, and when first: one row a unit.

A unit is a person. Somebody who was exposed before making themselves known goes on under their
``userId``: an ``anonymousId`` that was identified as one user, and no other, is that user.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import ibis
from ibis.backends.duckdb import Backend

from data.lake import person_id
from data.segment_events import epoch_us
from data.segment_values import time
from kindred.events import EXPERIMENT_VIEWED
from kindred.experiments.definition import Experiment
from kindred.experiments.dimensions import CONTEXT

BOT: Final = r"bot\b|crawl|spider|slurp|headless|lighthouse"
LATE_HOURS: Final = 24
NOWHERE: Final = "(none)"
HOUR: Final = 3_600_000_000  # microseconds


def exposures(events: ibis.Table, key: str, as_of: datetime) -> ibis.Table:
    """Select an experiment's exposures up to a time."""
    found = events.filter(
        events["event"] == EXPERIMENT_VIEWED,
        events["properties"]["experiment_id"] == key,
        events["timestamp"] < time(as_of),
    )
    late = found["receivedAt"] > found["timestamp"] + ibis.interval(hours=LATE_HOURS)
    agent = found["context"]["other"].lower().re_search(BOT)
    return found.select(
        id=person_id(found),
        anonymousId=found["anonymousId"],
        variation=found["properties"]["variation_id"],
        at=epoch_us(found["timestamp"]),
        late=late.fill_null(False),
        agent=agent.fill_null(False),
        **{name: found["context"][name] for name in CONTEXT},
    )


def aliases(events: ibis.Table, exposed: ibis.Table) -> ibis.Table:
    """Find the users that exposed browsers turned out to be: columns id, unit."""
    told = events.filter(
        events["userId"].notnull(), events["anonymousId"].notnull(), events["type"] == "identify"
    ).select(id=events["anonymousId"], unit=events["userId"])
    told = told.semi_join(exposed.select(id=exposed["anonymousId"]), "id")
    grouped = told.group_by("id").aggregate(unit=told["unit"].min(), users=told["unit"].nunique())
    return grouped.filter(grouped["users"] == 1).select("id", "unit")


def first_exposures(
    backend: Backend, events: ibis.Table, key: str, experiment: Experiment, as_of: datetime
) -> tuple[ibis.Table, ibis.Table, int]:
    """Make a table of units, one of ids, and count exposures to variations that there are not.

    Returns
    -------
    units : Table
        unit, variation, at (microseconds), day (since 1970), crossed, repeated, late, agent, and a
        column for each dimension that is of the exposure's context.
    ids : Table
        Each id under which a unit's events are found: id, unit.
    unknown : int
    """
    known = [variation.key for variation in experiment.variations]
    seen = kept(backend, exposures(events, key, as_of))
    alias = kept(backend, aliases(events, seen))
    named = seen.left_join(alias.select(id="id", user="unit"), "id")
    named = named.mutate(unit=ibis.coalesce(named["user"], named["id"]))
    strange = named.filter(~named["variation"].isin(known).fill_null(False))
    unknown = strange.aggregate(n=strange.count()).to_pyarrow().to_pylist()[0]["n"]
    named = named.filter(named["variation"].isin(known))
    first = named["at"]
    units = named.group_by("unit").aggregate(
        variation=named["variation"].argmin(first),
        crossed=named["variation"].nunique() > 1,
        at=first.min(),
        repeated=named.count() > 1,
        late=named["late"].any(),
        agent=named["agent"].any(),
        **{
            name: ibis.coalesce(named[name].argmin(first), NOWHERE)
            for name in experiment.dimensions
            if name in CONTEXT
        },
    )
    units = units.mutate(day=(units["at"] // (24 * HOUR)).cast("int32"))
    units = kept(backend, units)
    own = units.select(id="unit", unit="unit")
    other = alias.semi_join(units, "unit").select("id", "unit")
    ids = kept(backend, own.union(other, distinct=True))
    return units, ids, int(unknown)


def digests(units: ibis.Table, dimensions: Sequence[str]) -> dict[int, str]:
    """Identify who was first exposed on each day, and to what."""
    parts = [units["unit"], units["variation"], units["at"].cast("string")]
    parts += [units["crossed"].cast("string"), units["repeated"].cast("string")]
    parts += [units["agent"].cast("string"), *(units[name] for name in dimensions)]
    whole = ibis.literal("\x1f").join(parts).hash()
    grouped = units.group_by("day").aggregate(digest=whole.bit_xor(), n=units.count())
    rows = grouped.to_pyarrow().to_pylist()
    return {row["day"]: f"{row['n']}:{row['digest']}" for row in rows}


def kept(backend: Backend, table: ibis.Table) -> ibis.Table:
    """Compute a table once, for several queries."""
    return backend.create_table(f"kept_{uuid.uuid4().hex[:12]}", table, temp=True)
