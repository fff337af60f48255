"""Overview: how many people there are, what they buy, and what changed."""

import streamlit as st

from dashboard import overview
from dashboard.cluster_table import cluster_bars, cluster_table
from dashboard.furniture import empty_state, freshness, page_head
from dashboard.theme import theme_now

page_head("Overview", "Who are our people, what do they buy, and what has changed?")
seen = overview.read_overview()
if not seen.summaries:
    empty_state(
        "There are no people yet",
        "Import events, and people, their traits and the map of those alike are computed from them."
        " The Complete Journey, 2,469 households over a year, comes with Kindred:",
        steps=("python -m pipelines import completejourney", "python -m pipelines refresh"),
        icon=":material/group_add:",
    )
    st.stop()

newest, theme = seen.summaries[0], theme_now()
currency = seen.facts.currency if seen.facts else None
weeks = overview.week_trends(seen, "week")
freshness(seen.facts, newest.as_of, version=newest.dataset_version, computed_at=newest.at)
st.markdown(overview.verdict(seen, weeks))
overview.numbers(seen, weeks)

trends, beside = st.columns([2.4, 1], gap="medium")
with trends:
    by = str(
        st.segmented_control(
            "Trends by",
            ["week", "day"],
            default="week",
            required=True,
            format_func=str.capitalize,
            key="by",
            bind="query-params",
            label_visibility="collapsed",
        )
    )
    shown = weeks if by == "week" else overview.week_trends(seen, by)
    overview.trend_cards(shown, by, currency, theme)
with beside, st.container(border=True):
    overview.what_changed(seen)
    overview.where_next(seen)
if seen.clusters:
    with st.container(border=True):
        cluster_bars(seen.clusters[0], currency, theme, key="overview_cluster_bars")
        # Closed at first: the table's script is as large as the rest of the page.
        told = st.expander("What sets each cluster apart", key="clusters", on_change="rerun")
        if told.open:
            with told:
                cluster_table(seen.clusters[0], currency, theme, key="overview_clusters")
