"""Experiment: set it up, watch its health, and read the verdict."""

import streamlit as st

from dashboard import experiment_setup as setup
from dashboard.experiment_data import read_kept, shown_analysis, shown_experiment
from dashboard.experiment_view import results
from dashboard.format import verbatim
from dashboard.furniture import empty_state
from dashboard.theme import theme_now
from dashboard.version_view import versions_panel
from data.experiments import KIND

st.page_link("pages/experiments.py", label="All experiments", icon=":material/arrow_back:")
theme, analysis = theme_now(), st.query_params.get("analysis")
if analysis and analysis.isdigit():
    file = shown_analysis(int(analysis))
    st.title(verbatim(file.name), anchor=False)
    badge = ":violet-badge[:material/science: Simulated] " if file.simulated else ""
    st.caption(f"{badge}{verbatim(file.told)}")
    results(file, theme)
    setup.offer_removal(int(analysis), file.name)
    st.stop()

key = st.query_params.get("experiment")
kept = read_kept(key) if key else None
st.title(verbatim(kept.definition.name) if kept else "New experiment", anchor=False)
if key and kept is None:
    st.warning(f"There is no experiment “{verbatim(key)}”.", icon=":material/search_off:")
shown = shown_experiment(kept) if kept else None
if shown:
    badge = ":violet-badge[:material/science: Simulated] " if shown.simulated else ""
    st.caption(f"{badge}{verbatim(shown.told)}")
first, second, third = st.tabs(
    ["Results", "Set-up", "Versions"],
    default="Results" if shown else "Set-up",
    on_change="rerun",
    key="experiment_tab",
)
if first.open:
    with first:
        if shown:
            results(shown, theme)
        else:
            empty_state(
                "Nobody was exposed yet",
                "Publish it, give its variations out, and send “Experiment Viewed” with"
                " experiment_id and variation_id; then bring results up to date.",
                steps=("python -m pipelines experiment_results",),
                icon=":material/hourglass_empty:",
            )
if second.open:
    with second:
        setup.editor(kept)
if third.open:
    with third:
        if kept is None:
            st.info("Save it first; every version that was published stands here then.")
        else:
            versions_panel(KIND, kept.definition.key)
