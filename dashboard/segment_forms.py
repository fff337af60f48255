"""One condition of each kind as a line of fields that reads like a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.format import percent
from dashboard.segment_event_fields import (
    choose_event,
    filters,
    first_filter,
    optional_length,
    window,
)
from dashboard.segment_fields import MIDDLE, NARROW, WIDE, Form, row, word
from dashboard.segment_sequence import sequence
from dashboard.segment_state import edit
from dashboard.segment_words import AGGREGATES, OPERATORS
from kindred.segments.defaults import MEASURES, NUMBERS
from kindred.segments.editing import replaced

_NUMBER_OPS: Final = ("gte", "lte", "gt", "lt", "eq", "ne", "between")


def fields_of(form: Form) -> None:
    """Show the fields of a condition."""
    _FORMS[form.leaf.kind](form)


def _trait(form: Form) -> None:
    with row(form):
        _choose_trait(form)
        name = form.leaf.trait
        lie = form.there.spread(name)
        form.compared((), form.there.trait_type(name), lie.values, lie.quantiles)


def _choose_trait(form: Form, *, numeric: bool = False) -> None:
    there = form.there
    names = [n for n in there.traits if not numeric or there.trait_type(n) in NUMBERS]

    def say(name: str) -> str:
        known = there.declared.get(name)
        if known is None:
            return f"{name} · not in the last run"
        share = there.shares.get(name)
        common = f" · known of {percent(share)}" if share is not None else ""
        return f"{name} · {known.sentence.rstrip('.')}{common}"

    form.choose(("trait",), "Trait", names, say, WIDE)


def _percentile(form: Form) -> None:
    with row(form):
        word("among the")
        form.choose(("end",), "End", ["top", "bottom"], str, NARROW)
        form.number(("percent",), "Percent", least=0.01)
        word("% by")
        _choose_trait(form, numeric=True)


def _event(form: Form) -> None:
    with row(form):
        rule = form.leaf
        form.choose(("aggregate",), "What of it", list(AGGREGATES), AGGREGATES.__getitem__, MIDDLE)
        if rule.aggregate in MEASURES and rule.aggregate != "count":
            there = form.there
            numeric = [
                name
                for name in there.properties(rule.event, False)
                if there.property_type(rule.event, name, False) in NUMBERS
            ]
            form.choose(("property",), "Property", numeric, str, MIDDLE)
            word("of")
        choose_event(form, ())
        if rule.aggregate in MEASURES:
            form.choose(("op",), "How to compare", _NUMBER_OPS, OPERATORS.__getitem__, MIDDLE)
            _number_value(form, whole=rule.aggregate == "count")
        window(form)
        first_filter(form, ())
    filters(form, ())


def _number_value(form: Form, *, whole: bool) -> None:
    if form.leaf.op == "between":
        form.number(("value", 0), "From", whole=whole)
        word("and")
        form.number(("value", 1), "To", whole=whole)
    else:
        form.number(("value",), "Number", whole=whole)


def _first_time(form: Form) -> None:
    with row(form):
        word("did")
        choose_event(form, ())
        word("for the first time")
        window(form)
        first_filter(form, ())
    filters(form, ())


def _stopped(form: Form) -> None:
    with row(form):
        word("did not do")
        choose_event(form, ())
        word("in the last")
        form.length(("within",), "Silence")
        word("but did")
        optional_length(form, ("before",), "before that, at any time", "in the time before, of")
        first_filter(form, ())
    filters(form, ())


def _restarted(form: Form) -> None:
    with row(form):
        word("did")
        choose_event(form, ())
        word("again in the last")
        form.length(("within",), "Window")
        word("after none for")
        form.length(("silence",), "Silence")
        first_filter(form, ())
    filters(form, ())


def _regularly(form: Form) -> None:
    with row(form):
        word("did")
        choose_event(form, ())
        word("in at least")
        form.number(("at_least",), "At least", whole=True, least=1)
        word("of the last")
        form.number(("periods",), "Periods", whole=True, least=1)
        word("periods of")
        form.length(("period",), "Period")
        first_filter(form, ())
    filters(form, ())


def _cluster(form: Form) -> None:
    with row(form):
        there, rule = form.there, form.leaf
        now = (rule.run, rule.cluster)
        options = list(there.clusters) if now in there.clusters else [now, *there.clusters]
        key = form.key("cluster")
        st.selectbox(
            "Cluster",
            options,
            index=options.index(now),
            format_func=lambda c: f"{there.names.get(('cluster', str(c[1])), c[1])} · run {c[0]}",
            key=key,
            label_visibility="collapsed",
            width=WIDE + 120,
            on_change=_take_cluster,
            args=(form, key),
        )


@edit
def _take_cluster(form: Form, key: str) -> None:
    run, cluster = st.session_state[key]
    leaf = replace(form.leaf, run=run, cluster=cluster)
    form.bench.take(replaced(form.bench.rule, form.place, leaf))


def _segment(form: Form) -> None:
    with row(form):
        names = form.there.names
        form.choose(
            ("segment",),
            "Segment",
            form.there.segments,
            lambda key: names.get(("segment", key), key),
            WIDE,
        )


def _list(form: Form) -> None:
    with row(form):
        form.choose(("list",), "List", form.there.lists, str, WIDE)


_FORMS: Final[Mapping[str, Callable[[Form], None]]] = {
    "trait": _trait,
    "percentile": _percentile,
    "event": _event,
    "first_time": _first_time,
    "stopped": _stopped,
    "restarted": _restarted,
    "regularly": _regularly,
    "sequence": sequence,
    "cluster": _cluster,
    "segment": _segment,
    "list": _list,
}
