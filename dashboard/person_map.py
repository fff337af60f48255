"""Where a person stands on the map, and who stands nearest."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import draw, over
from dashboard.cluster_table import swatch
from dashboard.person_data import Everyone, Place, density
from dashboard.person_view import link_to
from dashboard.theme import INK, SEQUENTIAL, colour


def on_map(all_people: Everyone, place: Place, theme: str) -> None:
    """Draw where the person stands among everyone, over the density of the map."""
    counts, (x0, x1, y0, y1) = density(all_people)
    cells = counts.shape[0]
    rows, columns = counts.nonzero()
    width, height = (x1 - x0) / cells, (y1 - y0) / cells
    ground = pd.DataFrame(
        {
            "x": x0 + columns * width,
            "x2": x0 + (columns + 1) * width,
            "y": y0 + rows * height,
            "y2": y0 + (rows + 1) * height,
            "people": counts[rows, columns],
        }
    )
    own = pd.DataFrame({"x": [place.x], "y": [place.y]})
    cluster = place.cluster
    name = cluster.name if cluster else "in no cluster"
    draw(
        _ground,
        {"ground": ground, "own": own},
        theme,
        (x0, x1, y0, y1),
        colour(cluster.colour if cluster else None, theme),
        key="person_map",
        alt_text=f"The person stands among “{name}” on the map of everyone",
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


def _ground(theme: str, bounds: tuple[float, float, float, float], fill: str) -> Any:
    x0, x1, y0, y1 = bounds
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[x0, x1], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[y0, y1], nice=False))
    ramp = alt.Scale(type="log", range=list(SEQUENTIAL[theme][:6]))
    cells = (
        over("ground")
        .mark_rect()
        .encode(
            x=x,
            y=y,
            x2="x2",
            y2="y2",
            color=alt.Color("people:Q", legend=None, scale=ramp),
            tooltip=[alt.Tooltip("people:Q", title="People here", format=",")],
        )
    )
    own = over("own").mark_point(
        size=190, filled=True, fill=fill, stroke=INK[theme], strokeWidth=2.5, opacity=1
    )
    return (cells + own.encode(x=x, y=y)).properties(height=250)


def neighbours(place: Place) -> None:
    """List who stands nearest on the map."""
    st.markdown(
        "**Nearest people**", help="By distance on the map, which keeps alike people close."
    )
    for who, cluster in place.near:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            link_to(who, "near")
            st.caption(cluster.name if cluster else "in no cluster", width="content")
