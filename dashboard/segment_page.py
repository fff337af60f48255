"""The Segment screen: its head with save and publish, the editor, and beside it whom it catches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboard import segment_outcome as outcome
from dashboard.format import verbatim
from dashboard.segment_data import Version, Vocabulary, catalogue, population, vocabulary
from dashboard.segment_distil import distil_panel
from dashboard.segment_editor import editor
from dashboard.segment_publish import publish
from dashboard.segment_save import discard, is_stale, particulars, save, settle_conflict
from dashboard.segment_state import Workbench, place_of, workbench
from dashboard.store import workspace_facts
from dashboard.theme import theme_now
from dashboard.version_view import badge
from data.segment_population import Population
from data.segment_study import Study, study
from kindred.errors import UserError
from kindred.segments.catalogue import Catalogue
from kindred.segments.editing import Place
from kindred.segments.parse import Problem
from kindred.segments.validate import problems


@dataclass(frozen=True)
class Desk:
    """All that a run of the editor looks at.

    Parameters
    ----------
    studied : Study or None
        Whom the rule catches; none while it can't be evaluated.
    problems : list of Problem
        What is wrong with the rule.
    """

    bench: Workbench
    everybody: Population
    there: Vocabulary
    known: Catalogue
    studied: Study | None
    problems: list[Problem]


@st.fragment(key="segment_builder")
def builder(of: Version) -> None:
    """Edit the rule; every edit runs this and nothing else of the page."""
    bench, everybody = workbench(), population(of)
    there, known = vocabulary(of, everybody), catalogue(of, everybody)
    if bench.origin is not None:
        distil_panel(bench, bench.origin, of, everybody, there)
    desk = _desk(bench, everybody, there, known)
    settle_conflict(bench, there)
    _tools(desk)
    left, right = st.columns([1.85, 1], gap="medium")
    with left:
        _edit(desk)
    with right:
        _outcome(desk)


def _desk(bench: Workbench, everybody: Population, there: Vocabulary, known: Catalogue) -> Desk:
    """Check the rule, and work out whom it catches."""
    found = problems(bench.result, known, bench.key)
    studied = None
    if not found:
        try:
            studied = study(bench.rule, everybody, there.names)
        except UserError as error:
            found = [Problem("", error.what, error.fix)]
    return Desk(bench, everybody, there, known, studied, found)


def _tools(desk: Desk) -> None:
    bench = desk.bench
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Undo",
            icon=":material/undo:",
            disabled=not bench.edits.before,
            key="segment_undo",
            on_click=_undo,
            shortcut="Ctrl+Z",
        )
        st.button(
            "Redo",
            icon=":material/redo:",
            disabled=not bench.edits.undone,
            key="segment_redo",
            on_click=_redo,
            shortcut="Ctrl+Shift+Z",
        )
        st.space("stretch")
        st.markdown(_standing(bench), width="content")
        if bench.dirty and bench.key is not None:
            st.button("Discard", type="tertiary", key="segment_discard", on_click=discard)
        wrong = bool(desk.problems)
        if st.button("Save draft", icon=":material/save:", disabled=wrong, key="segment_save"):
            save()
        if st.button(
            "Publish …",
            icon=":material/publish:",
            type="primary",
            disabled=desk.studied is None,
            key="segment_publish",
        ):
            assert desk.studied is not None
            publish(bench, desk.studied, desk.everybody, desk.there, desk.known)


def _standing(bench: Workbench) -> str:
    """Say whether what stands in the editor is saved."""
    stale = is_stale(bench)
    if stale:
        return f":orange-badge[:material/warning: {verbatim(stale)} saved since you opened it]"
    if bench.unsaid:
        return ""
    return ":gray-badge[Not saved]" if bench.dirty or bench.key is None else ""


def _undo() -> None:
    workbench().undo()


def _redo() -> None:
    workbench().redo()


def _edit(desk: Desk) -> None:
    outcome.says(desk.bench, desk.there)
    placed: dict[Place, list[Problem]] = defaultdict(list)
    for problem in desk.problems:
        placed[place_of(problem.path)].append(problem)
    editor(desk.bench, desk.there, desk.studied.sizes if desk.studied else {}, placed)
    with st.container(border=True):
        particulars(desk.bench)
    as_json = st.expander("The rule as JSON", key="segment_json", on_change="rerun")
    if as_json.open:
        with as_json:
            outcome.as_json(desk.bench, desk.known)


def _outcome(desk: Desk) -> None:
    studied, everybody = desk.studied, desk.everybody
    if studied is None:
        st.info("Put the marked condition right to see whom the rule catches.")
        return
    facts = workspace_facts()
    with st.container(border=True):
        outcome.headline(studied, facts.currency if facts else None)
        outcome.freshness(everybody, facts.source if facts else "")
        outcome.funnel(studied, theme_now())
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Some of them, and why**", width="stretch")
            st.button(
                "Others",
                icon=":material/shuffle:",
                type="tertiary",
                key="segment_others",
                on_click=_shuffle,
            )
        seed = int(st.session_state.get("segment_seed", 0))
        outcome.people(desk.bench, studied, everybody, desk.there, seed)


def _shuffle() -> None:
    st.session_state["segment_seed"] = st.session_state.get("segment_seed", 0) + 1


def head(bench: Workbench) -> None:
    """Name the segment and say how it stands."""
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title(verbatim(bench.name) or "New segment", anchor=False, width="content")
            if bench.now is not None:
                st.markdown(badge(bench.now, datetime.now(UTC)))
            elif bench.key is not None:
                st.markdown(":gray-badge[Draft]")
        st.caption("Whom do you mean, and whom does that catch?")
