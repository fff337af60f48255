"""The panel beside the map: who is picked, what they are worth, what sets them apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dashboard.explore_charts import (
    cluster_swatch,
    distribution_chart,
    effects_rows,
    effects_spec,
    in_words,
)
from dashboard.explore_data import MapView, revenue, traits
from dashboard.explore_edits import offer_edits
from dashboard.explore_people import people_words, person_at, sample_of
from dashboard.explore_state import ADDRESS, PANEL, current, write_address
from dashboard.format import count, money, percent
from kindred.clusters.contrast import Contrast, contrast, rank_contrasts
from kindred.clusters.selection import Selection, picked
from kindred.clusters.selection_text import decode, encode
from kindred.errors import UserError

Rows = NDArray[np.intp]
ENOUGH = 200_000  # people to tell a distribution by


@dataclass(frozen=True)
class Group:
    """People to be told of: their rows (none for everyone), and what to call them."""

    rows: Rows | None
    people: int
    name: str
    sentence: str
    cluster_id: int | None = None


@st.fragment(key=ADDRESS)
def address() -> None:
    """Keep the address true when only the view moved."""
    write_address()


@st.fragment(key=PANEL)
def panel(view: MapView, theme: str) -> None:
    """Tell of those picked, else of the cluster in focus, else of everyone."""
    looking = current()
    write_address()
    looking.told = None
    if looking.problem:
        st.warning(looking.problem, icon=":material/link_off:")
    _tell(view, _group(view, looking.selection, looking.focus), theme)
    looking.told = looking.subject


def _tell(view: MapView, group: Group, theme: str) -> None:
    person_at(view, current().person)
    _headline(view, group, theme)
    if not group.people:
        st.info("Nobody is inside. Draw around some of the dots.", icon=":material/gesture:")
        return
    if group.rows is not None:
        _make_a_segment(view, group)
    offer_edits(view, group.cluster_id)
    others = _everyone(view) if group.rows is None else _choose_others(view, group)
    if not view.traits:
        st.info(
            "The traits behind this run are no longer kept. Choose the newest run to see them.",
            icon=":material/history:",
        )
        return
    _apart(view, group, others, theme)


def _group(view: MapView, selection: Selection, focus: int | None) -> Group:
    if selection:
        rows = _picked(view, encode(selection))
        sentence = "Picked on the map." if len(rows) else ""
        return Group(rows, len(rows), people_words(len(rows)) + " picked", sentence)
    cluster = view.cluster(focus)
    if cluster is not None:
        rows = _members(view, list(view.clusters).index(cluster))
        return Group(rows, cluster.size, cluster.name, cluster.sentence, cluster.id)
    return Group(None, view.run.people, "Everyone", "Pick people on the map, or press a cluster.")


@st.cache_resource(
    max_entries=8, show_spinner=False, hash_funcs={MapView: lambda view: view.run.map_file}
)
def _picked(view: MapView, text: str) -> Rows:
    return np.flatnonzero(picked(decode(text), view.x, view.y))


def _members(view: MapView, code: int) -> Rows:
    return np.flatnonzero(view.label == code)


def _headline(view: MapView, group: Group, theme: str) -> None:
    colour = cluster_swatch(view, group.cluster_id, theme)
    dot = f"<span style='color:{colour}'>●</span> " if group.cluster_id is not None else ""
    st.html(
        f"<h3 class='kindred-group' style='margin:0;padding:0'>{dot}{_escape(group.name)}</h3>"
        f"<p style='margin:.2rem 0 0;opacity:.75'>{_escape(group.sentence)}</p>"
    )
    worth = revenue(view)
    share = group.people / max(view.run.people, 1)
    columns = st.columns(3, gap="small", wrap=False)
    columns[0].metric(
        "People",
        count(group.people),
        f"{percent(share)} of all",
        delta_color="off",
        delta_arrow="off",
    )
    if worth is None or not group.people:
        return
    unit = f", {view.facts.currency}" if view.facts.currency else ""
    total = float(worth.sum())
    here = total if group.rows is None else float(worth[group.rows].sum())
    each, usual = here / group.people, total / max(view.run.people, 1)
    of_all = f"{percent(here / total)} of all" if total else ""
    columns[1].metric(
        f"Revenue{unit}", money(here, None), of_all, delta_color="off", delta_arrow="off"
    )
    against = (
        f"{each / usual:.1f}× the average" if usual and group.rows is not None else "on average"
    )
    columns[2].metric(
        f"Each{unit}", money(each, None), against, delta_color="off", delta_arrow="off"
    )


def _make_a_segment(view: MapView, group: Group) -> None:
    """Offer to say who they are, as a rule distilled from them."""
    if st.button(
        "Make a segment",
        type="primary",
        icon=":material/group_add:",
        key="explore_segment",
        help="Find a short rule that catches these people, and open it in the builder.",
    ):
        whom = (
            {"picked": encode(current().selection)}
            if group.cluster_id is None
            else {"cluster": str(group.cluster_id)}
        )
        st.switch_page("pages/segment.py", query_params={"run": str(view.run.id), **whom})


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _choose_others(view: MapView, group: Group) -> Group:
    """Let the user choose whom to compare with, and give them."""
    looking = current()
    names = {"": "Everyone"} | {
        f"cluster-{cluster.id}": cluster.name
        for cluster in view.clusters
        if cluster.id is not None and cluster.id != group.cluster_id
    }
    if looking.against not in names:
        kept = _others(view, looking.against)
        looking.against = looking.against if kept else ""
        names[looking.against] = kept.name if kept else "Everyone"
    options = list(names)
    columns = st.columns([3, 2], vertical_alignment="bottom")
    chosen = columns[0].selectbox(
        "Compare with",
        options,
        index=options.index(looking.against),
        format_func=lambda option: names.get(option, "Everyone"),
        key=f"explore_against_{view.run.id}_{group.cluster_id}_{looking.against}",
    )
    here = encode(looking.selection) or f"cluster-{looking.focus}"
    if columns[1].button(
        "Keep",
        icon=":material/bookmark:",
        disabled=here == looking.against,
        help="Hold these people, then pick others to see how the two differ.",
        width="stretch",
        key="explore_keep",
    ):
        looking.against = here
        st.rerun(scope="fragment")
    if (chosen or "") != looking.against:
        looking.against = chosen or ""
        st.rerun(scope="fragment")
    return _others(view, looking.against) or _everyone(view)


def _everyone(view: MapView) -> Group:
    return Group(None, view.run.people, "Everyone", "")


def _others(view: MapView, option: str) -> Group | None:
    """Give the group that an option names; none if the address names nobody."""
    if not option:
        return _everyone(view)
    if option.startswith("cluster-"):
        cluster = next((c for c in view.clusters if f"cluster-{c.id}" == option), None)
        return _group(view, (), cluster.id) if cluster else None
    try:
        selection = decode(option)
    except UserError:
        return None
    group = _group(view, selection, None)
    return Group(group.rows, group.people, f"Kept: {people_words(group.people)}", "")


def _apart(view: MapView, group: Group, others: Group, theme: str) -> None:
    binned = {trait.name: trait for trait in traits(view)}
    here, there = (
        {name: trait.of(rows) for name, trait in binned.items()}
        for rows in (_sampled(group.rows), _sampled(others.rows))
    )
    same = group.rows is None and others.rows is None
    told = "everyone" if others.rows is None else others.name.lower()
    found = (
        []
        if same
        else rank_contrasts([contrast(binned[name], here[name], there[name]) for name in binned])
    )
    tabs = st.tabs(
        ["What sets them apart", "Distributions", "People"], on_change="rerun", key="explore_tabs"
    )
    if tabs[0].open:
        with tabs[0]:
            said = group.cluster_id is not None and others.rows is None  # by the cluster's sentence
            _effects(view, found, same, told, theme, said)
    if tabs[1].open:
        with tabs[1]:
            colour = cluster_swatch(view, group.cluster_id, theme)
            names = [c.name for c in found][:6] or list(binned)[:6]
            st.caption(f"Outlined: those picked. Grey: {told}.")
            for left in range(0, len(names), 2):
                for column, name in zip(
                    st.columns(2, gap="small"), names[left : left + 2], strict=False
                ):
                    chart = distribution_chart(
                        view, binned[name], here[name], there[name], told, colour, theme
                    )
                    column.altair_chart(
                        chart,
                        key=f"explore_distribution_{name}",
                        alt=f"{view.label_of(name)}, those picked against {told}",
                    )
    if tabs[2].open:
        with tabs[2]:
            everyone = np.arange(view.run.people) if group.rows is None else group.rows
            sample_of(view, everyone)


def _sampled(rows: Rows | None) -> Rows | None:
    """Thin many people evenly: past `ENOUGH` the effects would not change by half a point."""
    return rows if rows is None else rows[:: max(1, -(-len(rows) // ENOUGH))]


def _effects(
    view: MapView, found: list[Contrast], same: bool, others: str, theme: str, said: bool
) -> None:
    if same:
        st.markdown(
            "Everyone is the measure. Pick people with the lasso, or press a cluster under the "
            "map, and see here what sets them apart."
        )
        return
    telling = [c for c in found if c.strength != "hardly"]
    if not telling:
        st.markdown(f"Nothing sets them clearly apart from {others}: they are a fair sample.")
    if not said:
        st.markdown("\n".join(f"- {in_words(view, effect, others)}" for effect in telling[:4]))
    if found:
        rows = effects_rows(view, found, others)
        reach = max(0.5, math.ceil(float(rows["effect"].abs().max()) * 10) / 10)
        st.vega_lite_chart(
            rows,
            effects_spec(len(rows), reach, theme),
            key="explore_effects",
            alt="; ".join(rows["told"]),
        )
        st.caption(
            "A bar is the chance that one of them has more of it than one of "
            f"{others}, less the chance of less (Cliff's delta); of a category, the difference "
            "of shares."
        )
