"""The list of segments, and what to begin a new one with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.format import ago, count, instant, percent, verbatim
from dashboard.segment_data import Version, population
from dashboard.segment_lists import upload
from dashboard.segment_state import propose
from dashboard.store import reading, workspace, workspace_facts
from data.memberships import Sized, latest_sizes
from data.segment_study import study
from data.segment_vocabulary import templates_know
from data.segments import Segment, list_segments, segment_names
from data.workspace import Workspace
from kindred.segments.describe import sentence
from kindred.segments.parse import read_rule
from kindred.segments.rules import AllRule
from kindred.segments.templates import Template, templates

FEW: Final = 8  # templates at first
STATES: Final = {
    "live": "Live",
    "changed": "Live, with a newer draft",
    "draft": "Draft",
    "withdrawn": "Withdrawn",
    "waiting": "Not yet valid",
    "expired": "Expired",
}


@dataclass(frozen=True)
class Board:
    """The segments there are, with their last counts and what sentences call them."""

    segments: Sequence[Segment]
    sizes: Mapping[str, Sized]
    names: Mapping[tuple[str, str], str]
    now: datetime


def read_board() -> Board:
    """Read all segments and their newest counts."""
    now = datetime.now(UTC)
    with reading() as conn:
        return Board(list_segments(conn, now), latest_sizes(conn), segment_names(conn), now)


def verdict(board: Board) -> str:
    """Say how many there are, and how fresh their counts."""
    live = sum(segment.state in {"live", "changed"} for segment in board.segments)
    many = len(board.segments)
    told = f"**{count(many)} segments, {count(live)} of them live.**"
    if many == 1:
        told = f"**1 segment, {'live' if live else 'not live'}.**"
    newest = max(board.sizes.values(), key=lambda sized: sized.as_of, default=None)
    if newest is None or newest.computed_at is None:
        return f"{told} None has been counted yet; the worker does so after each change."
    facts = workspace_facts()
    source = f", {facts.source}" if facts else ""
    counted = f"counted {ago(newest.computed_at, board.now)}"
    return f"{told} People as of {instant(newest.as_of)}{source}, {counted}."


def table(board: Board) -> None:
    """List the segments; a row opens its segment."""
    rows = pd.DataFrame([_row(segment, board) for segment in board.segments])
    chosen = st.dataframe(
        rows.drop(columns="key"),
        key="segments_board",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=58,  # two lines: names and sentences are long
        placeholder="",
        alt=f"{len(rows)} segments",
        column_config={
            "Segment": st.column_config.TextColumn(width=170),
            "State": st.column_config.TextColumn(width=150),
            "People": st.column_config.NumberColumn(format="localized", width=80),
            "Share": st.column_config.ProgressColumn(
                "Share of all", format="%.0f %%", min_value=0, max_value=100, width=110
            ),
            "Whom": st.column_config.TextColumn(width=330),
            "Counted": st.column_config.TextColumn(width=110),
            "Owner": st.column_config.TextColumn(width=80),
            "Tags": st.column_config.ListColumn(width=100),
            "Changed": st.column_config.TextColumn(width=150),
        },
    )
    st.caption("Press a row to open its segment.")
    picked = chosen["selection"]["rows"]
    if picked and picked[0] < len(rows):
        st.switch_page("pages/segment.py", query_params={"segment": rows["key"][picked[0]]})


def _row(segment: Segment, board: Board) -> dict[str, object]:
    known, live = segment.definition, segment.live
    counted = board.sizes.get(known.key) if live is not None else None
    age = counted.computed_at if counted else None
    return {
        "key": known.key,
        "Segment": known.name,
        "People": counted.size if counted else None,
        "Share": counted.share * 100 if counted and counted.share is not None else None,
        "State": STATES[segment.state],
        "Whom": live.sentence if live else _sentence(segment, board),
        "Counted": ago(age, board.now) if age else "not yet",
        "Owner": known.owner,
        "Tags": list(known.tags),
        "Changed": f"{ago(known.updated_at, board.now)}, {known.updated_by}",
    }


def _sentence(segment: Segment, board: Board) -> str:
    draft = segment.definition.draft
    return sentence(read_rule(draft), board.names) if draft is not None else ""


def begin() -> None:
    """Offer to begin a segment: from nothing, from the map, or from a list."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("New segment", icon=":material/add:", type="primary", key="segments_new"):
            _open(None)
        if st.button("Upload a list", icon=":material/upload:", key="segments_upload"):
            upload()
        st.page_link("pages/explore.py", label="Pick people on the map", icon=":material/gesture:")


def offer_templates(of: Version, *, first: bool) -> None:
    """Offer templates with whom each would catch; those past the first dozen on request."""
    shown = st.expander(
        "Begin with a template", expanded=first, key="segments_templates", on_change="rerun"
    )
    if not shown.open:
        return
    with shown:
        with st.spinner("Counting whom each would catch"):
            offered = _offered(workspace(), of)
        usable = [one for one in offered if not one[0].lacking]
        more = len(usable) > FEW and not st.session_state.get("segments_more")
        listed = usable[:FEW] if more else usable
        for start in range(0, len(listed), 4):
            row = listed[start : start + 4]
            for column, (template, size, share) in zip(st.columns(4), row, strict=False):
                with column:
                    _card(template, size, share)
        if more:
            st.button(
                f"{len(usable) - FEW} more",
                type="tertiary",
                icon=":material/expand_more:",
                key="segments_show_more",
                on_click=_more,
            )
        lacking = [one for one, _, _ in offered if one.lacking]
        if lacking:
            told = "; ".join(f"{one.name} needs {one.lacking}" for one in lacking)
            st.caption(f"Not for this data: {told}.")


def _more() -> None:
    st.session_state["segments_more"] = True


def _card(template: Template, size: int, share: float) -> None:
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        with st.container(gap="xxsmall"):
            st.markdown(f"**{verbatim(template.name)}**")
            st.caption(template.why)
        with st.container(gap="xsmall"):
            st.markdown(f"{count(size)} people · {percent(share)}")
            if st.button("Begin with it", key=f"template_{template.name}", width="stretch"):
                _open(template)


@st.cache_resource(max_entries=2, show_spinner=False, hash_funcs={Workspace: str})
def _offered(workspace: Workspace, of: Version) -> list[tuple[Template, int, float]]:
    del workspace  # only the key
    everybody = population(of)
    found = []
    with everybody.lock:
        for template in templates(templates_know(everybody)):
            seen = study(template.rule, everybody) if template.rule is not None else None
            found.append((template, seen.size if seen else 0, seen.share if seen else 0.0))
    return found


def _open(template: Template | None) -> None:
    """Put a new segment on the workbench, and go there."""
    if template is not None and template.rule is not None:
        propose(template.rule, name=template.name, notes=template.why)
    else:
        propose(AllRule(()))
    st.switch_page("pages/segment.py")
