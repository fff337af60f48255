"""Runs on Explore: which one is shown, how good it is in words, and what changed since another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.dialogs import dismissed
from dashboard.explore_data import MapView, load_view, run_moves
from dashboard.explore_state import run_in_address
from dashboard.format import count, instant, percent
from dashboard.store import engine
from data import runs
from data.audit import Actor
from data.map_reads import MapRun


def choose_run(found: Sequence[MapRun]) -> MapRun:
    """Let the user choose a run; the newest unless the address names another."""
    by_id = {run.id: run for run in found}
    st.session_state["explore_newest_run"] = found[0].id
    named = run_in_address()
    ids = list(by_id)
    chosen = st.selectbox(
        "Run",
        ids,
        index=ids.index(named) if named in by_id else 0,
        format_func=lambda run_id: (
            f"{by_id[run_id].at:%-d %b %Y, %H:%M}" + (" (newest)" if run_id == ids[0] else "")
        ),
        key="explore_run",
        width=230,
    )
    return by_id[chosen]


def verdict(view: MapView) -> str:
    """Say in a sentence how good the run is."""
    quality = view.run.quality or {}
    silhouette, stable = _value(quality, "silhouette"), _value(quality, "stability")
    noise = sum(cluster.share for cluster in view.clusters if cluster.id is None)
    named = sum(cluster.id is not None for cluster in view.clusters)
    parts = [f"**{count(view.run.people)} people in {named} clusters**, {percent(noise)} in none."]
    if silhouette is not None:
        parts.append(_said(silhouette, _SEPARATED))
    if stable is not None:
        parts.append(_said(stable, _STABLE))
    return " ".join(parts)


_SEPARATED = (
    (0.5, "The clusters are well separated."),
    (0.25, "The clusters are separated, with people in between."),
    (-1.0, "The clusters run into one another: take their edges lightly."),
)
_STABLE = (
    (0.8, "Another sample of people would give nearly the same."),
    (0.6, "Another sample would give much the same."),
    (-1.0, "Another sample would give other clusters: take them as a sketch."),
)
_FAITHFUL = (
    (0.9, "Who is close on the map is alike in fact."),
    (0.8, "Who is close on the map is mostly alike in fact."),
    (-1.0, "Closeness on the map says little: rely on the numbers."),
)
_DENSE = (
    (0.3, "Clusters are much denser than what lies between."),
    (0.0, "Clusters are denser than what lies between."),
    (-1.0, "Clusters are hardly denser than what lies between."),
)
_MEASURES: Mapping[str, tuple[str, tuple[tuple[float, str], ...]]] = {
    "silhouette": ("Separation (silhouette)", _SEPARATED),
    "stability": ("Stability (bootstrap ARI)", _STABLE),
    "trustworthiness": ("Faithful map (trustworthiness)", _FAITHFUL),
    "dbcv": ("Density (DBCV)", _DENSE),
    "davies_bouldin": (
        "Overlap (Davies–Bouldin, lower is better)",
        ((1.0, "Neighbouring clusters overlap."), (-1.0, "Neighbouring clusters hardly overlap.")),
    ),
    "noise_share": (
        "In no cluster",
        ((0.3, "Many people are in no cluster."), (-1.0, "Few people are in no cluster.")),
    ),
}


def _said(value: float, scale: Sequence[tuple[float, str]]) -> str:
    return next(text for least, text in scale if value >= least or least == -1.0)


def _value(quality: Mapping[str, Any], name: str) -> float | None:
    found = quality.get(name)
    if isinstance(found, Mapping):
        found = found.get("value", found.get("mean"))
    return float(found) if isinstance(found, int | float) else None


def about_run(view: MapView) -> None:
    """Say how a run was made and how good it is, measure by measure."""
    run, quality = view.run, view.run.quality or {}
    names = {"hdbscan": "density (HDBSCAN)", "kmeans": "K-Means", "ward": "Ward hierarchical"}
    told = f"Found by {names.get(run.method, run.method)} from {count(len(run.features))} features"
    if run.sampled < run.people:
        told += (
            f", fitted on {count(run.sampled)} of {count(run.people)} people; everyone else was "
            "carried over by nearest neighbours."
        )
    else:
        told += f" of all {count(run.people)} people."
    st.markdown(f"{told} Made {instant(run.at)}; traits as of {instant(run.as_of)}.")
    if not quality:
        st.markdown("Its quality is still being measured.")
    for name, (label, scale) in _MEASURES.items():
        value = _value(quality, name)
        if value is None:
            continue
        entry = quality.get(name)
        sample = entry.get("sample") if isinstance(entry, Mapping) else None
        told = f" on {count(sample)} people" if isinstance(sample, int) else ""
        st.markdown(f"**{label}: {value:.2f}**{told}. {_said(value, scale)}")


@st.dialog("What changed between two runs", width="large", on_dismiss=dismissed)
def changes(view: MapView, found: Sequence[MapRun]) -> None:
    """Compare the run shown with another, cluster by cluster."""
    older = [run for run in found if run.id != view.run.id]
    if not older:
        st.info("There is only one run so far. After the next one, see here who moved.")
        return
    by_id = {run.id: run for run in older}
    before_first = next((r.id for r in older if r.id < view.run.id), older[0].id)
    chosen = st.selectbox(
        "Compare with the run of",
        list(by_id),
        index=list(by_id).index(before_first),
        format_func=lambda run_id: instant(by_id[run_id].at),
    )
    with st.spinner("Following people from run to run"):
        other = load_view(by_id[chosen])
        pair = sorted((other, view), key=lambda v: v.run.id)
        rows, told = _changes(pair[0], pair[1])
    st.markdown(told)
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            "Share that stayed": st.column_config.ProgressColumn(
                format="percent",
                min_value=0,
                max_value=1,
                help="Of those in the cluster before whom both runs know",
            )
        },
    )


def _changes(before: MapView, after: MapView) -> tuple[pd.DataFrame, str]:
    found = run_moves(before.run, after.run)
    flows = pd.DataFrame(found, columns=["then", "now", "people"])
    then = {c.label: c for c in before.clusters}
    now = {c.label: c for c in after.clusters}
    flows["from"] = [then[label].id if label in then else None for label in flows["then"]]
    flows["to"] = [now[label].id if label in now else None for label in flows["now"]]
    flows["stayed"] = [a == b for a, b in zip(flows["from"], flows["to"], strict=True)]
    total, kept = int(flows["people"].sum()), int(flows.loc[flows["stayed"], "people"].sum())
    rows = []
    known = {c.id: c for c in (*before.clusters, *after.clusters) if c.id is not None}
    for cluster_id, cluster in known.items():
        was, is_ = before.cluster(cluster_id), after.cluster(cluster_id)
        mine = flows[flows["from"] == cluster_id]
        rows.append(
            {
                "Cluster": cluster.name,
                "People before": was.size if was else 0,
                "People now": is_.size if is_ else 0,
                "Share that stayed": float(
                    mine.loc[mine["stayed"], "people"].sum() / mine["people"].sum()
                )
                if len(mine)
                else None,
                "": "new" if was is None else "gone" if is_ is None else "",
            }
        )
    table = pd.DataFrame(rows).sort_values("People now", ascending=False)
    new, gone = ((table[""] == word).sum() for word in ("new", "gone"))
    told = (
        f"**{percent(kept / max(total, 1))} of {count(total)} people are where they were.** "
        + (
            f"{new} clusters are new, {gone} are gone. "
            if new or gone
            else "No cluster is new or gone. "
        )
        + "Clusters are matched by whom they share."
    )
    return table if new or gone else table.drop(columns=""), told


def run_now() -> None:
    """Ask for new clusters."""
    with engine().begin() as conn:
        runs.enqueue(
            conn,
            "clusters",
            {},
            actor=Actor(st.session_state.get("actor") or "dashboard"),
            at=datetime.now(UTC),
        )
    st.toast("A run is queued. See it on Runs.", icon=":material/schedule:")
