"""The views of Recommendations by name, and what it says above and below them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from dashboard.format import ago, count
from dashboard.model_words import measure, model_label
from dashboard.recommend_data import Ready

VIEWS: Final = ("Person", "Segment", "Visitor", "Item", "Rules")


def verdict(found: Ready) -> str:
    """Say which model recommends, and how good it is."""
    live = found.live
    quality = live.live.evidence.get("metrics", {}).get("ndcg", {})
    told = f"**{model_label(live.name)}** of training {live.training} recommends"
    if live.repeats:
        told += ", also what people bought before"
    else:
        told += " what people have not bought before"
    if quality.get("value") is None:
        return f"{told}."
    written = measure("ndcg").written
    span = f"({written(quality['low'])} to {written(quality['high'])})"
    return f"{told}. In its test it reached NDCG@10 {written(quality['value'])} {span}."


def lists_told(found: Ready) -> None:
    """Say when lists were computed for everybody, and by which model."""
    lists = found.lists
    if lists is None:
        st.caption(
            "Lists for everybody were not computed yet, so serving answers from the model’s "
            "arrays: `python -m pipelines precompute`."
        )
        return
    stale = "" if lists.model_id == found.live.id else " **by another model than the live one**"
    st.caption(
        f"Lists of {lists.k} items for {count(lists.people)} people were computed "
        f"{ago(lists.at, datetime.now(UTC))}{stale}. With those of segments, items and visitors, "
        f"{count(lists.rewritten)} lists were new or had changed."
    )
