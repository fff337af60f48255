"""Who a segment's people are: on the map, what sets them apart, what they share with others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from dashboard import segment_charts as charts
from dashboard import segment_overlap_charts as shared
from dashboard.explore_charts import effects_rows, effects_spec, in_words
from dashboard.explore_data import MapView, list_runs, load_view, traits
from dashboard.format import count, percent, verbatim
from dashboard.segment_data import Version, Vocabulary, population, vocabulary
from dashboard.segment_state import Workbench, workbench
from dashboard.store import reading, workspace
from dashboard.theme import theme_now
from data.lake import live_files
from data.manifest import TRAITS
from data.memberships import size_history
from data.segment_distil import clusters_hit
from data.segment_overlap import overlap, rows_on_map
from data.segment_population import Population
from kindred.clusters.contrast import contrast, rank_contrasts
from kindred.errors import UserError
from kindred.segments.bitmap import Bitmap
from kindred.segments.rules import SegmentRule

EVERYONE: Final = ""
THIS: Final = "this one"
MOST: Final = 12  # other segments that are compared at once


@st.fragment(key="segment_people")
def understanding(of: Version) -> None:
    """Tell of the people whom the rule, as it stands in the editor, catches."""
    bench, everybody = workbench(), population(of)
    there = vocabulary(of, everybody)
    try:
        members = everybody.members(bench.rule)
    except UserError as error:
        st.info(f"{error.what} {error.fix}")
        return
    if not len(members):
        st.info("The rule catches nobody, so there is nobody to tell of.")
        return
    view = _view()
    theme = theme_now()
    over, beside = st.columns(2, gap="medium")
    with over, st.container(border=True):
        _on_map(view, everybody, members, theme)
    with beside:
        with st.container(border=True):
            _apart(view, everybody, there, members, theme)
        with st.container(border=True):
            _over_time(bench, theme)
    with st.container(border=True):
        _overlap(bench, everybody, there, theme)


def _view() -> MapView | None:
    runs = list_runs()
    return load_view(runs[0]) if runs else None


def _rows(view: MapView, everybody: Population, members: Bitmap) -> charts.Rows:
    with reading() as conn:
        files = live_files(conn, TRAITS)
    same = bool(files) and files[0].path == view.run.traits_file
    return rows_on_map(workspace(), everybody, view.run, members, same=same)


def _on_map(view: MapView | None, everybody: Population, members: Bitmap, theme: str) -> None:
    if view is None:
        st.info("There is no map yet. Run the clusters, and see here where they are.")
        return
    with reading() as conn:
        hits = clusters_hit(workspace(), conn, everybody, view.run, members)
    hits = [hit for hit in hits if hit.people]
    if hits:
        best = hits[0]
        st.markdown(
            f"**{percent(best.of_members)} of them are in “{verbatim(best.cluster.name)}”**, which "
            f"holds {percent(best.cluster.share)} of everyone; {percent(best.of_cluster)} of it is "
            "in the segment."
        )
    rows = _rows(view, everybody, members)
    charts.draw_on_map(view, rows, theme)
    charts.draw_hits(hits, theme)


def _apart(
    view: MapView | None,
    everybody: Population,
    there: Vocabulary,
    members: Bitmap,
    theme: str,
) -> None:
    if view is None or not view.traits:
        st.info("Once a map is drawn, see here what sets them apart.")
        return
    options = [EVERYONE, *(key for key in there.segments)]
    chosen = st.selectbox(
        "Compare with",
        options,
        format_func=lambda k: "Everyone" if k == EVERYONE else there.names.get(("segment", k), k),
        key="segment_against",
    )
    others = None
    told = "everyone"
    if chosen:
        told = str(there.names.get(("segment", chosen), chosen))
        against = everybody.members(SegmentRule(chosen))
        others = charts.thinned(_rows(view, everybody, against))
    rows = charts.thinned(_rows(view, everybody, members))
    binned = {trait.name: trait for trait in traits(view)}
    found = rank_contrasts(
        [contrast(trait, trait.of(rows), trait.of(others)) for trait in binned.values()]
    )
    telling = [c for c in found if c.strength != "hardly"]
    if not telling:
        st.markdown(f"Nothing sets them clearly apart from {told}.")
    st.markdown("\n".join(f"- {in_words(view, effect, told)}" for effect in telling[:4]))
    if found:
        table = effects_rows(view, found, told)
        reach = max(0.5, round(float(table["effect"].abs().max()) + 0.05, 1))
        st.vega_lite_chart(
            table,
            effects_spec(len(table), reach, theme),
            key="segment_effects",
            alt="; ".join(table["told"]),
        )
        st.caption("A bar is the chance that one of them has more of it, less the chance of less.")


def _overlap(bench: Workbench, everybody: Population, there: Vocabulary, theme: str) -> None:
    others = [key for key in there.segments if key != bench.key][:MOST]
    st.markdown("**Whom they share with the other segments**")
    if not others:
        st.caption("Publish another segment, and see here whom the two share.")
        return
    rules = {THIS: bench.rule, **{key: SegmentRule(key) for key in others}}
    try:
        found = overlap(everybody, rules)
    except UserError as error:
        st.caption(f"{error.what} {error.fix}")
        return
    name = bench.name or "This segment"
    names = {THIS: name, **{key: str(there.names.get(("segment", key), key)) for key in others}}
    both = found.shared[0, 1:]
    nearest = int(both.argmax())
    share = both[nearest] / max(int(found.shared[0, 0]), 1)
    st.markdown(
        f"Most with “{names[others[nearest]]}”: {count(int(both[nearest]))} people, "
        f"{percent(float(share))} of them."
    )
    left, right = st.columns([1.4, 1], gap="medium")
    with left:
        shared.draw_combinations(found, names, theme)
    with right:
        shared.draw_pairs(found, names, theme)


def _over_time(bench: Workbench, theme: str) -> None:
    st.markdown("**How many they were over time**")
    if bench.key is None or bench.now is None:
        st.caption("Once it is published, every count of it stands here, with who joined and left.")
        return
    with reading() as conn:
        history = size_history(conn, bench.key)
    if not history:
        st.caption("Not counted yet. The worker counts published segments with each refresh.")
        return
    charts.draw_history(history, theme, datetime.now(UTC))
