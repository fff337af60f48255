"""Where people are dense: the accessible way to see the map."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.explore_data import MapView
from dashboard.format import count
from dashboard.theme import INK, PAPER, SEQUENTIAL

DENSITY_CELLS: Final = 64  # along either axis
NAMED: Final = 8  # of the largest clusters: more would cover one another


def density_chart(view: MapView, rows: NDArray[np.intp] | None, theme: str) -> Any:
    """Draw how many people stand where, binned on the server, with the clusters' names."""
    low, high = (np.quantile((view.x, view.y), share, axis=1) for share in (0.004, 0.996))
    cell = np.maximum((high - low) / DENSITY_CELLS, 1)
    places = np.stack((view.x, view.y)) if rows is None else np.stack((view.x[rows], view.y[rows]))
    scale = alt.Scale(domain=[0, DENSITY_CELLS], nice=False)
    text = alt.Chart(_cluster_names(view, low, cell)).encode(
        x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale), text="name:N"
    )
    return (
        _cells(_people_by_cell(places, low, cell), scale, theme)
        + text.mark_text(fontWeight=600, stroke=PAPER[theme], strokeWidth=4)
        + text.mark_text(fontWeight=600, color=INK[theme])
    ).properties(height=470)


def _people_by_cell(places: NDArray[Any], low: NDArray[Any], cell: NDArray[Any]) -> pd.DataFrame:
    """Count the people of each cell that has any; those outside stand at the rim.

    Parameters
    ----------
    places : array, shape (2, n)
    low, cell : array, shape (2,)
        Where the first cell begins, and how large one is.
    """
    column, row = np.clip((places - low[:, None]) // cell[:, None], 0, DENSITY_CELLS - 1).astype(
        int
    )
    people = np.bincount(row * DENSITY_CELLS + column, minlength=DENSITY_CELLS**2)
    full = np.flatnonzero(people)
    return pd.DataFrame(
        {
            "x": full % DENSITY_CELLS,
            "y": full // DENSITY_CELLS,
            "people": people[full],
            "told": [count(many) for many in people[full]],
        }
    )


def _cells(table: pd.DataFrame, scale: alt.Scale, theme: str) -> Any:
    return (
        alt.Chart(table)
        .transform_calculate(x2="datum.x + 1", y2="datum.y + 1")
        .mark_rect()
        .encode(
            x=alt.X("x:Q", scale=scale, axis=None),
            x2="x2:Q",
            y=alt.Y("y:Q", scale=scale, axis=None),
            y2="y2:Q",
            color=alt.Color(
                "people:Q",
                scale=alt.Scale(type="log", range=list(SEQUENTIAL[theme])),
                legend=alt.Legend(title="People in a cell", orient="bottom", gradientLength=200),
            ),
            tooltip=[alt.Tooltip("told:N", title="People here")],
        )
    )


def _cluster_names(view: MapView, low: NDArray[Any], cell: NDArray[Any]) -> pd.DataFrame:
    """Place the names of the largest clusters, in cells."""
    return pd.DataFrame(
        [
            {
                "x": (at[0] - low[0]) / cell[0],
                "y": (at[1] - low[1]) / cell[1],
                "name": cluster.name,
            }
            for cluster, at in list(zip(view.clusters, view.centres, strict=True))[:NAMED]
            if cluster.id is not None
        ],
        columns=["x", "y", "name"],
    )
