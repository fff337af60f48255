"""A rule as one query: the people whom it catches, over the traits snapshot and the events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import ibis
import pyarrow as pa

from data.segment_events import PERSON, Events, measured, sequence
from data.segment_values import column_cell, compare, holds
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.context import Context
from kindred.segments.durations import micros
from kindred.segments.measures import Condition, conditions_of
from kindred.segments.rules import Leaf, Rule

POSITION: Final = "position"


@dataclass(frozen=True)
class SegmentTables:
    """What rules are evaluated over.

    Parameters
    ----------
    people : ibis.Table
        The traits snapshot: ``person_id``, ``position`` (the row's number), a column a trait.
    events : Events
        Canonical events, each once.
    clusters : mapping of run to table
        ``person_id`` and ``cluster`` of each run.
    lists : mapping of name to table
        ``person_id`` of those on each list; one that is not here is taken from the context.
    """

    people: ibis.Table
    events: Events
    clusters: Mapping[int, ibis.Table] = field(default_factory=dict)
    lists: Mapping[str, ibis.Table] = field(default_factory=dict)


def people_in(rule: Rule, tables: SegmentTables, context: Context, as_of: datetime) -> ibis.Table:
    """Give the table of those who belong at `as_of`: one column, ``person_id``.

    Raises
    ------
    UserError
        The tables or the context lack what the rule refers to.
    """
    held = condition(rule, tables, context, as_of)
    return tables.people.filter(held).select(PERSON)


def condition(rule: Rule, tables: SegmentTables, context: Context, as_of: datetime) -> Any:
    """Give the boolean column over ``tables.people`` that a rule is; never null."""
    return _condition(rule, tables, context, as_of, ())


def _condition(
    rule: Rule, tables: SegmentTables, context: Context, as_of: datetime, within: tuple[str, ...]
) -> Any:
    if isinstance(rule, r.SegmentRule):
        inner = context.segment(rule.segment, within)
        return _condition(inner, tables, context, as_of, (*within, rule.segment))
    if isinstance(rule, r.NotRule):
        return ~_condition(rule.rule, tables, context, as_of, within)
    if isinstance(rule, r.AllRule | r.AnyRule | r.AtLeastRule):
        parts = [_condition(part, tables, context, as_of, within) for part in rule.rules]
        return _group(rule, parts)
    return leaf_condition(rule, tables, context, as_of)


def _group(rule: r.AllRule | r.AnyRule | r.AtLeastRule, parts: list[Any]) -> Any:
    if isinstance(rule, r.AllRule):
        return ibis.and_(ibis.literal(True), *parts)
    if isinstance(rule, r.AnyRule):
        return ibis.or_(ibis.literal(False), *parts)
    total = ibis.literal(0)
    for part in parts:
        total += part.cast("int64")
    return total >= rule.count


def leaf_condition(leaf: Leaf, tables: SegmentTables, context: Context, as_of: datetime) -> Any:
    """Give the boolean column of one leaf; never null."""
    if isinstance(leaf, r.EventLeaf):
        conditions = conditions_of(leaf, micros(as_of))
        return ibis.and_(*(_measured(c, tables) for c in conditions))
    return _LEAVES[type(leaf)](leaf, tables, context, as_of)


def _measured(asked: Condition, tables: SegmentTables) -> Any:
    found = measured(tables.events, asked.measure)
    test = _test(found, asked)
    people = tables.people[PERSON]
    if asked.of_nobody:
        return people.notin(found.filter(~test)[PERSON])
    return people.isin(found.filter(test)[PERSON])


def _test(found: ibis.Table, asked: Condition) -> Any:
    if asked.column != "mean":
        return compare(found[asked.column], asked.op, asked.value)
    # total op value · n, in whole numbers of up to 38 digits: nothing is divided or rounded
    total, n = (found[name].cast("decimal(38, 0)") for name in ("total", "n"))
    ends = asked.value if isinstance(asked.value, tuple) else (asked.value,)
    times = [n * ibis.literal(Decimal(end), type="decimal(38, 0)") for end in ends]
    return compare(total, asked.op, times if asked.op == "between" else times[0])


def _trait(leaf: r.TraitRule, tables: SegmentTables, _: Context, as_of: datetime) -> Any:
    return holds(column_cell(trait_column(tables, leaf.trait)), leaf.op, leaf.value, as_of)


def _percentile(
    leaf: r.PercentileRule, tables: SegmentTables, context: Context, as_of: datetime
) -> Any:
    cell = column_cell(trait_column(tables, leaf.trait))
    threshold = context.threshold(leaf)
    if threshold is None:
        return ibis.literal(False)
    return holds(cell, "gte" if leaf.end == "top" else "lte", threshold, as_of)


def trait_column(tables: SegmentTables, name: str) -> Any:
    """Give a trait's column, or refuse one that the snapshot lacks."""
    if name not in tables.people.columns or name in {PERSON, POSITION}:
        raise UserError(
            f"There is no trait {name!r} in the last run.", "Check the name, or compute traits."
        )
    return tables.people[name]


def _sequence(leaf: r.SequenceRule, tables: SegmentTables, _: Context, as_of: datetime) -> Any:
    found = sequence(tables.events, leaf, micros(as_of))
    return tables.people[PERSON].isin(found[PERSON])


def _cluster(leaf: r.ClusterRule, tables: SegmentTables, context: Context, _: datetime) -> Any:
    context.require_run(leaf.run)
    if leaf.run not in tables.clusters:
        raise UserError(f"The clusters of run {leaf.run} are not kept.", "Use the last run's.")
    clusters = tables.clusters[leaf.run]
    return tables.people[PERSON].isin(clusters.filter(clusters["cluster"] == leaf.cluster)[PERSON])


def _list(leaf: r.ListRule, tables: SegmentTables, context: Context, _: datetime) -> Any:
    if leaf.list in tables.lists:
        listed = tables.lists[leaf.list]
    else:
        ids = pa.array(sorted(context.ids(leaf.list)), pa.string())
        listed = ibis.memtable(pa.table({PERSON: ids}))
    return tables.people[PERSON].isin(listed[PERSON])


_LEAVES: Final[Mapping[type, Callable[[Any, SegmentTables, Context, datetime], Any]]] = {
    r.TraitRule: _trait,
    r.PercentileRule: _percentile,
    r.SequenceRule: _sequence,
    r.ClusterRule: _cluster,
    r.ListRule: _list,
}
