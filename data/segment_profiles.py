"""A few people as rules see them one by one: traits, the events a rule asks about, clusters."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import numpy as np

from data.lake import person_id
from data.segment_events import NUMBER, PERSON
from data.segment_population import Population
from data.segment_query import POSITION
from kindred.segments import rules as r
from kindred.segments.describe import Names
from kindred.segments.durations import micros
from kindred.segments.evidence import Evidence, why
from kindred.segments.measures import conditions_of
from kindred.segments.profile import Happened, Profile
from kindred.segments.rules import Leaf, Rule
from kindred.segments.walk import leaves_through
from kindred.segments.windows import EVER, Window, window


@dataclass(frozen=True)
class Asked:
    """What a rule asks of one person that has to be read.

    Parameters
    ----------
    events : tuple of str
        Names, in their order.
    span : Window
        The stretch of time that holds all that is asked of them.
    runs : tuple of int
        Whose clusters are asked for.
    traits : tuple of str
    """

    events: tuple[str, ...]
    span: Window
    runs: tuple[int, ...]
    traits: tuple[str, ...]


def asked_by(rule: Rule, population: Population) -> Asked:
    """Tell what a rule, and the segments it leads to, asks of one person."""
    leaves = leaves_through(rule, population.context.segments)
    names, span = _asked(leaves, population.as_of)
    runs = {leaf.run for leaf in leaves if isinstance(leaf, r.ClusterRule)}
    traits = {leaf.trait for leaf in leaves if isinstance(leaf, r.TraitRule | r.PercentileRule)}
    return Asked(tuple(names), span, tuple(sorted(runs)), tuple(sorted(traits)))


def reasons(
    rule: Rule, population: Population, profiles: Sequence[Profile], names: Names | None = None
) -> list[tuple[str, list[Evidence]]]:
    """Say of each person why they are in, or are not: their id and the leaves that decided."""
    with population.lock:
        context = population.complete([rule])
        as_of = population.as_of
        return [(p.person_id, why(p, rule, context, as_of, names)) for p in profiles]


def read_profiles(asked: Asked, population: Population, positions: Sequence[int]) -> list[Profile]:
    """Read a few people with what is asked of them, in the order of their positions."""
    with population.lock:
        rows = _traits(population, asked.traits, positions)
        ids = {row[POSITION]: row[PERSON] for row in rows}
        events = _events(population, asked, ids)
        clusters = _clusters(population, asked.runs, list(ids.values()))
    return [
        Profile.of(row[PERSON], row, events[row[POSITION]], clusters[row[PERSON]]) for row in rows
    ]


def _traits(
    population: Population, names: Sequence[str], positions: Sequence[int]
) -> list[dict[str, Any]]:
    people = population.tables.people
    known = [name for name in names if name in people.columns]
    chosen = people.filter(people[POSITION].isin([int(p) for p in positions]))
    asked = chosen.select(POSITION, PERSON, *known).order_by(POSITION)
    found: list[dict[str, Any]] = population.run(asked).to_pylist()
    return found


def _events(
    population: Population, asked: Asked, ids: Mapping[int, str]
) -> dict[int, list[Happened]]:
    found: dict[int, list[Happened]] = defaultdict(list)
    names, span = asked.events, asked.span
    if not names or not ids:
        return found
    days = population.measures.days
    if days is not None and days.covers(span):
        numbers = {n: p for p in ids for n in _numbers_at(population, p)}
        table = days.numbered.during(span)
        kept = table.filter(table["event"].isin(names) & table[NUMBER].isin(list(numbers)))
        keyed = kept.select("event", "timestamp", "properties", key=kept[NUMBER])
        places: Mapping[Any, int] = numbers
    else:
        table = population.tables.events.during(span)
        own = table["userId"].isin(list(ids.values())) | table["anonymousId"].isin(
            list(ids.values())
        )
        kept = table.filter(own & table["event"].isin(names))
        keyed = kept.select("event", "timestamp", "properties", key=person_id(kept))
        places = {person: position for position, person in ids.items()}
    for row in population.run(keyed).to_pylist():
        if row["key"] in places:
            happened = Happened(row["event"], row["timestamp"], _properties(row["properties"]))
            found[places[row["key"]]].append(happened)
    return found


def _numbers_at(population: Population, position: int) -> list[int]:
    found: list[int] = np.flatnonzero(population.measures.place_of_number == position).tolist()
    return found


def _asked(asked: Iterable[Leaf], as_of: datetime) -> tuple[list[str], Window]:
    """Name the events that leaves look at, and the stretch of time that holds them all."""
    names: set[str] = set()
    now, start = micros(as_of), micros(as_of)
    for leaf in asked:
        if isinstance(leaf, r.SequenceRule):
            names |= {step.event for step in leaf.steps}
            names |= {pattern.event for step in leaf.steps for pattern in step.without}
            names |= {leaf.then_not.event} if leaf.then_not else set()
            start = min(start, window(leaf)(now)[0])
        elif isinstance(leaf, r.EventLeaf):
            names.add(leaf.event)
            shown = [] if isinstance(leaf, r.EventRule | r.RegularlyRule) else [EVER]
            spans = [condition.measure.span[0] for condition in conditions_of(leaf, now)]
            start = min(start, *spans, *shown)
    return sorted(names), (start, now)


def _properties(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give an event's properties as it was sent: those that are there, the untyped ones too."""
    typed = {k: v for k, v in (given or {}).items() if v is not None and k != "other"}
    products = typed.get("products")
    if products is not None:
        typed["products"] = [
            {k: v for k, v in product.items() if v is not None} for product in products if product
        ]
    other = (given or {}).get("other")
    return {**(json.loads(other) if other else {}), **typed}


def _clusters(
    population: Population, runs: Sequence[int], ids: Sequence[str]
) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for run in runs:
        table: ibis.Table = population.tables.clusters[run]
        rows = population.run(table.filter(table[PERSON].isin(list(ids)))).to_pylist()
        for row in rows:
            if row["cluster"] is not None:
                found[row[PERSON]][run] = row["cluster"]
    return found
