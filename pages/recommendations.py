"""Recommendations: what whom is recommended, why, and by which rules."""

import streamlit as st

from dashboard.furniture import empty_state, freshness, page_head
from dashboard.recommend_data import items_of, ready
from dashboard.recommend_items import for_item
from dashboard.recommend_people import for_person, for_segment
from dashboard.recommend_rules import rules_view
from dashboard.recommend_studio import studio
from dashboard.recommend_views import VIEWS, lists_told, verdict
from dashboard.steering_state import edited, read_kept
from dashboard.store import workspace_facts
from dashboard.warm import settle

page_head("Recommendations", "What would we show whom, why, and by which rules?")
found = ready()
if found is None:
    empty_state(
        "No model is live yet",
        "A model learns from who bought what, and the best of those trained becomes live. Then see"
        " here what it would show anybody, also somebody who was never seen, and steer it.",
        steps=("python -m pipelines train_recommender", "python -m pipelines precompute"),
        icon=":material/recommend:",
    )
    st.stop()

freshness(workspace_facts(), found.live.as_of)
st.markdown(verdict(found))
kept = read_kept()
items, rules = items_of(found), edited(kept)
view = st.segmented_control(
    "View",
    VIEWS,
    default="Person",
    required=True,
    key="view",
    bind="query-params",
    label_visibility="collapsed",
)
if view == "Segment":
    for_segment(found, rules)
elif view == "Visitor":
    studio(found, rules, items)
elif view == "Item":
    for_item(found, items)
elif view == "Rules":
    rules_view(found, kept, items)
else:
    for_person(found, rules)
lists_told(found)
settle("recommendations")
