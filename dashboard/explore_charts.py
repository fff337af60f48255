"""The charts of Explore: what sets people apart, distributions, and where people are dense."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.explore_data import MapView
from dashboard.explore_map import cluster_colour
from dashboard.format import count, number, percent
from dashboard.theme import DIVERGING, NOISE, SEQUENTIAL
from kindred.clusters.contrast import BinnedTrait, Contrast, Counts, coarse

DENSITY_CELLS = 64  # along either axis


def in_words(view: MapView, found: Contrast, others: str) -> str:
    """Say one effect in a sentence."""
    what = view.sentence(found.name)
    if found.category is not None:
        way = "more often" if found.effect > 0 else "less often"
        return (
            f"{what}: {found.strength} {way} {found.category}, {percent(found.here)} "
            f"against {percent(found.there)} of {others}"
        )
    unit, way = view.unit(found.name), "higher" if found.effect > 0 else "lower"
    told = f"typically {number(found.here, unit)} against {number(found.there, unit)}"
    if number(found.here, unit) == number(found.there, unit):
        told = f"typically {number(found.here, unit)} for both, but not at the edges"
    return f"{what}: {found.strength} {way}, {told}"


def effects_chart(view: MapView, contrasts: Sequence[Contrast], others: str, theme: str) -> Any:
    """Draw effects to the left and right of none, the strongest first."""
    low, high = DIVERGING[theme]
    rows = pd.DataFrame(
        {
            "trait": [_short(view, found) for found in contrasts],
            "effect": [found.effect for found in contrasts],
            "told": [in_words(view, found, others) for found in contrasts],
            "way": ["more" if found.effect > 0 else "less" for found in contrasts],
        }
    )
    reach = max(0.5, float(rows["effect"].abs().max()))
    bars = (
        alt.Chart(rows)
        .mark_bar(height=13, cornerRadius=2)
        .encode(
            x=alt.X(
                "effect:Q",
                title=f"← less than {others} · more →",
                scale=alt.Scale(domain=[-reach, reach]),
                axis=alt.Axis(values=[-1, -0.5, 0, 0.5, 1], labels=False, ticks=False),
            ),
            y=alt.Y("trait:N", sort=None, title=None, axis=alt.Axis(labelLimit=190)),
            color=alt.Color(
                "way:N",
                scale=alt.Scale(domain=["less", "more"], range=[low, high]),
                legend=None,
            ),
            tooltip=[alt.Tooltip("told:N", title="In words")],
        )
    )
    zero = alt.Chart(pd.DataFrame({"x": [0]})).mark_rule(strokeWidth=1).encode(x="x:Q")
    return (bars + zero).properties(height=24 * len(rows) + 26)


def _short(view: MapView, found: Contrast) -> str:
    name = view.sentence(found.name)
    return f"{name}: {found.category}" if found.category is not None else name


def distribution_chart(
    view: MapView,
    trait: BinnedTrait,
    here: Counts,
    there: Counts,
    others: str,
    colour: str,
    theme: str,
) -> Any:
    """Draw a trait's distribution among the picked over everyone's."""
    title = view.sentence(trait.name)
    if trait.numeric:
        return _histogram(view, trait, here, there, others, colour, theme, title)
    labels = trait.categories[:8]
    shares = [
        (label, float(counts[i] / max(counts[:255].sum(), 1)), who)
        for counts, who in ((here, "picked"), (there, others))
        for i, label in enumerate(labels)
    ]
    rows = pd.DataFrame(shares, columns=["value", "share", "who"])
    rows["told"] = [percent(share) for share in rows["share"]]
    return (
        alt.Chart(rows, title=title)
        .mark_bar(height=6)
        .encode(
            x=alt.X("share:Q", title="Share of people", axis=alt.Axis(format="%", tickCount=4)),
            y=alt.Y("value:N", sort=list(labels), title=None),
            yOffset=alt.YOffset("who:N", sort=["picked", others]),
            color=_who(others, colour, theme),
            tooltip=[
                alt.Tooltip("value:N", title=title),
                alt.Tooltip("who:N", title="Who"),
                alt.Tooltip("told:N", title="Share"),
            ],
        )
        .properties(height=20 * len(labels))
    )


def _who(others: str, colour: str, theme: str) -> alt.Color:
    scale = alt.Scale(domain=["picked", others], range=[colour, NOISE[theme]])
    return alt.Color("who:N", scale=scale, legend=None)


def _histogram(
    view: MapView,
    trait: BinnedTrait,
    here: Counts,
    there: Counts,
    others: str,
    colour: str,
    theme: str,
    title: str,
) -> Any:
    unit, parts = view.unit(trait.name), []
    for counts, who in ((here, "picked"), (there, others)):
        edges, shares = coarse(trait, counts)
        parts.append(
            pd.DataFrame(
                {
                    "low": edges[:-1],
                    "high": edges[1:],
                    "share": shares,
                    "who": who,
                    "told": [percent(share) for share in shares],
                    "range": [f"{number(a)} to {number(b, unit)}" for a, b in pairwise(edges)],
                }
            )
        )
    rows = pd.concat(parts)
    scale = alt.Scale(type="log" if trait.log else "linear", nice=False, zero=False)
    axis_title = unit if unit and unit != "share" else None
    axis = alt.Axis(
        format="%" if unit == "share" else "~s", tickCount=4, grid=False, title=axis_title
    )
    base = alt.Chart(rows, title=title).encode(
        x=alt.X("low:Q", scale=scale, axis=axis),
        x2="high:Q",
        y=alt.Y("share:Q", stack=None, axis=None),
        tooltip=[
            alt.Tooltip("range:N", title=title),
            alt.Tooltip("who:N", title="Who"),
            alt.Tooltip("told:N", title="Share"),
        ],
    )
    back = base.transform_filter(alt.datum.who == others).mark_bar(color=NOISE[theme], opacity=0.55)
    front = base.transform_filter(alt.datum.who == "picked").mark_bar(
        fill=colour, fillOpacity=0.28, stroke=colour, strokeWidth=1
    )
    return (back + front).properties(height=84)


def density_chart(view: MapView, rows: NDArray[np.intp] | None, theme: str) -> Any:
    """Draw how many people stand where, binned on the server, with the clusters' names."""
    cell = (2**16) // DENSITY_CELLS
    x, y = (view.x, view.y) if rows is None else (view.x[rows], view.y[rows])
    place = (y // cell).astype(np.int64) * DENSITY_CELLS + x // cell
    people = np.bincount(place, minlength=DENSITY_CELLS**2)
    full = np.flatnonzero(people)
    table = pd.DataFrame(
        {
            "x": full % DENSITY_CELLS,
            "y": full // DENSITY_CELLS,
            "people": people[full],
            "told": [count(number_) for number_ in people[full]],
        }
    )
    scale = alt.Scale(domain=[0, DENSITY_CELLS], nice=False)
    cells = (
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
    names = pd.DataFrame(
        [
            {"x": at[0] / cell, "y": at[1] / cell, "name": cluster.name}
            for cluster, at in zip(view.clusters, view.centres, strict=True)
            if cluster.id is not None
        ],
        columns=["x", "y", "name"],
    )
    text = alt.Chart(names).encode(
        x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale), text="name:N"
    )
    paper, ink = ("#ffffff", "#1f2430") if theme == "light" else ("#11141b", "#f3f4f7")
    return (
        cells
        + text.mark_text(fontWeight=600, stroke=paper, strokeWidth=4)
        + text.mark_text(fontWeight=600, color=ink)
    ).properties(height=470)


def cluster_swatch(view: MapView, cluster_id: int | None, theme: str) -> str:
    """Give the colour a group is drawn in: its cluster's, else the accent."""
    cluster = view.cluster(cluster_id)
    return DIVERGING[theme][1] if cluster is None else cluster_colour(cluster.colour, theme)
