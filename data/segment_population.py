"""Many rules over one snapshot of people: leaves as bitmaps by position, kept and combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import RLock
from typing import Any

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from data.segment_columns import Numbers, TraitColumns
from data.segment_measures import MeasureReader
from data.segment_query import POSITION, SegmentTables, leaf_condition, trait_column
from kindred.segments import rules as r
from kindred.segments.bitmap import Bitmap, at_least
from kindred.segments.context import Context, percentile
from kindred.segments.durations import micros
from kindred.segments.measures import conditions_of
from kindred.segments.rules import Leaf, Rule
from kindred.segments.thresholds import threshold
from kindred.segments.walk import leaves_through


@dataclass
class Population:
    """Everybody of one traits run, at one time, over one version of the events.

    Since all three are fixed, whatever was worked out once stays right. One thread at a time.

    Parameters
    ----------
    size : int
        How many people there are; positions run from 0 to before it.
    as_of : datetime
        All windows end here.
    context : Context
        Lists, segments and runs; thresholds are added as rules need them.
    """

    backend: Backend
    tables: SegmentTables
    measures: MeasureReader
    columns: TraitColumns
    size: int
    as_of: datetime
    context: Context
    lock: Any = field(default_factory=RLock, repr=False)
    _kept: dict[str, Bitmap] = field(default_factory=dict, repr=False)

    def members(self, rule: Rule) -> Bitmap:
        """Give the positions of those who belong.

        Raises
        ------
        UserError
            The rule refers to what is not there.
        """
        with self.lock:
            self.complete([rule])
            return self._members(rule, ())

    def complete(self, rules: Sequence[Rule]) -> Context:
        """Give the context that every interpreter needs for these rules: thresholds added."""
        missing = {
            key: leaf
            for leaf in _percentiles(rules, self.context.segments)
            if (key := percentile(leaf)) not in self.context.thresholds
        }
        if missing:
            found = {key: self._threshold(leaf) for key, leaf in missing.items()}
            thresholds = {**self.context.thresholds, **found}
            self.context = replace(
                self.context, thresholds=thresholds, thresholds_as_of=self.as_of, compiled={}
            )
        return self.context

    def _members(self, rule: Rule, within: tuple[str, ...]) -> Bitmap:
        if isinstance(rule, r.SegmentRule):
            inner = self.context.segment(rule.segment, within)
            return self._members(inner, (*within, rule.segment))
        if isinstance(rule, r.NotRule):
            return ~self._members(rule.rule, within)
        if isinstance(rule, r.AllRule):
            found = Bitmap.everybody(self.size)
            for part in rule.rules:
                found &= self._members(part, within)
            return found
        if isinstance(rule, r.AnyRule):
            found = Bitmap.nobody(self.size)
            for part in rule.rules:
                found |= self._members(part, within)
            return found
        if isinstance(rule, r.AtLeastRule):
            sets = [self._members(part, within) for part in rule.rules]
            return at_least(rule.count, sets, self.size)
        return self._leaf(rule)

    def _leaf(self, leaf: Leaf) -> Bitmap:
        key = repr(leaf)  # not the leaf, since 1 and True are equal
        if key not in self._kept:
            self._kept[key] = self._take(leaf)
        return self._kept[key]

    def _take(self, leaf: Leaf) -> Bitmap:
        if isinstance(leaf, r.EventLeaf):
            found = Bitmap.everybody(self.size)
            for asked in conditions_of(leaf, micros(self.as_of)):
                found &= self.measures.holds(asked)
            return found
        if isinstance(leaf, r.SequenceRule):
            return self.measures.sequence(leaf, micros(self.as_of))
        if isinstance(leaf, r.PercentileRule):
            return self._percentile(leaf)
        if isinstance(leaf, r.TraitRule):
            trait_column(self.tables, leaf.trait)  # refuses what is not there
            quick = self.columns.holds(leaf.trait, leaf.op, leaf.value)
            if quick is not None:
                return quick
        held = leaf_condition(leaf, self.tables, self.context, self.as_of)
        places = self.run(self.tables.people.filter(held).select(POSITION))
        return Bitmap.of(places.column(POSITION).to_numpy(), self.size)

    def _percentile(self, leaf: r.PercentileRule) -> Bitmap:
        start = self.context.threshold(leaf)
        if start is None:
            return Bitmap.nobody(self.size)
        same = r.TraitRule(leaf.trait, "gte" if leaf.end == "top" else "lte", start)
        return self._take(same)

    def _threshold(self, leaf: r.PercentileRule) -> float | None:
        trait_column(self.tables, leaf.trait)  # refuses what is not there
        column = self.columns.column(leaf.trait)
        if not isinstance(column, Numbers):
            return None  # nobody's value is a number
        return threshold(column.values, leaf.end, float(leaf.percent))

    def event_names(self) -> ibis.Table:
        """Give the query for the names of all events."""
        return self.measures.event_names()

    def run(self, table: ibis.Table) -> pa.Table:
        """Run a query over the tables that this population holds."""
        return self.backend.to_pyarrow(table)


def memberships(rules: Mapping[str, Rule], population: Population) -> dict[str, Bitmap]:
    """Give the members of many rules; what they share is worked out once."""
    with population.lock:
        population.complete(list(rules.values()))
        return {key: population.members(rule) for key, rule in rules.items()}


def _percentiles(rules: Sequence[Rule], segments: Mapping[str, Rule]) -> list[r.PercentileRule]:
    """Find the percentile leaves of rules and of all segments that they lead to."""
    every = [leaf for rule in rules for leaf in leaves_through(rule, segments)]
    return [leaf for leaf in every if isinstance(leaf, r.PercentileRule)]
