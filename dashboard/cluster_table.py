"""The table of clusters, each in its colour, with what sets it apart and a link to the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import pandas as pd
import streamlit as st

from dashboard.format import money
from dashboard.theme import colour
from data.map_reads import MapCluster

MOST_ROWS: Final = 13  # in view at once; further ones are a scroll away
_ROW: Final = 35  # pixels


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
            "Revenue each": money(c.revenue / c.size, currency) if c.size else "",
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
            "Revenue each": st.column_config.TextColumn(
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
