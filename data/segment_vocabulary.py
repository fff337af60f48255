"""What a rule may say, with how common each is: events, their properties, values of traits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pyarrow.parquet as pq

from data.segment_columns import Numbers, Texts
from data.segment_events import NUMBER, keyed
from data.segment_population import Population
from kindred.segments.durations import DAY, micros
from kindred.segments.templates import Known
from kindred.segments.windows import EVER
from kindred.traits.trait import TraitType

SAMPLED: Final = 20_000  # events of a name that its properties are told by
MOST_VALUES: Final = 200
RECENT_DAYS: Final = 30
PRODUCTS: Final = "products"


@dataclass(frozen=True)
class EventKnown:
    """An event that was seen: by how many people, and how often."""

    name: str
    people: int
    events: int


@dataclass(frozen=True)
class Spread:
    """How a trait's values lie among everybody.

    Parameters
    ----------
    known : float
        Share of people of whom it is known.
    values : tuple of (value, share of people)
        The commonest first; empty for numbers.
    quantiles : tuple of float
        Smallest, tenth, median, ninetieth percentile, largest; empty for others.
    """

    known: float
    values: tuple[tuple[str, float], ...] = ()
    quantiles: tuple[float, ...] = ()


@dataclass(frozen=True)
class PropertyKnown:
    """A property of an event, or of the products in it.

    Parameters
    ----------
    share : float
        Of the events looked at (or their products), how many have it.
    values : tuple of (value, share)
        The commonest first; empty for numbers.
    """

    name: str
    type: TraitType
    share: float
    of_products: bool = False
    values: tuple[tuple[Any, float], ...] = ()
    quantiles: tuple[float, ...] = ()


def events_known(population: Population) -> list[EventKnown]:
    """List the events, those of most people first."""
    days = population.measures.days
    if days is not None and len(days.aggregates) == len(days.events):
        table = days.table(list(days.aggregates.values()))
        grouped = table.group_by("event").aggregate(
            people=table[NUMBER].nunique(), events=table["n"].sum().cast("int64")
        )
    else:
        raw = population.tables.events.during((EVER, -EVER))
        rows, key = keyed(raw.filter(raw["event"].notnull()), event=raw["event"])
        grouped = rows.group_by("event").aggregate(people=rows[key].nunique(), events=rows.count())
    found = population.run(grouped.order_by(ibis.desc("people"), "event")).to_pylist()
    return [EventKnown(row["event"], row["people"], row["events"]) for row in found]


def traits_known(path: Path) -> dict[str, float]:
    """Tell of how many people each trait is known; read from the file's statistics alone."""
    found = pq.ParquetFile(path).metadata
    missing: Counter[str] = Counter()
    for group in range(found.num_row_groups):
        row_group = found.row_group(group)
        for place in range(row_group.num_columns):
            column = row_group.column(place)
            if column.statistics is not None and "." not in column.path_in_schema:
                missing[column.path_in_schema] += column.statistics.null_count or 0
    return {name: 1 - nulls / max(found.num_rows, 1) for name, nulls in missing.items()}


def spread(population: Population, trait: str) -> Spread:
    """Tell how a trait's values lie."""
    column = population.columns.column(trait)
    size = max(population.size, 1)
    if isinstance(column, Numbers):
        there = column.values[~np.isnan(column.values)]
        return Spread(len(there) / size, quantiles=_quantiles(there))
    if isinstance(column, Texts):
        counts = np.bincount(column.places, minlength=len(column.distinct) + 1)[:-1]
        order = np.argsort(-counts, kind="stable")[:MOST_VALUES]
        values = tuple((column.distinct[i], float(counts[i] / size)) for i in order.tolist())
        return Spread(float(counts.sum() / size), values)
    return _asked_spread(population, trait)


def _asked_spread(population: Population, trait: str) -> Spread:
    people = population.tables.people
    known = people[trait].notnull().mean()
    share = population.run(people.aggregate(known=known)).column("known").to_pylist()[0] or 0.0
    if not people[trait].type().is_array():
        return Spread(share)
    items = people.select(item=people[trait].unnest()).group_by("item").aggregate(n=ibis._.count())
    found = population.run(items.order_by(ibis.desc("n"), "item").limit(MOST_VALUES)).to_pylist()
    size = max(population.size, 1)
    return Spread(share, tuple((str(row["item"]), row["n"] / size) for row in found))


def properties_known(population: Population, event: str) -> list[PropertyKnown]:
    """Tell which properties an event has, by a sample of its newest; the commonest first."""
    now = micros(population.as_of)
    rows: list[dict[str, Any]] = []
    for back in (RECENT_DAYS * DAY, -EVER):
        table = population.tables.events.during((now - back, now))
        sampled = table.filter(table["event"] == event).select("properties").limit(SAMPLED)
        rows = [row["properties"] or {} for row in population.run(sampled).to_pylist()]
        if rows:
            break
    found = _properties(_flat(rows), len(rows), of_products=False)
    products = [product for row in rows for product in row.get(PRODUCTS) or () if product]
    return found + _properties(_flat(products), len(products), of_products=True)


def templates_know(population: Population) -> Known:
    """Tell templates what the workspace holds."""
    traits = frozenset(population.context.traits or {})
    names = population.run(population.event_names()).column("event").to_pylist()
    told: list[str] = [t for t in ("rfm_group", "favourite_category", "region") if t in traits]
    values = {name: [value for value, _ in spread(population, name).values] for name in told}
    return Known(traits, frozenset(names), values)


def _flat(rows: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """Collect the values of each property."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        other = row.get("other")
        for name, value in (*row.items(), *(json.loads(other) if other else {}).items()):
            if value is not None and name not in {"other", PRODUCTS}:
                found.setdefault(name, []).append(value)
    return found


def _properties(
    values: dict[str, list[Any]], rows: int, *, of_products: bool
) -> list[PropertyKnown]:
    found = []
    for name, seen in values.items():
        kind = _type(seen)
        if kind is None:
            continue
        share = len(seen) / max(rows, 1)
        if kind is TraitType.NUMBER:
            spread = _quantiles(np.array(seen, dtype=float))
            found.append(PropertyKnown(name, kind, share, of_products, quantiles=spread))
        else:
            common = tuple((v, n / len(seen)) for v, n in Counter(seen).most_common(MOST_VALUES))
            found.append(PropertyKnown(name, kind, share, of_products, common))
    return sorted(found, key=lambda p: (-p.share, p.name))


def _type(seen: Sequence[Any]) -> TraitType | None:
    """Tell what kind of value a property has; None for what no filter can compare."""
    for kinds, type_ in (
        ((bool,), TraitType.FLAG),
        ((int, float), TraitType.NUMBER),
        ((str,), TraitType.CATEGORY),
    ):
        if all(type(value) in kinds for value in seen):
            return type_
    return None


def _quantiles(values: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, ...]:
    if not len(values):
        return ()
    return tuple(float(q) for q in np.quantile(values, (0, 0.1, 0.5, 0.9, 1)))
