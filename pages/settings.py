"""Settings: API keys, the workspace and its clock."""

import streamlit as st

from dashboard import key_board
from dashboard.furniture import page_head

page_head("Settings", "Who may use the API, and what does this workspace hold?")
keys, about = st.columns([2, 1], gap="medium")
with keys:
    found = key_board.head()
    if found:
        picked = key_board.table(found)
        key_board.one(picked)
with about:
    key_board.workspace_card()
    key_board.api_card()
