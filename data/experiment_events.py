"""From events to sufficient statistics: variation × segment × day of exposure, where days changed.

A day's numbers depend on the events around its exposures, on who was first exposed then, and on
how the experiment is defined. All that is in the day's signature: a day whose signature stands is
not computed again, whatever else came in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import ibis
from ibis.backends.duckdb import Backend

from data.experiment_dimensions import Lookup, with_levels
from data.experiment_exposures import digests, first_exposures, kept
from data.experiment_measures import (
    DAY,
    bots,
    by_day_since,
    columns,
    events_of,
    measured,
    measured_by_visit,
)
from data.experiment_rows import cell_rows, count_rows, since_rows
from data.lake import LakeFile, read_dataset
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA
from kindred.experiments.definition import Experiment, document
from kindred.experiments.metrics import RetentionMetric
from kindred.segments.durations import length, micros, moment

REVISION: Final = 1  # raise it when the same events would give other numbers
MOST_DAYS_SINCE: Final = 28


@dataclass
class Computed:
    """What a run worked out of one experiment.

    Parameters
    ----------
    days : dict of day to (signature, units, body)
        Only those that were computed anew.
    ended : list of str
        Days on which nobody was first exposed after all.
    unknown : int
        Exposures to variations that there are not.
    """

    days: dict[str, tuple[str, int, dict[str, Any]]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    unknown: int = 0
    last_exposure_at: datetime | None = None


def compute(
    backend: Backend,
    workspace: Workspace,
    files: Mapping[str, Sequence[LakeFile]],
    key: str,
    experiment: Experiment,
    known: Mapping[str, str],
    as_of: datetime,
    lookup: Lookup | None = None,
) -> Computed:
    """Compute the days of an experiment whose signature is not the known one.

    Parameters
    ----------
    files : mapping of day to event files
    known : mapping of day to signature
        Of what is in the store.
    lookup : callable, optional
        Tells who was in which cluster or segment; without it nobody is known to be.
    """
    events = _read(backend, workspace, files, sorted(files))
    units, ids, unknown = first_exposures(backend, events, key, experiment, as_of)
    units = with_levels(backend, events, units, ids, experiment.dimensions, lookup)
    found = digests(units, experiment.dimensions)
    last = units.aggregate(at=units["at"].max()).to_pyarrow().to_pylist()[0]["at"]
    done = Computed(unknown=unknown, last_exposure_at=None if last is None else moment(last))
    signatures = {
        day: _signature(experiment, files, day, digest, as_of) for day, digest in found.items()
    }
    stale = [day for day, signed in signatures.items() if known.get(_iso(day)) != signed]
    done.ended = sorted(set(known) - {_iso(day) for day in signatures})
    for some in _runs(sorted(stale)):
        here = kept(backend, units.filter(units["day"].isin(some)))
        around = _read(backend, workspace, files, _days_around(experiment, files, some))
        bodies = _bodies(backend, around, here, ids, experiment, as_of)
        for day in some:
            body = bodies[day]
            done.days[_iso(day)] = (signatures[day], sum(body["units"].values()), body)
    return done


def span_of(experiment: Experiment) -> tuple[int, int]:
    """Give how far before and after an exposure its metrics look, in microseconds."""
    before = [length(m.before) for m in experiment.metrics if getattr(m, "before", None)]  # type: ignore[union-attr, arg-type]
    after = [length(metric.within) for metric in experiment.metrics]
    return max(before, default=0), max(after)


def _signature(
    experiment: Experiment,
    files: Mapping[str, Sequence[LakeFile]],
    day: int,
    digest: str,
    as_of: datetime,
) -> str:
    start, end = _around(experiment, day)
    until = min(micros(as_of), (end + 1) * DAY)
    read = [file.path for d in _between(files, start, end) for file in files[d]]
    judged = document(experiment)["experiment"]
    asked = {name: judged[name] for name in ("variations", "metrics", "primary", "dimensions")}
    given = json.dumps([REVISION, asked, digest, until, sorted(read)])
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()


def _around(experiment: Experiment, day: int) -> tuple[int, int]:
    """Give the first and last day that a day's exposures look at."""
    before, after = span_of(experiment)
    return day + (-before) // DAY, day + 1 + (after - 1) // DAY


def _between(files: Mapping[str, Sequence[LakeFile]], start: int, end: int) -> list[str]:
    first, last = _iso(start), _iso(end)
    return [day for day in sorted(files) if first <= day <= last]


def _days_around(
    experiment: Experiment, files: Mapping[str, Sequence[LakeFile]], days: Sequence[int]
) -> list[str]:
    wanted: set[str] = set()
    for day in days:
        wanted.update(_between(files, *_around(experiment, day)))
    return sorted(wanted)


def _runs(days: Sequence[int], most: int = 120) -> Iterator[list[int]]:
    """Take days together that share most of the events around them."""
    for start in range(0, len(days), most):
        yield list(days[start : start + most])


def _read(
    backend: Backend,
    workspace: Workspace,
    files: Mapping[str, Sequence[LakeFile]],
    days: Sequence[str],
) -> ibis.Table:
    return read_dataset(
        backend, workspace, [file for day in days for file in files[day]], EVENT_SCHEMA
    )


def _iso(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _bodies(
    backend: Backend,
    events: ibis.Table,
    units: ibis.Table,
    ids: ibis.Table,
    experiment: Experiment,
    as_of: datetime,
) -> dict[int, dict[str, Any]]:
    """Work out the numbers of some days' units."""
    now = micros(as_of)
    robots = kept(backend, bots(events, units, ids)).mutate(robot=True)
    marked = units.left_join(robots, "unit").drop("unit_right")
    marked = marked.mutate(robot=marked["robot"].fill_null(False) | marked["agent"])
    found = events_of(events, units, ids, now, span_of(experiment))
    values = measured(found, experiment.metrics)
    whole = marked.left_join(values, "unit").drop("unit_right")
    visits = measured_by_visit(found, experiment.metrics)
    if visits is not None:
        whole = whole.left_join(visits, "unit").drop("unit_right")
    names = [name for each in columns(experiment.metrics) for name in each]
    whole = whole.mutate(**{name: whole[name].fill_null(0.0) for name in names})
    whole = kept(backend, whole)
    good = whole.filter(~whole["crossed"], ~whole["robot"])
    bodies = count_rows(whole, good, experiment, now)
    cell_rows(bodies, good, experiment, _complete(experiment, now))
    primary = experiment.declared(experiment.primary)
    days = min(-(-length(primary.within) // DAY), MOST_DAYS_SINCE)
    nth = by_day_since(found, primary, days)
    if nth is not None:
        since_rows(bodies, good.select("unit", "variation", "day"), nth, now, days)
    return bodies


def _complete(experiment: Experiment, now: int) -> dict[int, int]:
    """Give the latest exposure that counts for a metric, where it needs its whole window."""
    return {
        i: now - length(metric.within)
        for i, metric in enumerate(experiment.metrics)
        if isinstance(metric, RetentionMetric)
    }
