"""Models: which recommends best, for whom, and which one is live."""

import streamlit as st

from dashboard import model_board as board
from dashboard import model_charts as charts
from dashboard import model_promote
from dashboard.furniture import empty_state, freshness, page_head
from dashboard.model_data import read_models
from dashboard.store import workspace_facts
from dashboard.theme import theme_now

asked = st.session_state.get("training") or st.query_params.get("training")
mode = st.session_state.get("mode") or st.query_params.get("mode")
seen = read_models(
    int(asked) if asked and str(asked).isdigit() else None,
    None if mode is None else mode == board.MODES[0],
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    page_head("Models", "Which model recommends best, for whom, and which one is live?")
    board.ask_for_training(again=seen is not None)
if seen is None:
    empty_state(
        "No model was trained yet",
        "A training reads who bought what, fits every model, from mere popularity to the hybrid of"
        " people, items and their features, and tests each on what people bought afterwards.",
        steps=("python -m pipelines train_recommender",),
        icon=":material/model_training:",
    )
    st.stop()

theme, shown = theme_now(), seen.shown
freshness(workspace_facts(), shown.as_of, version=shown.dataset_version, computed_at=shown.at)
st.markdown(board.verdict(seen))
board.choose_training(seen)
board.facts(seen)
compared, beside = st.columns([1.5, 1], gap="medium")
with compared, st.container(border=True):
    board.quality(seen, theme)
with beside, st.container(border=True):
    if not charts.curves(seen, "ndcg", theme):
        st.caption("No curve was kept of this training.")
with st.container(border=True):
    st.markdown("**Every measure**, the best model by NDCG first")
    model_promote.offer(seen, board.table(seen))
by_group, reach = st.columns([1.5, 1], gap="medium")
with by_group, st.container(border=True):
    st.markdown("**For whom** is it good?")
    board.groups(seen, theme)
with reach, st.container(border=True):
    if not charts.reach(seen, theme):
        st.caption("Coverage and popularity bias were not measured in this training.")
with st.container(border=True):
    st.markdown("**What was live**, the newest first")
    model_promote.history()
with st.container(border=True):
    st.markdown("**Trainings**; press one to look at it")
    picked = board.trainings_table(seen)
    if picked is not None and picked != shown.id:
        st.session_state["training"] = picked
        st.query_params["training"] = str(picked)
        st.rerun()
