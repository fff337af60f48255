"""The charts of a segment's people: on the map, by cluster, over time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from dashboard.charts import draw, over, told_in_words
from dashboard.explore_data import MapView
from dashboard.format import ago, count, day, percent
from dashboard.theme import ACCENT, FAINT_INK, GROUND, INK, SEQUENTIAL, colour
from data.memberships import Sized
from data.segment_distil import ClusterHit

Rows = NDArray[np.intp]
CELLS: Final = 56  # along either axis of the map
ENOUGH: Final = 200_000  # people to tell a distribution by


def thinned(rows: Rows) -> Rows:
    """Thin many people evenly: past `ENOUGH` the effects would not change by half a point."""
    return rows[:: max(1, -(-len(rows) // ENOUGH))]


def draw_hits(hits: Sequence[ClusterHit], theme: str) -> None:
    """Draw shares by cluster beside everyone's."""
    rows = pd.DataFrame(
        {
            "cluster": [hit.cluster.name for hit in hits],
            "share": [hit.of_members for hit in hits],
            "usual": [hit.cluster.share for hit in hits],
            "told": [f"{count(hit.people)} people, {percent(hit.of_members)}" for hit in hits],
            "caught": [f"{percent(hit.of_cluster)} of the cluster" for hit in hits],
            "everyone": [percent(hit.cluster.share) for hit in hits],
            "fill": [colour(hit.cluster.colour, theme) for hit in hits],
        }
    )
    draw(
        _hits_chart,
        {"hits": rows},
        theme,
        len(rows),
        key="segment_hits",
        title="Which clusters they are in",
        subtitle="The line is where the cluster stands among everyone.",
        alt_text="; ".join(f"{h.cluster.name}: {percent(h.of_members)}" for h in hits),
    )


def _hits_chart(theme: str, rows: int) -> Any:
    y = alt.Y("cluster:N", sort=alt.SortField("share", "descending"), title=None,
              axis=alt.Axis(labelLimit=200, labelOverlap=False))  # fmt: skip
    tip = [
        alt.Tooltip("cluster:N", title="cluster"),
        alt.Tooltip("told:N", title="of the segment"),
        alt.Tooltip("caught:N", title="which is"),
        alt.Tooltip("everyone:N", title="of everyone"),
    ]
    bars = (
        over("hits")
        .mark_bar(height=12)
        .encode(
            alt.X("share:Q", title="share of the segment", axis=alt.Axis(format="%", tickCount=4)),
            y,
            color=alt.Color("fill:N", scale=None),
            tooltip=tip,
        )
    )
    ticks = (
        over("hits")
        .mark_tick(color=INK[theme], thickness=2, size=16)
        .encode(alt.X("usual:Q"), y, tooltip=tip)
    )
    return alt.layer(bars, ticks).properties(height=22 * rows + 100)


def draw_on_map(view: MapView, rows: Rows, theme: str) -> None:
    """Draw where they are dense, over the ground where everyone is."""
    edges = np.linspace(0, 65_536, CELLS + 1)
    everyone, _, _ = np.histogram2d(view.x, view.y, bins=(edges, edges))
    own, _, _ = np.histogram2d(view.x[rows], view.y[rows], bins=(edges, edges))
    x, y = np.nonzero(everyone)
    table = pd.DataFrame(
        {
            "x": edges[x],
            "x2": edges[x + 1],
            "y": edges[y],
            "y2": edges[y + 1],
            "people": own[x, y],
            "share": own[x, y] / everyone[x, y],
            "all": everyone[x, y],
        }
    )
    draw(
        _map_chart,
        {"ground": table[table["people"] == 0], "own": table[table["people"] > 0]},
        theme,
        key="segment_map",
        title="Where they are on the map",
        subtitle="The darker, the more of those who stand there are in the segment."
        if theme == "light"
        else "The brighter, the more of those who stand there are in the segment.",
        alt_text="Density of the segment's people over the map of everyone",
    )


def _map_chart(theme: str) -> Any:
    fitting = alt.Scale(zero=False, nice=False)
    x = alt.X("x:Q", axis=None, scale=fitting)
    y = alt.Y("y:Q", axis=None, scale=fitting)
    ground = over("ground").mark_rect(color=GROUND[theme]).encode(x, y, x2="x2", y2="y2")
    own = (
        over("own")
        .mark_rect()
        .encode(
            x,
            y,
            x2="x2",
            y2="y2",
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(range=list(SEQUENTIAL[theme])[1:], domain=[0, 1]),
                legend=alt.Legend(title="share in it", format="%", orient="bottom"),
            ),
            tooltip=[
                alt.Tooltip("people:Q", title="in the segment", format=","),
                alt.Tooltip("all:Q", title="everyone here", format=","),
            ],
        )
    )
    return alt.layer(ground, own).properties(height=340)


def draw_history(history: Sequence[Sized], theme: str, now: datetime) -> None:
    """Draw sizes over time, with who joined and left; counts that failed are left out."""
    counted = [(sized, sized.size) for sized in history if sized.size is not None]
    rows = pd.DataFrame(
        {
            "at": [pd.Timestamp(sized.as_of) for sized, _ in counted],
            "people": [size for _, size in counted],
            "joined": [sized.joined or 0 for sized, _ in counted],
            "left": [-(sized.left or 0) for sized, _ in counted],
            "told": [_told(sized, size) for sized, size in counted],
        }
    )
    last, size = counted[-1]
    moved = any(sized.joined or sized.left for sized, _ in counted)
    computed = f"Counted {ago(last.computed_at, now)}. " if last.computed_at else ""
    if len(counted) == 1:
        st.markdown(f"{count(size)} people as of {day(last.as_of)}. The next count begins a line.")
        st.caption(computed)
        return
    draw(
        _history_chart,
        {"sizes": rows},
        theme,
        key="segment_history",
        title=f"{count(size)} people as of {day(last.as_of)}",
        subtitle="The line: how many. Bars: who joined and left since the count before."
        if moved
        else "At each count.",
        alt_text="; ".join(rows["told"]),
    )
    backcast = any(sized.backcast for sized, _ in counted)
    before = "Before its first count stands what this version would have had." if backcast else ""
    st.caption(f"{computed}{before}")


def _told(sized: Sized, size: int) -> str:
    moves = [
        f"{count(number)} {what}"
        for number, what in ((sized.joined, "joined"), (sized.left, "left"))
        if number is not None
    ]
    version = f", version {sized.version}" if sized.version is not None else ""
    would = ", counted back" if sized.backcast else version
    return f"{day(sized.as_of)}: {count(size)} people{would}" + (
        f"; {' and '.join(moves)}" if moves else ""
    )


def _history_chart(theme: str) -> Any:
    x = alt.X("at:T", title=None, axis=alt.Axis(tickCount=4, format="%-d %b %Y"))
    tip = told_in_words()
    base = over("sizes")
    joined = base.mark_bar(color=ACCENT[theme], opacity=0.45, size=6).encode(
        x, alt.Y("joined:Q", title="people"), tooltip=tip
    )
    left = base.mark_bar(color=FAINT_INK[theme], opacity=0.6, size=6).encode(
        x, alt.Y("left:Q"), tooltip=tip
    )
    line = base.mark_line(color=ACCENT[theme], point=True).encode(x, alt.Y("people:Q"), tooltip=tip)
    return alt.layer(joined, left, line).properties(height=220)
