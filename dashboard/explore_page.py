"""The frame of Explore: its head line, its tools, the two ways to see people, the empty states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from sqlalchemy import select

from dashboard.explore_data import MapView
from dashboard.explore_density import density_chart
from dashboard.explore_map import draw_map, in_words
from dashboard.explore_runs import about_run, changes, run_now, verdict
from dashboard.explore_state import Looking
from dashboard.format import count, instant, percent
from dashboard.furniture import empty_state
from dashboard.point_map import Legend
from dashboard.store import engine
from data.engine import reader
from data.map_reads import MapRun
from data.schema import trait_runs


def teach() -> None:
    """Say what to do before there is a map."""
    with reader(engine()).connect() as conn:
        imported = conn.execute(select(trait_runs.c.id).limit(1)).first() is not None
    if not imported:
        empty_state(
            "There are no people yet",
            "Import events, and their traits, clusters and this map are computed from them. "
            "Your own data comes in with `python -m pipelines import events DIR`.",
            steps=("python -m pipelines import completejourney", "python -m pipelines refresh"),
            icon=":material/upload:",
        )
        return
    empty_state(
        "The people are there, the map is not",
        "A run finds who is alike, names the clusters and lays everyone out so that those alike "
        "lie close together. It takes a minute or two.",
        icon=":material/scatter_plot:",
    )
    if st.button("Find clusters now", type="primary", icon=":material/play_arrow:"):
        run_now()


def header(view: MapView, found: Sequence[MapRun]) -> None:
    """Say what the run found, how good it is, and how fresh."""
    badge = " :violet-badge[:material/science: Simulated]" if view.facts.kind == "simulated" else ""
    with st.container(gap="xxsmall"):
        st.markdown(f"{verdict(view)}{badge}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(
                f"{view.facts.source} · run of {instant(view.run.at)} · "
                f"traits as of {instant(view.run.as_of)}",
                width="content",
            )
            _about(view, found)


@st.fragment
def _about(view: MapView, found: Sequence[MapRun]) -> None:
    """Offer what there is to know of a run; in a fragment, so that the map stays as it is."""
    with st.container(horizontal=True, gap="small", width="content"):
        good = st.popover(
            "How good is it?",
            type="tertiary",
            icon=":material/verified:",
            key="explore_good",
            on_change="rerun",
        )
        if good.open:
            with good:
                about_run(view)
        if st.button(
            "What changed?",
            type="tertiary",
            icon=":material/compare_arrows:",
            key="explore_changes",
        ):
            changes(view, found)
        if st.button("Run again", type="tertiary", icon=":material/refresh:", key="explore_again"):
            run_now()


def choose_way() -> str:
    """Let the user choose dots to pick from, or a chart of density."""
    way = st.segmented_control(
        "Show as",
        ["Map", "Density"],
        default="Map",
        key="explore_way",
        required=True,
        bind="query-params",
        width="content",
    )
    return str(way)


def people_on_map(view: MapView, looking: Looking, way: str, theme: str) -> None:
    """Show everyone, as dots to pick from or as a chart of density."""
    if way == "Density":
        _density(view, looking, theme)
    else:
        draw_map(view, looking)


def _density(view: MapView, looking: Looking, theme: str) -> None:
    """Show where people are dense, for those who cannot or will not use the canvas."""
    cluster = view.cluster(looking.focus)
    rows = (
        None
        if cluster is None
        else np.flatnonzero(view.label == list(view.clusters).index(cluster))
    )
    told = in_words(view, Legend("clusters", "density", ()))
    st.altair_chart(density_chart(view, rows, theme), key="explore_density", alt=told)
    st.caption(told)
    st.dataframe(
        [
            {
                "Cluster": c.name,
                "People": count(c.size),
                "Share": percent(c.share),
                "What they are like": c.sentence,
            }
            for c in view.clusters
        ],
        hide_index=True,
    )
