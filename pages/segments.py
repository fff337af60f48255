"""Segments: which there are, whom they catch, and how to begin another."""

import streamlit as st

from dashboard import segment_board as board
from dashboard.furniture import empty_state, page_head
from dashboard.segment_data import version
from dashboard.segment_lists import uploaded
from dashboard.warm import settle

page_head("Segments", "Which people have a name, and whom does each catch?")
of = version()
if of is None:
    empty_state(
        "There is nobody to choose from yet",
        "Once events are imported and traits computed, say here whom you mean.",
        steps=("python -m pipelines import completejourney", "python -m pipelines refresh"),
        icon=":material/group:",
    )
    st.stop()

found = board.read_board()
if found.segments:
    st.markdown(board.verdict(found))
else:
    st.markdown("No segment yet. Begin with a template, with people on the map, or from nothing.")
board.begin()
if found.segments:
    board.table(found)
uploaded()
board.offer_templates(of, first=not found.segments)
settle("segments")
