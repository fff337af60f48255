"""Publications: what is live, since when and by whom; and the way back."""

import streamlit as st

from dashboard import publication_board as board
from dashboard.furniture import empty_state, page_head

page_head("Publications", "What is live, since when, by whom, and what was live before?")
found = board.read_board()
if not found.acts:
    empty_state(
        "Nothing was published yet",
        "What is published here is what serving, batch and other tools go by: segments, steering"
        " rules, models and experiments. Begin with a segment: say whom you mean, and publish it.",
        icon=":material/publish:",
    )
    st.page_link("pages/segments.py", label="Segments", icon=":material/group:")
    st.stop()

st.markdown(board.verdict(found))
shown = board.choose_kind(found)
picked = board.live_table(shown)
picked = board.choose_withdrawn(shown) or picked
if picked is not None:
    board.one(*picked, name=next(act.name for act in found.acts if (act.kind, act.key) == picked))
else:
    st.caption("Press a row to see its versions, compare them, roll back or withdraw.")
board.history(shown)
