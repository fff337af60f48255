"""A sequence as lines of fields: first this, then that, with nothing of those in between."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.segment_event_fields import (
    choose_event,
    filters,
    first_filter,
    optional_length,
    window,
)
from dashboard.segment_fields import Form, row, word
from dashboard.segment_state import edit
from kindred.segments.fields import Way, part, with_item, without_item
from kindred.segments.rules import EventPattern, Step, ThenNot


def sequence(form: Form) -> None:
    """Show the steps of a sequence."""
    rule = form.leaf
    for number, step in enumerate(rule.steps):
        here: Way = ("steps", number)
        with row():
            word("first" if number == 0 else "then")
            choose_event(form, here)
            if number:
                optional_length(form, (*here, "within"), "at any time after", "within")
                for place in range(len(step.without)):
                    word("with no" if place == 0 else "nor")
                    choose_event(form, (*here, "without", place))
                _menu(form, here, number)
            first_filter(form, here)
        filters(form, here)
    with row():
        if rule.then_not is not None:
            word("and then no")
            choose_event(form, ("then_not",))
            optional_length(form, ("then_not", "within"), "since", "within")
        word("all of it")
        window(form)
        key = form.key("more")
        options = ["step", "forget" if rule.then_not else "then_not"]
        st.menu_button(
            "More",
            options,
            format_func=_SEQUENCE_WORDS.__getitem__,
            key=key,
            type="tertiary",
            icon=":material/add:",
            on_click=_take_sequence,
            args=(form, key),
        )


_SEQUENCE_WORDS: Final = {
    "step": "Add a step",
    "then_not": "… and then nothing of",
    "forget": "Leave out what must not follow",
    "without": "Nothing in between of …",
    "within_any": "Allow anything in between",
    "out": "Take this step out",
}


def _menu(form: Form, way: Way, number: int) -> None:
    step: Step = part(form.leaf, way)
    options = ["within_any" if step.without else "without"]
    if len(form.leaf.steps) > 2:
        options.append("out")
    key = form.key(*way, "menu")
    st.menu_button(
        "",
        options,
        format_func=_SEQUENCE_WORDS.__getitem__,
        key=key,
        type="tertiary",
        icon=":material/more_horiz:",
        help=f"Step {number + 1}",
        on_click=_take_step,
        args=(form, way, key),
    )


@edit
def _take_step(form: Form, way: Way, key: str) -> None:
    action = st.session_state[key]
    if action == "out":
        form.put(without_item(form.leaf, way))
    else:
        barred = (EventPattern(form.there.events[0]),) if action == "without" else ()
        form.set((*way, "without"), barred)
        form.bench.redraw()


@edit
def _take_sequence(form: Form, key: str) -> None:
    action = st.session_state[key]
    if action == "step":
        form.put(with_item(form.leaf, ("steps",), Step(form.there.events[0], within="P7D")))
    else:
        last = ThenNot(form.there.events[0]) if action == "then_not" else None
        form.put(replace(form.leaf, then_not=last))
