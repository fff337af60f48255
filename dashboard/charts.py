"""Altair charts that several screens share.

Altair takes a tenth of a second to build and check a chart. What of a chart does not depend on the
data is built once, as a specification, and drawn over the data of the day by ``draw``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.theme import ACCENT, FAINT_INK, PAPER, styled
from dashboard.trends import Trend


@lru_cache(maxsize=256)
def _specification(build: Callable[..., Any], theme: str, settings: tuple[Any, ...]) -> str:
    return json.dumps(styled(build(theme, *settings), theme).to_dict())


def draw(
    build: Callable[..., Any],
    tables: Mapping[str, pd.DataFrame],
    theme: str,
    *settings: Any,
    key: str,
    alt_text: str,
    title: str | None = None,
    subtitle: str | None = None,
) -> None:
    """Draw a chart over tables.

    Parameters
    ----------
    build : callable
        ``build(theme, *settings)`` gives the Altair chart without title, over tables by name as
        :func:`over` gives them; called once for the same arguments. Layers that filter one table
        would warn of an infinite extent before rows are there, so each has a table of its own.
    """
    specification = json.loads(_specification(build, theme, settings))
    if title is not None:
        specification["title"] = {"text": title, **({"subtitle": subtitle} if subtitle else {})}
    specification["datasets"] = dict(tables)
    st.vega_lite_chart(specification, key=key, alt=alt_text)


def over(table: str) -> Any:
    """Begin a chart over a table by its name."""
    return alt.Chart(alt.NamedData(table))


def draw_trend(trend: Trend, *, title: str, subtitle: str, axis: str, theme: str, key: str) -> None:
    """Draw a measure over time from zero, its incomplete periods hollow and dashed."""
    rows = trend.frame
    tables = {"rows": rows, "whole": rows[rows["complete"]], **_edges(rows)}
    settings = (axis, _dates(rows), _numbers(rows), tuple(tables))
    said = f"{axis}: {title}. {subtitle}"
    draw(_trend, tables, theme, *settings, key=key, alt_text=said, title=title, subtitle=subtitle)


def _trend(theme: str, axis: str, dates: str, numbers: str, tables: tuple[str, ...]) -> Any:
    colour = ACCENT[theme]
    x = alt.X("start:T", title=None, axis=alt.Axis(tickCount=6, format=dates))
    nothing = f"datum.value == 0 ? '0' : format(datum.value, '{numbers}')"  # else it is "0k"
    ticks = alt.Axis(tickCount=3, labelExpr=nothing)
    y = alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True), axis=ticks)
    charts = {name: over(name).encode(x=x, y=y) for name in tables}
    layers = [
        charts["whole"].mark_area(color=colour, opacity=0.12),
        charts["whole"].mark_line(color=colour, strokeWidth=2),
    ]
    dashed = {"color": colour, "strokeWidth": 1.5, "strokeDash": [3, 3]}
    layers += [charts[name].mark_line(**dashed) for name in tables if name in _ENDS]
    if "cut" in tables:
        hollow = {"color": colour, "fill": PAPER[theme], "size": 40, "strokeWidth": 1.5}
        layers.append(charts["cut"].mark_point(opacity=1, **hollow))
    near = alt.selection_point(
        name="near", nearest=True, on="pointerover", fields=["start"], empty=False
    )
    layers += [
        charts["rows"].mark_rule(color=FAINT_INK[theme]).encode(opacity=_only(near, 0.5)),
        charts["rows"]
        .mark_point(filled=True, size=50, color=colour)
        .encode(opacity=_only(near, 1), tooltip=told_in_words())
        .add_params(near),
    ]
    return alt.layer(*layers).properties(height=190)


def _only(near: Any, opacity: float) -> Any:
    return alt.condition(near, alt.value(opacity), alt.value(0))


def told_in_words() -> list[Any]:
    """Give a tooltip that shows the column ``told``, which needs no label."""
    return [alt.Tooltip("told:N", title="\u200b")]


_ENDS = ("first", "last")


def _edges(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give the incomplete periods at both ends, each with the neighbour that it hangs on."""
    complete = frame["complete"].to_numpy(dtype=bool)
    if complete.all() or not len(frame):
        return {}
    if not complete.any():
        return {"last": frame, "cut": frame}
    first, last = int(complete.argmax()), len(frame) - 1 - int(complete[::-1].argmax())
    ends = {"first": frame[: first + 1], "last": frame[last:]}
    return {name: end for name, end in ends.items() if len(end) > 1} | {"cut": frame[~complete]}


def _dates(frame: pd.DataFrame) -> str:
    if frame.empty or (frame["start"].max() - frame["start"].min()).days < 120:
        return "%-d %b"
    return "%b %Y"


def _numbers(frame: pd.DataFrame) -> str:
    return "~s" if len(frame) and frame["value"].max() >= 10_000 else ",.0f"
