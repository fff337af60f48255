"""Random rules and small random populations, and both as every interpreter wants them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from data.segment_events import EventTable
from data.segment_query import SegmentTables
from kindred.events import EVENT_SCHEMA, PROPERTIES
from kindred.segments import rules as r
from kindred.segments.context import Context, percentile
from kindred.segments.profile import Happened, Profile
from kindred.segments.rules import Rule
from kindred.segments.thresholds import threshold
from kindred.segments.walk import leaves

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
AS_OF = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
RUN = 7
EVENTS = ("Order Completed", "Product Added", "Product Viewed")
NUMERIC = ("monetary", "frequency")
TRAITS = {
    "monetary": pa.float64(),
    "frequency": pa.int64(),
    "income": pa.string(),
    "opted_in": pa.bool_(),
    "last_order_at": pa.timestamp("us", tz="UTC"),
    "tags": pa.list_(pa.string()),
}
TYPED = ("revenue", "category", "position")


@dataclass(frozen=True)
class Person:
    """One person of a made-up population."""

    id: str
    traits: dict[str, Any]
    events: list[Happened]
    cluster: int | None = None

    def profile(self) -> Profile:
        clusters = {} if self.cluster is None else {RUN: self.cluster}
        return Profile.of(self.id, self.traits, self.events, clusters)


@dataclass(frozen=True)
class World:
    """A population with what the rules over it may refer to."""

    people: list[Person]
    as_of: datetime = AS_OF
    lists: dict[str, frozenset[str]] = field(default_factory=dict)
    segments: dict[str, Rule] = field(default_factory=dict)

    def context(self, rules: Sequence[Rule] = ()) -> Context:
        every = [*rules, *self.segments.values()]
        wanted = [leaf for rule in every for _, leaf in leaves(rule)]
        thresholds = {
            percentile(leaf): threshold(self.column(leaf.trait), leaf.end, float(leaf.percent))
            for leaf in wanted
            if isinstance(leaf, r.PercentileRule)
        }
        return Context(thresholds, self.as_of, self.segments, self.lists, frozenset({RUN}))

    def column(self, trait: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        values = [person.traits.get(trait) for person in self.people]
        return np.array([np.nan if v is None else v for v in values], dtype=float)

    def people_table(self) -> pa.Table:
        ids = [person.id for person in self.people]
        columns = {
            name: pa.array([person.traits.get(name) for person in self.people], kind)
            for name, kind in TRAITS.items()
        }
        positions = pa.array(range(len(ids)), pa.int32())
        return pa.table({"person_id": pa.array(ids, pa.string()), "position": positions, **columns})

    def event_table(self) -> pa.Table:
        rows, heard = [], set()
        for person in self.people:
            for n, event in enumerate(sorted(person.events, key=lambda e: e.at)):
                key = event.message_id or f"{person.id}-{n}"
                if (person.id, key) not in heard:
                    heard.add((person.id, key))
                    rows.append(_row(person.id, n, event))
        return pa.Table.from_pylist(rows, EVENT_SCHEMA)

    def tables(self, backend: Backend) -> SegmentTables:
        people = _registered(backend, "people", self.people_table())
        events = _registered(backend, "events", self.event_table())
        clusters = pa.table(
            {
                "person_id": pa.array([p.id for p in self.people], pa.string()),
                "cluster": pa.array([p.cluster for p in self.people], pa.int32()),
            }
        )
        found = _registered(backend, "clusters", clusters)
        return SegmentTables(people, EventTable(events), {RUN: found})


def _registered(backend: Backend, name: str, table: pa.Table) -> ibis.Table:
    backend.con.register(name, table)
    return ibis.table(_schema(name), name=name)  # asking DuckDB for it takes 40 ms


@cache
def _schema(name: str) -> ibis.Schema:
    empty = World([])
    tables = {"people": empty.people_table, "events": empty.event_table}
    clusters = pa.schema([("person_id", pa.string()), ("cluster", pa.int32())])
    return ibis.Schema.from_pyarrow(tables[name]().schema if name in tables else clusters)


_STRUCT = {field.name for field in PROPERTIES}


def _row(person: str, n: int, event: Happened) -> dict[str, Any]:
    typed = {k: v for k, v in event.properties.items() if k in _STRUCT}
    other = {k: v for k, v in event.properties.items() if k not in typed}
    return {
        "messageId": f"{person}-{n}",
        "type": "track",
        "userId": person,
        "timestamp": event.at,
        "event": event.event,
        "properties": {**typed, "other": json.dumps(other) if other else None},
    }


# --- populations ----------------------------------------------------------------------------

WORDS = ("", "50-74K", "75-99K", "Käse", "a.b", "a\nb", "50-74k", "“x”", "%_")
AMOUNTS = (0.0, 0.1, 0.2, 0.3, 19.99, 20.0, 20.000001, -5.0, 1e9, 2e9, 0.0000005)
LENGTHS = ("PT1S", "PT6H", "P1D", "P1DT12H", "P7D", "P2W", "P30D")
# Times on, just before and just after the edges of those windows.
BACK = (
    *(timedelta(0), timedelta(seconds=1), timedelta(hours=6), timedelta(days=1)),
    *(timedelta(days=1, hours=12), timedelta(days=7), timedelta(days=14), timedelta(days=30)),
    *(timedelta(days=60), timedelta(days=400), -timedelta(hours=1), -timedelta(days=2)),
)
TWITCH = (timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1))
ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=8)))

times = st.builds(
    lambda back, twitch, zone: (AS_OF - back + twitch).astimezone(zone),
    st.sampled_from(BACK),
    st.sampled_from(TWITCH),
    st.sampled_from(ZONES),
)
products = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "category": st.sampled_from(("Dairy", "Deli")),
            "revenue": st.sampled_from(AMOUNTS),
            "quantity": st.sampled_from((1.0, 2.0)),
        },
    ),
    max_size=3,
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "revenue": st.sampled_from((*AMOUNTS, float("nan"))),
        "category": st.sampled_from(("Dairy", "Deli", *WORDS)),
        "position": st.integers(0, 3),
        "rating": st.sampled_from((1, 2.5, "good", "2.5", True, None)),
        'odd/"~na me': st.sampled_from((1, "x")),
        "products": products,
    },
)
happened = st.builds(
    Happened,
    event=st.sampled_from(EVENTS),
    at=times,
    properties=properties,
    message_id=st.sampled_from((None, None, None, "m1", "m2")),
)
traits = st.fixed_dictionaries(
    {},
    optional={
        "monetary": st.sampled_from((*AMOUNTS, float("nan"), float("inf"), None)),
        "frequency": st.sampled_from((0, 1, 2, 3, 1 << 53)),
        "income": st.sampled_from(WORDS),
        "opted_in": st.booleans(),
        "last_order_at": times,
        "tags": st.lists(st.sampled_from(("vip", "new", "")), max_size=3),
    },
)
people = st.builds(
    lambda parts: [Person(f"p{i}", *part) for i, part in enumerate(parts)],
    st.lists(
        st.tuples(traits, st.lists(happened, max_size=7), st.sampled_from((None, 1, 2, -1))),
        max_size=7,
    ),
)

# --- rules ----------------------------------------------------------------------------------

numbers = st.sampled_from((0, 1, 2, 3, 20, 0.3, 0.6, 19.99, 20.0, -5, 1e9))
words = st.sampled_from(WORDS)
values = numbers | words | st.booleans()
lengths = st.sampled_from(LENGTHS)
ends = st.sampled_from(("2026-10-01", "2026-10-31T12:00:00Z", "2026-11-01T17:30:00+05:30"))


def _some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(values, min_size=1, max_size=3).map(tuple)


def _pair(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(values, values)


PATTERNS = ("^5", "K$", "a.b", "(?i)käse", r"\d+-\d+K", "", "(?s)a.b", "[^a]")
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("eq", "ne"), values),
    **dict.fromkeys(("lt", "lte", "gt", "gte"), numbers),
    "between": _pair(numbers),
    **dict.fromkeys(("in", "not_in"), _some(values)),
    **dict.fromkeys(("contains", "starts_with", "ends_with"), words),
    "matches": st.sampled_from(PATTERNS),
    **dict.fromkeys(("is_set", "is_not_set"), st.none()),
}
_TRAIT_VALUES = {
    **_VALUES,
    "between": _pair(numbers) | _pair(ends),
    **dict.fromkeys(("before", "after"), ends),
    **dict.fromkeys(("within_last", "within_next"), lengths),
    **dict.fromkeys(("any_of", "all_of", "none_of"), _some(st.sampled_from(("vip", "new", 3, "")))),
}


def _compared(
    build: Any, names: Sequence[str], ops: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Any]:
    return st.sampled_from(sorted(ops)).flatmap(
        lambda op: st.builds(build, st.sampled_from(names), st.just(op), ops[op])
    )


product_filters = _compared(r.PropertyFilter, ("category", "revenue", "nothing"), _VALUES)
property_filters = _compared(
    r.PropertyFilter, (*TYPED, "rating", "unheard of", 'odd/"~na me'), _VALUES
)
filters = st.lists(
    property_filters
    | property_filters
    | st.builds(r.ProductFilter, st.lists(product_filters, min_size=1, max_size=2).map(tuple)),
    max_size=2,
).map(tuple)
where = st.just(()) | filters
names = st.sampled_from((*EVENTS, "Never Heard Of"))
window_ends = st.sampled_from(("P30D", "P7D", "P1D")) | ends
windows = st.one_of(
    st.just({}),
    lengths.map(lambda length: {"within": length}),
    _pair(window_ends).map(lambda pair: {"between": pair}),
)


def _event(parts: tuple[Any, ...]) -> r.EventRule:
    name, (aggregate, op), value, pair, of, window, filters = parts
    if aggregate in {"did", "did_not"}:
        return r.EventRule(name, aggregate, where=filters, **window)
    return r.EventRule(
        name,
        aggregate,
        op,
        pair if op == "between" else value,
        None if aggregate == "count" else of,
        where=filters,
        **window,
    )


event_rules = st.tuples(
    names,
    st.tuples(
        st.sampled_from(("count", "sum", "avg", "min", "max", "did", "did_not")),
        st.sampled_from(("eq", "ne", "lt", "lte", "gt", "gte", "between")),
    ),
    numbers,
    _pair(numbers),
    st.sampled_from(("revenue", "revenue", "position", "rating", "category", "unheard of")),
    windows,
    where,
).map(_event)
patterns = st.builds(r.EventPattern, names, where)
steps = st.builds(
    r.Step, names, where, st.none() | lengths, st.lists(patterns, max_size=1).map(tuple)
)
sequences = st.builds(
    lambda first, rest, window, last: r.SequenceRule((first, *rest), then_not=last, **window),
    st.builds(r.Step, names, where),
    st.lists(steps, max_size=2),
    windows,
    st.none() | st.builds(r.ThenNot, names, where, st.none() | lengths),
)
trait_rules = _compared(r.TraitRule, tuple(TRAITS), _TRAIT_VALUES)
percentiles = st.builds(
    r.PercentileRule,
    st.sampled_from(NUMERIC),
    st.sampled_from(("top", "bottom")),
    st.sampled_from((1, 10, 33.3, 50, 99)),
)
event_leaves = st.one_of(
    event_rules,
    st.builds(lambda n, w, f: r.FirstTimeRule(n, where=f, **w), names, windows, where),
    st.builds(r.StoppedRule, names, lengths, st.none() | lengths, where),
    st.builds(r.RestartedRule, names, lengths, lengths, where),
    st.builds(r.RegularlyRule, names, lengths, st.integers(1, 6), st.integers(1, 4), where),
    sequences,
)
references = st.one_of(
    st.builds(r.ClusterRule, st.sampled_from((1, 2, 9)), st.just(RUN)),
    st.builds(r.ListRule, st.sampled_from(("vip", "empty"))),
    st.builds(r.SegmentRule, st.sampled_from(("plain", "nested"))),
)
plain_leaves = trait_rules | percentiles | event_leaves
any_leaf = plain_leaves | trait_rules | event_leaves | references


def grouped(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        st.builds(r.AllRule, several),
        st.builds(r.AnyRule, several),
        st.builds(r.NotRule, inner),
        st.builds(r.AtLeastRule, st.integers(0, 3), several),
    )


rules = st.recursive(any_leaf, grouped, max_leaves=4)
segments = st.builds(
    lambda plain, outer: {
        "plain": plain,
        "nested": r.AnyRule((outer, r.NotRule(r.SegmentRule("plain")))),
    },
    plain_leaves,
    plain_leaves,
)
worlds = st.builds(
    lambda people, segments: World(
        people,
        lists={"vip": frozenset({"p0", "p3", "elsewhere"}), "empty": frozenset()},
        segments=segments,
    ),
    people,
    segments,
)
