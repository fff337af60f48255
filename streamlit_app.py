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
app = st.App(__file__, middleware=[Middleware(SecurityHeaders)], on_script_error=tell_error)


def navigate() -> None:
    """Show the page that the address names, among the groups of pages."""
    pages = {
        "Understand": [
            st.Page(
                "pages/overview.py",
                title="Overview",
                icon=":material/space_dashboard:",
                default=True,
                help="How many people there are, what they buy, and what changed.",
            ),
            st.Page(
                "pages/explore.py",
                title="Explore",
                icon=":material/scatter_plot:",
                help="The map of people: who is alike, and what sets them apart.",
            ),
            st.Page(
                "pages/person.py",
                title="Person",
                icon=":material/person_search:",
                help="One person: traits against everyone, orders, place on the map.",
            ),
        ],
        "Decide": [
            st.Page(
                "pages/segments.py",
                title="Segments",
                icon=":material/group:",
                help="Which people have a name, and whom each catches.",
            ),
            st.Page(
                "pages/segment.py",
                title="Segment",
                icon=":material/group_add:",
                help="Say whom you mean, see whom that catches, publish it.",
                visibility="hidden",
            ),
            st.Page(
                "pages/recommendations.py",
                title="Recommendations",
                icon=":material/recommend:",
                help="What whom is recommended, why, and by which rules.",
            ),
            st.Page(
                "pages/models.py",
                title="Models",
                icon=":material/model_training:",
                help="Which model recommends best, for whom, and which one is live.",
            ),
            st.Page(
                "pages/experiments.py",
                title="Experiments",
                icon=":material/science:",
                help="What was tried, what came of it, and whether it can be believed.",
            ),
            st.Page(
                "pages/experiment.py",
                title="Experiment",
                icon=":material/science:",
                help="Set it up, watch its health, read the verdict.",
                visibility="hidden",
            ),
            st.Page(
                "pages/experiment_file.py",
                title="Analyse a file",
                icon=":material/upload:",
                help="An experiment in a file: from its columns to the verdict.",
                visibility="hidden",
            ),
        ],
        "Deliver": [
            st.Page(
                "pages/publications.py",
                title="Publications",
                icon=":material/publish:",
                help="What is live, since when and by whom; and the way back.",
            ),
        ],
        "Operate": [
            st.Page(
                "pages/data.py",
                title="Data",
                icon=":material/database:",
                help="What came in, how fresh it is, and what was set aside and why.",
            ),
            st.Page(
                "pages/runs.py",
                title="Runs",
                icon=":material/manufacturing:",
                help="What is being computed, what was, and what went wrong.",
            ),
            st.Page(
                "pages/settings.py",
                title="Settings",
                icon=":material/settings:",
                help="API keys, the workspace and its clock.",
            ),
        ],
    }
    frame()
    page = st.navigation(pages, expanded=True)
    st.set_page_config(page_title=f"{page.title} · Kindred")
    try:
        page.run()
    except Exception as error:
        tell_error(error)
    who_acts()
    say_now()


if st.runtime.exists():
    navigate()
