"""The charts of Explore: what sets people apart, and distributions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.explore_data import MapView
from dashboard.format import number, percent
from dashboard.theme import ACCENT, DIVERGING, INK, NOISE, colour, styled
from kindred.clusters.contrast import BinnedTrait, Contrast, Counts, coarse
from kindred.clusters.naming import clause

MOST_ON_AXIS = 28  # characters of a trait's name


def in_words(view: MapView, found: Contrast, others: str) -> str:
    """Say one effect in a sentence."""
    if found.category is None:
        return f"They {clause(found, view.traits)}"
    way = "more" if found.effect > 0 else "less"
    return (
        f"{view.label_of(found.name)} is {way} often {found.category} "
        f"({percent(found.here)} against {percent(found.there)} of {others})"
    )


def effects_rows(view: MapView, contrasts: Sequence[Contrast], others: str) -> pd.DataFrame:
    """Give what :func:`effects_spec` draws, a row each bar."""
    return pd.DataFrame(
        {
            "trait": [_short(view, found) for found in contrasts],
            "effect": [found.effect for found in contrasts],
            "told": [in_words(view, found, others) for found in contrasts],
            "way": ["more" if found.effect > 0 else "less" for found in contrasts],
        }
    )


@st.cache_data(max_entries=100, show_spinner=False)
def effects_spec(bars: int, reach: float, theme: str) -> dict[str, Any]:
    """Draw effects to the left and right of none; rows come apart from it.

    Altair takes most of the time between a lasso and its panel, and the picture is always the same.

    Parameters
    ----------
    reach : float
        The scale goes from ``−reach`` to ``reach``.
    """
    low, high = DIVERGING[theme]
    drawn = (
        alt.Chart()
        .mark_bar(height=13, cornerRadius=2)
        .encode(
            x=alt.X(
                "effect:Q",
                title="← less · more →",
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
    zero = alt.Chart().mark_rule(strokeWidth=1, color=INK[theme]).encode(x=alt.datum(0))
    spec: dict[str, Any] = styled((drawn + zero).properties(height=24 * bars + 26), theme).to_dict()
    return spec


def _short(view: MapView, found: Contrast) -> str:
    name = view.label_of(found.name)
    if len(name) > MOST_ON_AXIS:
        name = view.traits[found.name].label
    return f"{name}: {found.category}" if found.category is not None else name


def distribution_chart(
    view: MapView,
    trait: BinnedTrait,
    here: Counts,
    there: Counts,
    others: str,
    tint: str,
    theme: str,
) -> Any:
    """Draw a trait's distribution among the picked over everyone's."""
    title = view.label_of(trait.name)
    if trait.numeric:
        return _histogram(view, trait, here, there, others, tint, theme, title)
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
            color=_who(others, tint, theme),
            tooltip=[
                alt.Tooltip("value:N", title=title),
                alt.Tooltip("who:N", title="Who"),
                alt.Tooltip("told:N", title="Share"),
            ],
        )
        .properties(height=20 * len(labels))
    )


def _who(others: str, tint: str, theme: str) -> alt.Color:
    scale = alt.Scale(domain=["picked", others], range=[tint, NOISE[theme]])
    return alt.Color("who:N", scale=scale, legend=None)


def _histogram(
    view: MapView,
    trait: BinnedTrait,
    here: Counts,
    there: Counts,
    others: str,
    tint: str,
    theme: str,
    title: str,
) -> Any:
    unit, parts = view.unit_of(trait.name), []
    for counts, who in ((there, others), (here, "picked")):
        edges, shares = coarse(trait, counts)
        told = [f"{number(a)} to {number(b, unit)}" for a, b in pairwise(edges)]
        parts.append(
            pd.DataFrame(
                {
                    "value": edges,
                    "share": [*shares, shares[-1]],  # a step needs its far end
                    "who": who,
                    "told": [*map(percent, shares), percent(shares[-1])],
                    "range": [*told, told[-1]],
                }
            )
        )
    axis = alt.Axis(
        format="%" if unit == "share" else "~s",
        tickCount=4,
        grid=False,
        title=unit if unit and unit != "share" else None,
    )
    scale = alt.Scale(type="log" if trait.log else "linear", nice=False, zero=False)
    base = alt.Chart(pd.concat(parts), title=alt.Title(title, fontSize=12, limit=165)).encode(
        x=alt.X("value:Q", scale=scale, axis=axis),
        y=alt.Y("share:Q", stack=None, axis=None),
        tooltip=[
            alt.Tooltip("range:N", title=title),
            alt.Tooltip("who:N", title="Who"),
            alt.Tooltip("told:N", title="Share"),
        ],
    )
    back = base.transform_filter(alt.datum.who == others).mark_area(
        interpolate="step-after", color=NOISE[theme], opacity=0.5
    )
    front = base.transform_filter(alt.datum.who == "picked").mark_area(
        interpolate="step-after", color=tint, opacity=0.22, line={"color": tint, "strokeWidth": 1.5}
    )
    return styled((back + front).properties(height=150), theme)


def cluster_swatch(view: MapView, cluster_id: int | None, theme: str) -> str:
    """Give the colour a group is drawn in: its cluster's, else the accent."""
    cluster = view.cluster(cluster_id)
    return ACCENT[theme] if cluster is None else colour(cluster.colour, theme)
