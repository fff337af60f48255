"""Where a person stands on the map, and who stands nearest."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.cluster_table import swatch
from dashboard.person_data import Everyone, Place, density
from dashboard.person_view import link_to
from dashboard.theme import INK, SEQUENTIAL, colour, styled


def on_map(all_people: Everyone, place: Place, theme: str) -> None:
    """Draw where the person stands among everyone, over the density of the map."""
    counts, (x0, x1, y0, y1) = density(all_people)
    cells = counts.shape[0]
    rows, columns = counts.nonzero()
    width, height = (x1 - x0) / cells, (y1 - y0) / cells
    table = pd.DataFrame(
        {
            "x": x0 + columns * width,
            "x2": x0 + (columns + 1) * width,
            "y": y0 + rows * height,
            "y2": y0 + (rows + 1) * height,
            "people": counts[rows, columns],
        }
    )
    axes: dict[str, Any] = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[x0, x1], nice=False)),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[y0, y1], nice=False)),
    }
    ramp = SEQUENTIAL[theme][:6]
    ground = (
        alt.Chart(table)
        .mark_rect()
        .encode(
            **axes,
            x2="x2",
            y2="y2",
            color=alt.Color("people:Q", legend=None, scale=alt.Scale(type="log", range=list(ramp))),
            tooltip=[alt.Tooltip("people:Q", title="People here", format=",")],
        )
    )
    cluster = place.cluster
    own = alt.Chart(pd.DataFrame({"x": [place.x], "y": [place.y]})).encode(**axes)
    fill = colour(cluster.colour if cluster else None, theme)
    dot = own.mark_point(
        size=190, filled=True, fill=fill, stroke=INK[theme], strokeWidth=2.5, opacity=1
    )
    name = cluster.name if cluster else "in no cluster"
    st.altair_chart(
        styled((ground + dot).properties(height=250), theme),
        key="person_map",
        alt=f"The person stands among “{name}” on the map of everyone",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.image(swatch(cluster.colour if cluster else None, theme), width=14)
        st.markdown(f"**{name}**", width="content")
    if cluster is not None and cluster.id is not None:
        st.caption(cluster.sentence)
        st.page_link(
            "pages/explore.py",
            label="See the cluster on the map",
            icon=":material/scatter_plot:",
            query_params={"cluster": str(cluster.id)},
        )


def neighbours(place: Place) -> None:
    """List who stands nearest on the map."""
    st.markdown(
        "**Nearest people**", help="By distance on the map, which keeps alike people close."
    )
    for who, cluster in place.near:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            link_to(who, "near")
            st.caption(cluster.name if cluster else "in no cluster", width="content")
