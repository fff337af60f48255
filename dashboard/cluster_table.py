"""Clusters as bars and as a table, each in its colour, with a link to the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import draw, over, told_in_words
from dashboard.format import count, money, percent
from dashboard.theme import INK, colour
from data.map_reads import MapCluster

MOST_ROWS: Final = 13  # in view at once; further ones are a scroll away
MOST_BARS: Final = 10
_ROW: Final = 35  # pixels


def cluster_bars(
    clusters: Sequence[MapCluster], currency: str | None, theme: str, key: str
) -> None:
    """Draw the largest clusters as bars in their colours, each under its name."""
    shown = clusters[:MOST_BARS]
    rows = pd.DataFrame(
        {
            "place": range(len(shown)),
            "share": [c.share for c in shown],
            "fill": [colour(c.colour, theme) for c in shown],
            "name": [c.name for c in shown],
            "numbers": [f"{percent(c.share)} · {_each(c, currency)}" for c in shown],
            "told": [f"{count(c.size)} people. {c.sentence}" for c in shown],
        }
    )
    known = sum(c.id is not None for c in clusters)
    part = f"{len(shown)} of {known} clusters: " if known > len(shown) else ""
    draw(
        _bars,
        {"clusters": rows},
        theme,
        len(rows),
        key=key,
        alt_text="; ".join(rows["name"] + ": " + rows["numbers"]),
        title=f"The largest cluster holds {percent(shown[0].share)} of people",
        subtitle=f"{part}share of people · revenue a person".capitalize(),
    )


def _bars(theme: str, length: int) -> Any:
    base = over("clusters").encode(
        y=alt.Y("place:O", axis=None, scale=alt.Scale(paddingInner=0)), tooltip=told_in_words()
    )
    bars = base.mark_bar(height=9, cornerRadius=3, yOffset=7)
    words = {"baseline": "middle", "dy": -7, "fontSize": 12, "color": INK[theme]}
    room = alt.expr("width - 110")  # what the numbers leave; on a phone long names are cut short
    return alt.layer(
        bars.encode(x=alt.X("share:Q", axis=None), color=alt.Color("fill:N", scale=None)),
        base.mark_text(align="left", limit=room, **words).encode(x=alt.value(0), text="name:N"),
        base.mark_text(align="right", **words).encode(x=alt.value("width"), text="numbers:N"),
    ).properties(height=36 * length + 44)


def _each(cluster: MapCluster, currency: str | None) -> str:
    return money(cluster.revenue / cluster.size, currency) if cluster.size else "nothing"


def cluster_table(
    clusters: Sequence[MapCluster], currency: str | None, theme: str, key: str
) -> None:
    """List the clusters in their colours, with what sets them apart and a link to the map."""
    rows = [
        {
            "": swatch(c.colour, theme),
            "Cluster": f"/explore?cluster={c.id}#{quote(c.name, safe=' ,’“”&')}"
            if c.id is not None
            else f"/explore#{c.name}",
            "Share": c.share * 100,
            "People": c.size,
            "Revenue a person": _each(c, currency),
            "What sets them apart": _apart(c.sentence),
        }
        for c in clusters
    ]
    top = max((c.share * 100 for c in clusters), default=1.0)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=key,
        height=_ROW * (min(len(rows), MOST_ROWS) + 1) + 2,
        row_height=_ROW,
        alt=f"{len(rows)} groups of people, the largest first",
        column_config={
            "": st.column_config.ImageColumn(width=40),
            "Cluster": st.column_config.LinkColumn(
                display_text=r"#(.*)$", help="Opens the map at this cluster", width=270
            ),
            "Share": st.column_config.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=top, width=110, help="Of all people"
            ),
            "People": st.column_config.NumberColumn(format="localized", width=80),
            "Revenue a person": st.column_config.TextColumn(
                width=100, help="Revenue of the cluster divided by its people"
            ),
            "What sets them apart": st.column_config.TextColumn(width="large"),
        },
    )


def _apart(sentence: str) -> str:
    told = sentence.removeprefix("Compared with everyone, they ")
    return told[:1].upper() + told[1:]


def swatch(place: int | None, theme: str) -> str:
    """Give a dot in a cluster's colour, as the address of a picture."""
    fill = quote(colour(place, theme))
    return (
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='16' height='16'%3E"
        f"%3Ccircle cx='8' cy='8' r='7' fill='{fill}'/%3E%3C/svg%3E"
    )
