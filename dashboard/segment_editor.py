"""The rule editor: groups within groups, each condition a line, with what each catches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from dashboard.format import count, percent
from dashboard.segment_data import Vocabulary
from dashboard.segment_fields import Form
from dashboard.segment_forms import fields_of
from dashboard.segment_state import Spot, Workbench, edit, workbench
from dashboard.segment_words import GROUPS, KINDS
from kindred.segments import editing
from kindred.segments.defaults import can_begin, new_leaf
from kindred.segments.editing import Group, Place, group_of
from kindred.segments.parse import Problem
from kindred.segments.rules import AtLeastRule, NotRule, Rule

GROUP: Final = "group"
BESIDE: Final = 118  # pixels for a size and the menu
Sizes = Mapping[Place, int]
Problems = Mapping[Place, list[Problem]]


def editor(bench: Workbench, there: Vocabulary, sizes: Sizes, problems: Problems) -> None:
    """Show the rule, to be edited in place.

    Parameters
    ----------
    sizes : mapping
        How many people the rule at each place catches; nothing where that can't be said.
    """
    _rule(bench, (), bench.rule, there, sizes, problems, negated=False)


def _rule(
    bench: Workbench,
    place: Place,
    rule: Rule,
    there: Vocabulary,
    sizes: Sizes,
    problems: Problems,
    *,
    negated: bool,
) -> None:
    if isinstance(rule, NotRule):
        inner = (*place, 0)
        _rule(bench, inner, rule.rule, there, sizes, problems, negated=not negated)
        return
    with st.container(border=True, gap="small", key=f"segment-{bench.generation}-box-{place}"):
        shown = _outermost_not(bench.rule, place) if negated else place
        size = sizes.get(shown)
        if isinstance(rule, Group):
            _group(bench, place, rule, there, sizes, problems, negated=negated, size=size)
        else:
            _leaf(bench, place, there, negated=negated, size=size)
        for problem in problems.get(place, ()):
            st.error(f"{problem.what} {problem.accepted}", icon=":material/error:")


def _outermost_not(rule: Rule, place: Place) -> Place:
    """Find the place of the `not` around a rule, whose size is the one that counts."""
    return place[:-1] if place and isinstance(editing.rule_at(rule, place[:-1]), NotRule) else place


def _group(
    bench: Workbench,
    place: Place,
    rule: Group,
    there: Vocabulary,
    sizes: Sizes,
    problems: Problems,
    *,
    negated: bool,
    size: int | None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", width="stretch"
        ):
            _heading(bench, place, rule, negated=negated)
        with _right():
            _size(size, there.people)
            if place:
                _menu(bench, place, rule)
    if not rule.rules:
        nothing = "everybody" if rule.kind != "any" else "nobody"
        st.caption(f"No condition yet, so this is {nothing}. Add one:")
    for step, child in enumerate(rule.rules):
        _rule(bench, (*place, step), child, there, sizes, problems, negated=False)
    _add(bench, place, there)


def _heading(bench: Workbench, place: Place, rule: Group, *, negated: bool) -> None:
    if negated:
        st.markdown(":red-badge[not]", width="content")
    key = f"segment-{bench.generation}-join-{place}"
    st.selectbox(
        "How the conditions join",
        list(GROUPS),
        index=list(GROUPS).index(rule.kind),
        format_func=GROUPS.__getitem__,
        key=key,
        label_visibility="collapsed",
        width=190,
        on_change=_take_join,
        args=(Spot(bench.generation, place), key),
    )
    if isinstance(rule, AtLeastRule):
        key = f"segment-{bench.generation}-count-{place}"
        st.number_input(
            "How many of them",
            value=rule.count,
            min_value=1,
            max_value=max(len(rule.rules), 1),
            key=key,
            label_visibility="collapsed",
            width=110,
            on_change=_take_count,
            args=(Spot(bench.generation, place), key),
        )


def _leaf(
    bench: Workbench, place: Place, there: Vocabulary, *, negated: bool, size: int | None
) -> None:
    with st.container(horizontal=True, vertical_alignment="top", gap="xsmall"):
        with st.container(gap="xsmall", width="stretch"):
            fields_of(Form(bench, place, there, bench.generation, negated))
        with _right():
            _size(size, there.people)
            _menu(bench, place, editing.rule_at(bench.rule, place))


def _right() -> Any:
    return st.container(
        horizontal=True,
        horizontal_alignment="right",
        vertical_alignment="center",
        gap="xxsmall",
        width=BESIDE,
    )


def _size(size: int | None, people: int) -> None:
    if size is not None:
        share = percent(size / people) if people else "nobody known"
        st.markdown(f":small[:gray[{count(size)} · {share}]]", width="content")


_ACTIONS: Final = {
    "negate": "Turn into its opposite",
    "group": "Put into a group of its own",
    "ungroup": "Take the group apart",
    "duplicate": "Duplicate",
    "up": "Move up",
    "down": "Move down",
    "above": "Move into the group above",
    "below": "Move into the group below",
    "out": "Remove",
}


def _menu(bench: Workbench, place: Place, rule: Rule) -> None:
    beside: set[str] = set(editing.groups_beside(bench.rule, place))
    missing = {"above", "below"} - beside | (set() if isinstance(rule, Group) else {"ungroup"})
    options = [name for name in _ACTIONS if name not in missing]
    key = f"segment-{bench.generation}-menu-{place}"
    st.menu_button(
        "",
        options,
        format_func=_ACTIONS.__getitem__,
        icon=":material/more_horiz:",
        key=key,
        type="tertiary",
        help="Negate, group, duplicate, move, remove",
        on_click=_take_action,
        args=(Spot(bench.generation, place), key),
    )


def _add(bench: Workbench, place: Place, there: Vocabulary) -> None:
    options = [kind for kind in KINDS if can_begin(kind, there)]
    key = f"segment-{bench.generation}-add-{place}"
    st.menu_button(
        "Add a condition",
        [*options, GROUP],
        format_func=lambda kind: KINDS[kind][0] if kind in KINDS else "A group of conditions",
        icon=":material/add:",
        key=key,
        type="secondary",
        on_click=_take_add,
        args=(Spot(bench.generation, place), key, there),
    )


@edit
def _take_join(spot: Spot, key: str) -> None:
    bench = workbench()
    bench.take(editing.regrouped(bench.rule, spot.place, st.session_state[key]))


@edit
def _take_count(spot: Spot, key: str) -> None:
    bench, count_ = workbench(), st.session_state[key]
    if count_ is not None:
        bench.take(editing.regrouped(bench.rule, spot.place, "at_least", int(count_)), redraw=False)


@edit
def _take_add(spot: Spot, key: str, there: Vocabulary) -> None:
    bench, kind = workbench(), st.session_state[key]
    new: Rule = group_of("any", ()) if kind == GROUP else new_leaf(kind, there)
    bench.take(editing.added(bench.rule, spot.place, new))


@edit
def _take_action(spot: Spot, key: str) -> None:
    bench, action = workbench(), st.session_state[key]
    changed = {
        "negate": lambda: editing.negated(bench.rule, spot.place),
        "group": lambda: editing.grouped(bench.rule, spot.place),
        "ungroup": lambda: editing.ungrouped(bench.rule, spot.place),
        "duplicate": lambda: editing.duplicated(bench.rule, spot.place),
        "up": lambda: editing.moved(bench.rule, spot.place, -1),
        "down": lambda: editing.moved(bench.rule, spot.place, 1),
        "above": lambda: editing.moved_beside(bench.rule, spot.place, "above"),
        "below": lambda: editing.moved_beside(bench.rule, spot.place, "below"),
        "out": lambda: editing.removed(bench.rule, spot.place),
    }[action]()
    bench.take(changed)
