"""Altair charts that several screens share."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from dashboard.theme import ACCENT, FAINT_INK, PAPER, styled
from dashboard.trends import Trend


def trend_chart(
    trend: Trend, *, title: str, subtitle: str, axis: str, theme: str, height: int = 190
) -> Any:
    """Draw a measure over time from zero, its incomplete periods hollow and dashed."""
    colour, frame = ACCENT[theme], trend.frame
    x = alt.X("start:T", title=None, axis=alt.Axis(tickCount=6, format=_dates(frame)))
    y = alt.Y(
        "value:Q",
        title=axis,
        scale=alt.Scale(zero=True),
        axis=alt.Axis(tickCount=3, format=_numbers(frame)),
    )
    done = alt.Chart(frame[frame["complete"]]).encode(x=x, y=y)
    layers = [
        done.mark_area(color=colour, opacity=0.12),
        done.mark_line(color=colour, strokeWidth=2),
    ]
    for edge in _incomplete(frame):
        base = alt.Chart(edge).encode(x=x, y=y)
        hollow = base.transform_filter("!datum.complete")
        layers += [
            base.mark_line(color=colour, strokeWidth=1.5, strokeDash=[3, 3]),
            hollow.mark_point(color=colour, fill=PAPER[theme], size=40, strokeWidth=1.5),
        ]
    near = alt.selection_point(nearest=True, on="pointerover", fields=["start"], empty=False)
    base = alt.Chart(frame).encode(x=x, y=y)
    layers += [
        base.mark_rule(color=FAINT_INK[theme]).encode(
            opacity=alt.condition(near, alt.value(0.5), alt.value(0))
        ),
        base.mark_point(filled=True, size=50, color=colour)
        .encode(
            opacity=alt.condition(near, alt.value(1), alt.value(0)),
            tooltip=[alt.Tooltip("told:N", title="\u200b")],  # the words need no label
        )
        .add_params(near),
    ]
    return styled(
        alt.layer(*layers).properties(height=height, title=alt.Title(title, subtitle=subtitle)),
        theme,
    )


def _incomplete(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """Give each incomplete end of the line with the neighbour that it hangs on."""
    complete = frame["complete"].to_numpy()
    if complete.all() or not complete.any():
        return [] if complete.all() else [frame]
    first, last = int(complete.argmax()), len(complete) - 1 - int(complete[::-1].argmax())
    ends = (frame.iloc[: first + 1], frame.iloc[last:])
    return [end for end in ends if len(end) > 1]


def _dates(frame: pd.DataFrame) -> str:
    if frame.empty or (frame["start"].max() - frame["start"].min()).days < 120:
        return "%-d %b"
    return "%b %Y"


def _numbers(frame: pd.DataFrame) -> str:
    return "~s" if len(frame) and frame["value"].max() >= 10_000 else ",.0f"
