"""Person: who one person is, and how they compare with everyone."""

from functools import partial

import streamlit as st

from dashboard import person_data, person_segments, person_view
from dashboard.furniture import empty_state, freshness, page_head
from dashboard.person_events import every_event
from dashboard.person_map import neighbours, on_map
from dashboard.person_orders import timeline
from dashboard.store import workspace_facts
from dashboard.theme import theme_now

page_head("Person", "Who is this, and how do they compare with everyone?")
people, facts, theme = person_data.everyone(), workspace_facts(), theme_now()
if people is None:
    empty_state(
        "There is nobody to look up yet",
        "Once events are imported and traits computed, look up anyone here by their id.",
        steps=("python -m pipelines import completejourney", "python -m pipelines refresh"),
        icon=":material/person_search:",
    )
    st.stop()

currency = facts.currency if facts else None
asked = (
    st.text_input(
        "Find a person",
        key="person",
        bind="query-params",
        type="search",
        placeholder="An id, or how it begins",
        label_visibility="collapsed",
        max_chars=200,
        width=420,
    )
    or ""
).strip()
person = person_data.find(people, asked) if asked else None
if person is None:
    person_view.suggest(people, asked)
    st.stop()

person_view.suggest_others(people, person.id)
place = person_data.place_of(people, person.id)
freshness(facts, people.as_of, version=people.version, computed_at=people.at)
st.subheader(person.id, icon=":material/person:", anchor=False)
st.markdown(person_view.verdict(person, place, currency, people.as_of))
person_view.head(person, currency)
st.page_link(
    "pages/recommendations.py",
    label="See what to recommend",
    icon=":material/recommend:",
    query_params={"person": person.id},
)

compared, beside = st.columns([1.7, 1], gap="medium")
with compared, st.container(border=True):
    st.markdown("**What stands out** among everyone")
    person_view.standing_out(person, people.traits, currency, theme)
    every = st.expander("All traits", key="person_all", on_change="rerun")
    if every.open:
        with every:
            person_view.all_traits(person, people.traits, currency)
with beside, st.container(border=True):
    if place is None:
        st.caption("This person is not on the map yet: they came after the newest cluster run.")
    else:
        on_map(people, place, theme)
        neighbours(place)
with compared, st.container(border=True), st.spinner("Looking up segments"):
    person_segments.panel(person)
with beside, st.container(border=True):
    st.markdown("**Attributes**")
    person_view.attributes(person, people.traits)
with compared, st.container(border=True), st.spinner("Reading orders"):
    timeline(person_data.orders(person.id, people.as_of), currency, theme)
    every_event(partial(person_data.events, person.id, people.as_of))
