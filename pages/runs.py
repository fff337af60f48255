"""Runs: what is being computed, what was, and what went wrong."""

import streamlit as st

from dashboard import run_board
from dashboard.furniture import page_head

page_head("Runs", "What is being computed, what was, and did all go well?")
run_board.ask_for_runs()


@st.fragment(run_every=1.5, key=run_board.LIVE)
def live() -> None:
    """Follow what goes on; once something ends, the whole page is drawn anew."""
    board = run_board.read_board()
    run_board.under_way(board)
    if st.session_state.setdefault("runs_over", board.over) != board.over:
        st.session_state["runs_over"] = board.over
        st.rerun()


live()
st.subheader("History", anchor=False)
shown = run_board.history(run_board.read_board())
if shown is not None:
    run_board.one_run(shown)
