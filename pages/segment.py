"""Segment: say whom you mean, see whom that catches, publish it."""

import streamlit as st

from dashboard.furniture import empty_state, tell_error
from dashboard.segment_data import version
from dashboard.segment_distil import origin_in_address
from dashboard.segment_page import builder, head
from dashboard.segment_state import opened
from dashboard.segment_understanding import understanding
from dashboard.version_view import versions_panel
from dashboard.warm import settle
from data.segments import KIND
from kindred.errors import UserError

of = version()
if of is None:
    st.title("Segment", anchor=False)
    empty_state(
        "There is nobody to choose from yet",
        "Once events are imported and traits computed, say here whom you mean.",
        steps=("python -m pipelines import completejourney", "python -m pipelines refresh"),
        icon=":material/group:",
    )
    st.stop()

st.page_link("pages/segments.py", label="All segments", icon=":material/arrow_back:")
try:
    bench = opened(st.query_params.get("segment") or None, origin_in_address())
except UserError as error:
    st.title("Segment", anchor=False)
    tell_error(error)
    st.stop()
head(bench)
rule, people, versions = st.tabs(
    ["Rule", "Who they are", "Versions"], on_change="rerun", key="tab", bind="query-params"
)
if rule.open:
    with rule:
        builder(of)
if people.open:
    with people:
        understanding(of)
if versions.open:
    with versions:
        if bench.key is None:
            st.info("Save it first; every version that was published stands here then.")
        else:
            versions_panel(KIND, bench.key)
settle("segment")
