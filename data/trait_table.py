"""The traits snapshot as one expression: each source read once, joined by person, then scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import ibis
from ibis.backends.duckdb import Backend
from ibis.util import gen_name

from data.attributes import attributes
from data.lake import person_id
from kindred.events import ORDER_COMPLETED
from kindred.traits.measures import CATEGORIES, EVENTS, MEASURES, ORDERS, Measure
from kindred.traits.registry import TRAITS
from kindred.traits.rfm import RFM_TRAITS
from kindred.traits.taste import category_measures, category_traits
from kindred.traits.trait import Trait

PERSON: Final = "person_id"
TOP_CATEGORIES: Final = 12

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class TraitTable:
    """The expression of the whole snapshot and what its columns mean, in their order."""

    table: ibis.Table
    traits: tuple[Trait, ...]


def trait_table(
    backend: Backend,
    events: ibis.Table,
    as_of: datetime,
    progress: Progress = lambda _fraction, _message: None,
) -> TraitTable:
    """Build the snapshot of everybody who has an event before `as_of`.

    Each source is summed by person into a temporary table: one after the other they need less
    memory than together, and spending by category, from which the top categories follow, serves
    twice. What is left to run is joins and arithmetic on N people.
    """
    seen = events.mutate(**{PERSON: person_id(events)})
    seen = seen.filter(
        seen["timestamp"] < ibis.timestamp(as_of.isoformat()), seen[PERSON].notnull()
    )
    progress(0.0, "spending by category")
    spending = _kept(backend, _spending(seen))
    categories = _top_categories(spending)
    measures = [*MEASURES, *category_measures(categories)]
    progress(0.5, "orders")
    orders = _kept(backend, _measured(_orders(seen), ORDERS, measures, as_of))
    progress(0.75, "events")
    people = _kept(backend, _measured(_events(seen), EVENTS, measures, as_of))
    progress(0.95, "attributes")
    computed = [*TRAITS, *category_traits(categories)]
    taken = [PERSON, *(c.trait.name for c in (*computed, *RFM_TRAITS))]
    told = attributes(backend, seen, taken=taken)
    people = _joined(people, orders)
    people = _joined(people, _measured(spending, CATEGORIES, measures, as_of))
    table = people.select(PERSON, **{c.trait.name: c.expression(people, as_of) for c in computed})
    for scored in RFM_TRAITS:
        table = table.mutate(**{scored.trait.name: scored.expression(table, as_of)})
    if told.table is not None:
        table = _joined(table, told.table)
    traits = (*(c.trait for c in (*computed, *RFM_TRAITS)), *told.traits)
    return TraitTable(table.select(PERSON, *(trait.name for trait in traits)), traits)


def _kept(backend: Backend, table: ibis.Table) -> ibis.Table:
    """Run a query now and keep its rows until the connection closes."""
    return backend.create_table(gen_name("traits"), table, temp=True)


def _joined(people: ibis.Table, more: ibis.Table) -> ibis.Table:
    return people.left_join(more, PERSON).drop(f"{PERSON}_right")


def _measured(
    table: ibis.Table, source: str, measures: Sequence[Measure], as_of: datetime
) -> ibis.Table:
    own = {m.name: m.expression(table, as_of) for m in measures if m.source == source}
    return table.group_by(PERSON).aggregate(**own)


def _events(seen: ibis.Table) -> ibis.Table:
    context = seen["context"]
    return seen.select(
        PERSON, "timestamp", "type", "event", device=context["device"], region=context["region"]
    )


def _orders(seen: ibis.Table) -> ibis.Table:
    orders = seen.filter(seen["event"] == ORDER_COMPLETED)
    properties, at = orders["properties"], orders["timestamp"]
    return orders.select(
        PERSON,
        "timestamp",
        revenue=properties["revenue"].fill_null(0.0),
        discount=properties["discount"].fill_null(0.0),
        hour=at.hour(),
        weekday=at.day_of_week.index(),
    )


def _spending(seen: ibis.Table) -> ibis.Table:
    """Lines and revenue by person and category; revenue only where there is any to share out.

    What returns bring to nothing, and lines without a category or a finite revenue, count as lines
    and not as spending.
    """
    orders = seen.filter(seen["event"] == ORDER_COMPLETED)
    lines = orders.select(PERSON, line=orders["properties"]["products"].unnest())
    line = lines["line"]
    revenue = ibis.coalesce(line["revenue"], line["price"] * line["quantity"])
    lines = lines.select(PERSON, category=line["category"], revenue=revenue)
    finite = ~(lines["revenue"].isnan() | lines["revenue"].isinf())
    summed = lines.group_by(PERSON, "category").aggregate(
        lines=lines.count(), revenue=lines["revenue"].sum(where=finite).round(6)
    )
    spent = (summed["revenue"] > 0) & summed["category"].notnull()
    return summed.mutate(revenue=ibis.ifelse(spent, summed["revenue"], None))


def _top_categories(spending: ibis.Table) -> list[str]:
    """Name the categories with most revenue, in alphabetical order."""
    spent = spending.filter(spending["revenue"].notnull())
    totals = spent.group_by("category").aggregate(revenue=spent["revenue"].sum().round(6))
    top = totals.order_by([ibis.desc("revenue"), "category"]).limit(TOP_CATEGORIES)
    return sorted(top.to_pyarrow().column("category").to_pylist())
