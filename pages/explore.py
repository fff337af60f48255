"""Explore: the map of people, and beside it what is known of those picked."""

import streamlit as st

from dashboard.explore_data import list_runs, load_view
from dashboard.explore_map import choose_colour
from dashboard.explore_page import (
    choose_way,
    header,
    people_on_map,
    teach,
)
from dashboard.explore_panel import address, panel
from dashboard.explore_runs import choose_run
from dashboard.explore_state import looking_at, whole_page
from dashboard.theme import theme_now
from dashboard.warm import settle

found = list_runs()
tools = st.container(horizontal=True, vertical_alignment="bottom")
tools.title("Explore", anchor=False)
if not found:
    teach()
    st.stop()

with tools:
    run = choose_run(found)
with whole_page():
    view, theme = load_view(run), theme_now()
    looking = looking_at(run)
    with tools:
        choose_colour(view, looking)
        shown_as = choose_way()

    header(view, found)
    on_map, beside = st.columns([1.75, 1], gap="medium")
    with on_map:
        people_on_map(view, looking, shown_as, theme)
    with beside:
        panel(view, theme)
    address()
settle("explore")
