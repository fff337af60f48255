"""Kindred's dashboard: the entry, which is navigation and nothing else."""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from dashboard import (
    experiment_view,
    explore_page,
    import_board,
    overview,
    person_orders,
    run_board,
    segment_page,
)
from dashboard.actor import who_acts
from dashboard.furniture import frame, say_now, tell_error
from dashboard.index_page import routes
from dashboard.navigation import pages
from dashboard.security import SecurityHeaders

# Loaded with the server, so that the first visitor need not wait seconds for Altair and DuckDB.
_LOADED = (
    experiment_view,
    explore_page,
    import_board,
    overview,
    person_orders,
    run_board,
    segment_page,
)

# `streamlit run` imports this file once for `app`, and runs it as a script on every visit.
# Streamlit takes a folder called pages for the navigation it had before `st.navigation`, until
# that is first called: a link to a page, opened first thing, would show the page out of its frame.
PagesManager.uses_pages_directory = False
app = st.App(
    __file__,
    routes=routes(),
    middleware=[Middleware(SecurityHeaders)],
    on_script_error=tell_error,
)


def navigate() -> None:
    """Show the page that the address names, in the frame that all have."""
    frame()
    page = st.navigation(pages(), expanded=True)
    st.set_page_config(page_title=f"{page.title} · Kindred")
    try:
        page.run()
    except Exception as error:
        tell_error(error)
    who_acts()
    say_now()


if st.runtime.exists():
    navigate()
