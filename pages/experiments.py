"""Experiments: what was asked, what came of it, and whether it can be believed."""

import streamlit as st

from dashboard import experiment_board as board
from dashboard.experiment_data import read_board
from dashboard.furniture import empty_state, page_head
from dashboard.warm import settle

page_head("Experiments", "What did we try, what came of it, and can it be believed?")
board.begin()
found = board.rows(read_board())
if not found:
    empty_state(
        "There is no experiment yet",
        "Define one, and give its variations out with any GrowthBook SDK; or analyse a file from"
        " anywhere: a row a person, with its variation and what it did.",
        steps=("python -m pipelines analyze FILE --control A --metric clicked:proportion",),
        icon=":material/science:",
    )
    st.stop()
st.markdown(board.verdict(found))
board.table(found)
settle("experiments")
