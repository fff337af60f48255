"""One meaning: memory, one query and bitmaps find the same people, whatever the rule and people.

``make nightly`` (``HYPOTHESIS_PROFILE=nightly``) tries at least ten thousand pairs of rule and
population, and says how many held; the default a few hundred. Each example is a population with
several rules. Nearly all its time is Ibis writing the SQL of ever new rules, so it runs in shares,
which processes take side by side.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from data.lake import open_duckdb
from data.segment_columns import TraitColumns
from data.segment_measures import MeasureReader
from data.segment_population import Population, memberships
from data.segment_query import SegmentTables, condition, people_in
from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.membership import belongs, compile_rule
from kindred.segments.rules import Rule
from tests.support.segment_worlds import AS_OF, NIGHTLY, Person, World, rules, worlds

RULES = 6
SHARES = 10 if NIGHTLY else 2
slow = settings(
    max_examples=170 if NIGHTLY else 25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def backend() -> Backend:
    return open_duckdb(threads=1)


def in_memory(rule: Rule, world: World, context: Context) -> list[bool]:
    return [belongs(person.profile(), rule, context, world.as_of) for person in world.people]


def population(
    world: World, context: Context, backend: Backend, tables: SegmentTables | None = None
) -> Population:
    tables = tables or world.tables(backend)
    reader = MeasureReader(
        backend.to_pyarrow,
        len(world.people),
        tables.events,
        tables.people.select("person_id", "position"),
        np.empty(0, np.int32),
        None,
    )
    columns = TraitColumns(world.people_table().column)
    size = len(world.people)
    return Population(backend, tables, reader, columns, size, world.as_of, context)


@pytest.mark.parametrize("share", range(SHARES))
def test_memory_query_and_bitmaps_agree(
    backend: Backend, share: int, pairs_held: Callable[[int], None]
) -> None:
    @slow
    @given(world=worlds, asked=st.lists(rules, min_size=RULES, max_size=RULES))
    def agree(world: World, asked: list[Rule]) -> None:
        context = world.context(asked)
        expected = [in_memory(rule, world, context) for rule in asked]

        tables = world.tables(backend)
        columns = {f"r{i}": condition(rule, tables, context, AS_OF) for i, rule in enumerate(asked)}
        one_query = tables.people.select("position", **columns).order_by("position")
        found = backend.to_pyarrow(one_query)
        assert [found.column(f"r{i}").to_pylist() for i in range(RULES)] == expected

        opened = population(world, world.context(), backend, tables)
        bitmaps = memberships({str(i): rule for i, rule in enumerate(asked)}, opened)
        assert [bitmaps[str(i)].held().tolist() for i in range(RULES)] == expected
        pairs_held(RULES)

    agree()


@given(world=worlds, rule=rules)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_rule_and_its_negation_part_everybody_even_those_of_whom_nothing_is_known(
    world: World, rule: Rule
) -> None:
    context = world.context([rule])
    held = in_memory(rule, world, context)
    assert in_memory(r.NotRule(rule), world, context) == [not one for one in held]


@given(world=worlds, rule=rules)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_order_in_which_events_were_heard_of_changes_nothing(world: World, rule: Rule) -> None:
    context = world.context([rule])
    late = World(
        [
            Person(p.id, p.traits, [e for e in reversed(p.events) if not e.message_id], p.cluster)
            for p in world.people
        ]
    )
    prompt = World(
        [
            Person(p.id, p.traits, [e for e in p.events if not e.message_id], p.cluster)
            for p in world.people
        ]
    )
    assert in_memory(rule, late, context) == in_memory(rule, prompt, context)


@given(world=worlds, rule=rules)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_happens_at_or_after_as_of_is_not_seen(world: World, rule: Rule) -> None:
    context = world.context([rule])
    past = World(
        [
            Person(p.id, p.traits, [e for e in p.events if e.at < AS_OF], p.cluster)
            for p in world.people
        ]
    )
    # Of repeated messages the earliest counts, and it is never the one that goes.
    assert in_memory(rule, past, context) == in_memory(rule, world, context)


@given(world=worlds, rule=rules)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_compiled_rule_answers_like_belongs(world: World, rule: Rule) -> None:
    context = world.context([rule])
    compiled = compile_rule(rule, context)
    answers = [compiled(person.profile(), AS_OF) for person in world.people]
    assert answers == in_memory(rule, world, context)


def test_an_empty_population_is_no_trouble(backend: Backend) -> None:
    world = World([])
    top = r.PercentileRule("monetary", "top", 10)
    tables = world.tables(backend)
    query = people_in(top, tables, world.context([top]), AS_OF)
    assert backend.to_pyarrow(query).num_rows == 0
    assert len(population(world, Context(), backend).members(r.NotRule(top))) == 0


def test_people_in_is_a_table_of_ids(backend: Backend) -> None:
    world = World([Person("a", {"frequency": 3}, []), Person("b", {}, [])])
    rule = r.TraitRule("frequency", "gte", 3)
    found = people_in(rule, world.tables(backend), Context(), AS_OF)
    assert isinstance(found, ibis.Table)
    assert backend.to_pyarrow(found).to_pylist() == [{"person_id": "a"}]
