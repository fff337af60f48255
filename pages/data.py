"""Data: what came in, how fresh it is, and what was set aside and why."""

import streamlit as st

from dashboard import data_board, import_board
from dashboard.furniture import empty_state, page_head
from dashboard.theme import theme_now

page_head("Data", "What came in, how fresh is it, and was anything set aside?")
found = data_board.read_board()
if found.empty:
    empty_state(
        "Nothing has come in yet",
        "Events come in by an import, or from your site through a Segment or RudderStack SDK that"
        " is pointed at Kindred's API.",
        steps=(
            "python -m pipelines import completejourney",
            "python -m pipelines keys create shop --scope collect",
        ),
        icon=":material/database:",
    )
    st.stop()

st.markdown(data_board.verdict(found))
data_board.numbers(found)
arrived, fresh = st.columns([2, 1], gap="medium")
with arrived, st.container(border=True):
    data_board.by_hour(found, theme_now())
with fresh, st.container(border=True):
    data_board.freshness(found)
data_board.by_key(found)
data_board.refusals(found)
import_board.imports()
