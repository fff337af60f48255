"""The charts of what segments share: combinations, UpSet-style, and all pairs as a heat map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard.charts import draw, over
from dashboard.format import percent
from dashboard.theme import ACCENT, GROUND, INK, PAPER, SEQUENTIAL
from data.segment_overlap import Overlap

MOST_COMBINATIONS: Final = 12


def draw_combinations(found: Overlap, names: Mapping[str, str], theme: str) -> None:
    """Draw combinations of segments, UpSet-style: a column each, its dots say which.

    Source: Lex et al. 2014, "UpSet: Visualization of Intersecting Sets".
    """
    shown = found.combinations[:MOST_COMBINATIONS]
    told = [" and ".join(sorted(names[key] for key in keys)) for keys, _ in shown]
    people = [number for _, number in shown]
    bars = pd.DataFrame({"place": range(len(shown)), "people": people, "told": told})
    used = [key for key in found.keys if any(key in keys for keys, _ in shown)]
    dots = pd.DataFrame(
        [
            {"place": place, "segment": names[key], "in": key in keys}
            for place, (keys, _) in enumerate(shown)
            for key in used
        ]
    )
    draw(
        _combinations_chart,
        {"bars": bars, "in": dots[dots["in"]], "out": dots[~dots["in"]]},
        theme,
        tuple(names[key] for key in used),
        key="segment_combinations",
        title="Who is in exactly which of them",
        subtitle=f"The {len(shown)} largest combinations; whoever is in none is left out.",
        alt_text="; ".join(
            f"{text}: {number:,} people" for text, number in zip(told, people, strict=True)
        ),
    )


def _combinations_chart(theme: str, segments: tuple[str, ...]) -> Any:
    x = alt.X("place:O", axis=None)
    bars = (
        over("bars")
        .mark_bar(color=ACCENT[theme], size=16)
        .encode(
            x,
            alt.Y("people:Q", title="people", axis=alt.Axis(tickCount=4, format="~s")),
            tooltip=[
                alt.Tooltip("told:N", title="in"),
                alt.Tooltip("people:Q", format=",", title="people"),
            ],
        )
        .properties(height=130, width=330)
    )
    y = alt.Y("segment:N", sort=list(segments), title=None, axis=alt.Axis(labelLimit=150))
    out = over("out").mark_circle(size=60, color=GROUND[theme]).encode(x, y)
    held = over("in").mark_circle(size=80, color=INK[theme]).encode(x, y)
    matrix = alt.layer(out, held).properties(height=22 * len(segments), width=330)
    return alt.vconcat(bars, matrix, spacing=4).resolve_scale(x="shared")


def draw_pairs(found: Overlap, names: Mapping[str, str], theme: str) -> None:
    """Draw what each two share as a heat map."""
    share = found.jaccard()
    keys = list(found.keys)
    cells = [
        (names[a], names[b], float(share[i, j]), int(found.shared[i, j]))
        for i, a in enumerate(keys)
        for j, b in enumerate(keys)
        if i != j
    ]
    draw(
        _pairs_chart,
        {"pairs": pd.DataFrame(cells, columns=["one", "other", "share", "both"])},
        theme,
        tuple(names[key] for key in keys),
        key="segment_pairs",
        title="How much each two share",
        subtitle="People in both, of those in either (Jaccard).",
        alt_text="; ".join(
            f"{one} and {other}: {percent(part)}" for one, other, part, _ in cells if one < other
        ),
    )


def _pairs_chart(theme: str, segments: tuple[str, ...]) -> Any:
    order = list(segments)
    across = alt.Axis(labelAngle=-40, labelLimit=110, labelOverlap=False)
    down = alt.Axis(labelLimit=130, labelOverlap=False)
    both = [
        alt.X("one:N", sort=order, title=None, axis=across),
        alt.Y("other:N", sort=order, title=None, axis=down),
    ]
    tip = [
        alt.Tooltip("one:N", title="segment"),
        alt.Tooltip("other:N", title="and"),
        alt.Tooltip("both:Q", format=",", title="people in both"),
        alt.Tooltip("share:Q", format=".1%", title="of those in either"),
    ]
    scale = alt.Scale(range=list(SEQUENTIAL[theme]), domain=[0, 1])
    cells = (
        over("pairs")
        .mark_rect()
        .encode(*both, color=alt.Color("share:Q", scale=scale, legend=None), tooltip=tip)
    )
    ink = alt.condition(alt.datum.share > 0.5, alt.value(PAPER[theme]), alt.value(INK[theme]))
    numbers = (
        over("pairs")
        .mark_text(fontSize=11)
        .encode(*both, text=alt.Text("share:Q", format=".0%"), color=ink, tooltip=tip)
    )
    return alt.layer(cells, numbers).properties(height=26 * len(order) + 150)
