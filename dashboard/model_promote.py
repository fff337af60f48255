"""Let another model be live, or an earlier version again, each in words of what changes."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st
from sqlalchemy import Connection

from dashboard.format import count, instant, percent
from dashboard.model_data import Models, ndcg
from dashboard.model_words import measure, model_label
from dashboard.publishing import Proposal, publish_dialog, roll_back_dialog
from dashboard.store import reading, workspace
from data.definitions import publication_history
from data.live_model import KIND, NAME, RECOMMENDER, promote_and_compute
from data.publications import Act, Terms
from data.recommendation_files import stayed

_TWO_LINES: Final = 58  # pixels: a sentence in its column, read whole


def offer(seen: Models, picked: str | None) -> None:
    """Offer to let the picked model be live, or say why it can't be."""
    model = seen.model(picked) if picked else None
    if model is None:
        st.caption("Press a row to promote its model.")
        return
    if model.path is None:
        st.caption(f"Of {model_label(model.name)} only the figures were kept, so it can't be live.")
        return
    if seen.live is not None and seen.live.id == model.id:
        st.caption(f"{model_label(model.name)} is live already.")
        return
    if st.button(
        f"Let {model_label(model.name)} be live",
        type="primary",
        icon=":material/publish:",
        key="promote",
    ):
        propose(seen, model)


def propose(seen: Models, model: Any) -> None:
    """Say what changes, ask why, and let a model be live."""

    def publish(conn: Connection, act: Act, _terms: Terms) -> int:
        return promote_and_compute(conn, model.id, act)

    publish_dialog(
        Proposal(
            kind=KIND,
            name=NAME,
            effect=effect(seen, model),
            publish=publish,
            differences=_differences(seen, model),
            now=seen.live.live if seen.live else None,
            for_browsers=False,
        )
    )


def effect(seen: Models, model: Any) -> str:
    """Say what changes for whom when a model becomes live, with a warning where it is worse."""
    told = (
        f"From the next computed lists on, **everybody** is recommended what "
        f"{model_label(model.name)} of training {seen.shown.id} chooses."
    )
    if seen.live is None or seen.model(seen.live.name) is None:
        return told
    pair = seen.against(model.name, seen.live.name)
    if pair is None:
        return told
    difference, low, high = pair
    words = f"{difference:+.3f} NDCG@10 ({low:+.3f} to {high:+.3f})"
    if high < 0:
        return f"{told} :red[**It is worse than the live one:** {words}, and that is not chance.]"
    verdict = "better, and that is not chance" if low > 0 else "not clearly better or worse"
    return f"{told} Against the live one it is {verdict}: {words}."


def _differences(seen: Models, model: Any) -> list[str]:
    before = seen.live
    if before is None:
        return []
    told = [f"{model_label(before.name)} → {model_label(model.name)}."]
    if before.training != seen.shown.id:
        told.append(f"Training {before.training} → {seen.shown.id}.")
    if before.repeats != seen.shown.repeats:
        told.append("What was bought before: " + ("recommended." if seen.shown.repeats else "not."))
    known = before.live.evidence.get("metrics", {}).get("ndcg", {}).get("value")
    if known is not None:
        written = measure("ndcg").written
        told.append(
            f"NDCG@10, each in its own training: {written(known)} → {written(ndcg(model))}."
        )
    return told


def history() -> None:
    """List which model was live when, and offer the way back."""
    with reading() as conn:
        acts = publication_history(conn, KIND, RECOMMENDER)
    if not acts:
        st.caption("No model was live yet.")
        return
    _churn()
    rows = [
        {
            "Version": act.number,
            "What it is": act.sentence,
            "From": act.at,
            "Until": "still live" if act.ended_at is None else instant(act.ended_at),
            "By": act.actor,
            "Why": act.why,
        }
        for act in acts
    ]
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        row_height=_TWO_LINES,
        key="models_history",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"{len(rows)} times that a model was made live, the newest first",
        column_config={
            "Version": st.column_config.NumberColumn(width=60),
            "What it is": st.column_config.TextColumn(width=370),
            "From": st.column_config.DatetimeColumn(
                "From (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC", width=140
            ),
            "Until": st.column_config.TextColumn(width=150),
            "By": st.column_config.TextColumn(width=80),
            "Why": st.column_config.TextColumn(width=170),
        },
    )
    picked = event["selection"]["rows"] if event else []
    if not picked or picked[0] >= len(acts):
        st.caption("Press a row to roll back to its version.")
        return
    act = acts[picked[0]]
    if act.ended_at is None:
        st.caption(f"Version {act.number} is live.")
    elif st.button(
        f"Roll back to version {act.number}", icon=":material/history:", key="models_back"
    ):
        roll_back_dialog(KIND, RECOMMENDER, NAME, act.number)


def _churn() -> None:
    """Say how much of people's lists stayed as another model's replaced them."""
    with reading() as conn:
        found = stayed(workspace(), conn)
    if found is not None:
        st.caption(
            f"When lists were last computed anew, {percent(found.share)} of the first ten items of "
            f"{count(found.people)} people stayed."
        )
