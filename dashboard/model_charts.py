"""Charts of Models: quality with intervals, curves, per group, coverage against popularity bias."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts import draw, over, told_in_words
from dashboard.format import count
from dashboard.model_data import Models
from dashboard.model_words import measure, model_label
from dashboard.theme import GROUND, INK, colour

LEVELS = ("none before", "little", "some", "much")  # of activity, as trainings tell them apart


def leaderboard(seen: Models, metric: str, theme: str) -> None:
    """Draw every model's value with its interval, the best at the top."""
    told = measure(metric)
    rows: list[dict[str, Any]] = []
    for model in seen.models:
        found = model.metrics.get(metric) or {}
        if found.get("value") is None:
            continue
        value, low, high = _bounds(found)
        words = f"{told.written(value)} ({told.written(low)} to {told.written(high)})"
        rows.append(
            {
                "model": model_label(model.name),
                "value": value,
                "low": low,
                "high": high,
                "fill": colour(seen.places[model.name], theme),
                "words": told.written(value),
                "told": f"{model_label(model.name)}: {told.label} {words}",
            }
        )
    if not rows:
        return
    rows.sort(key=lambda row: row["value"], reverse=told.better != "less")
    draw(
        _intervals,
        {"rows": pd.DataFrame(rows)},
        theme,
        len(rows),
        told.label,
        key="models_leaderboard",
        alt_text="; ".join(row["told"] for row in rows),
        title=f"{rows[0]['model']} leads in {told.label}" if told.better else told.label,
        subtitle="With 95 % intervals over people",
    )


def _bounds(found: Any) -> tuple[float, float, float]:
    value = float(found["value"])
    low, high = found.get("low"), found.get("high")
    return value, value if low is None else float(low), value if high is None else float(high)


def _intervals(theme: str, length: int, label: str) -> Any:
    names = alt.Y("model:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    base = over("rows").encode(y=names, tooltip=told_in_words())
    fill = alt.Color("fill:N", scale=None)
    x = alt.X("value:Q", title=label, scale=alt.Scale(zero=True), axis=alt.Axis(grid=True))
    bars = base.mark_bar(height=6, cornerRadius=3, opacity=0.25).encode(x=x, color=fill)
    span = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=fill)
    dots = base.mark_circle(size=90, opacity=1).encode(x=x, color=fill)
    words = base.mark_text(align="left", dx=10, color=INK[theme]).encode(x="high:Q", text="words:N")
    return alt.layer(bars, span, dots, words).properties(height=28 * length + 50)


def curves(seen: Models, metric: str, theme: str) -> bool:
    """Draw quality by the length of the list; tells whether there is anything to draw."""
    rows = [
        {
            "k": k,
            "value": value,
            "model": model_label(model.name),
            "fill": colour(seen.places[model.name], theme),
            "told": f"{model_label(model.name)}, first {k}: {measure(metric).written(value)}",
        }
        for model in seen.models
        for k, value in (model.curves or {}).get(metric, ())
    ]
    if not rows:
        return False
    frame = pd.DataFrame(rows)
    last = frame[frame["k"] == frame["k"].max()]
    plain = measure(metric).label.split("@")[0]
    draw(
        _curves,
        {"rows": frame, "ends": last},
        theme,
        plain,
        key="models_curves",
        alt_text="; ".join(last["told"]),
        title=f"{plain} by the length of the list",
        subtitle="In the colours of the leaderboard",
    )
    return True


def _curves(_theme: str, label: str) -> Any:
    x = alt.X("k:Q", title="Items recommended", axis=alt.Axis(tickMinStep=1))
    y = alt.Y("value:Q", title=label, scale=alt.Scale(zero=True))
    fill = alt.Color("fill:N", scale=None)
    lines = over("rows").encode(x=x, y=y, color=fill, detail="model:N", tooltip=told_in_words())
    marks = [lines.mark_line(strokeWidth=2), lines.mark_circle(size=40, opacity=1)]
    return alt.layer(*marks).properties(height=300)


def by_group(seen: Models, kind: str, names: tuple[str, str], theme: str) -> None:
    """Draw the NDCG of two models for each group of people of one kind."""
    rows = [
        {
            "group": f"{row.name} ({count(row.people)})",
            "value": row.value,
            "low": row.low,
            "high": row.high,
            "shift": names.index(row.model),
            "fill": colour(seen.places[row.model], theme),
            "told": f"{row.name}, {count(row.people)} people: {model_label(row.model)} "
            f"{measure('ndcg').written(row.value)} ({measure('ndcg').written(row.low)} to "
            f"{measure('ndcg').written(row.high)})",
        }
        for row in sorted(seen.groups, key=_by_activity)
        if row.kind == kind and row.model in names
    ]
    if not rows:
        return
    frame = pd.DataFrame(rows)
    draw(
        _groups,
        {"rows": frame},
        theme,
        frame["group"].nunique(),
        key=f"models_groups_{kind}",
        alt_text="; ".join(frame["told"]),
    )


def _by_activity(row: Any) -> int:
    """Order levels of activity from none to much; other groups stay the largest first."""
    return LEVELS.index(row.key) if row.kind == "activity" and row.key in LEVELS else len(LEVELS)


def _groups(theme: str, length: int) -> Any:
    names = alt.Y("group:N", sort=None, title=None, axis=alt.Axis(labelLimit=240))
    base = over("rows").encode(y=names, tooltip=told_in_words())
    fill = alt.Color("fill:N", scale=None)
    shift = alt.YOffset("shift:O", scale=alt.Scale(paddingInner=0.5))
    x = alt.X("value:Q", title="NDCG@10", scale=alt.Scale(zero=True), axis=alt.Axis(grid=True))
    span = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=fill, yOffset=shift)
    dots = base.mark_circle(size=80, opacity=1).encode(x=x, color=fill, yOffset=shift)
    zero = over("rows").mark_rule(color=GROUND[theme]).encode(x=alt.datum(0))
    return alt.layer(zero, span, dots).properties(height=34 * length + 50)


def reach(seen: Models, theme: str) -> bool:
    """Draw coverage against popularity bias; tells whether both are known."""
    rows = []
    for model in seen.models:
        covered = (model.metrics.get("coverage") or {}).get("value")
        biased = (model.metrics.get("popularity_bias") or {}).get("value")
        if covered is None or biased is None:
            continue
        label = model_label(model.name)
        rows.append(
            {
                "model": label,
                "coverage": covered * 100,
                "bias": biased * 100,
                "fill": colour(seen.places[model.name], theme),
                "told": f"{label}: recommends {measure('coverage').written(covered)} of the "
                f"catalogue, popularity bias {measure('popularity_bias').written(biased)}",
            }
        )
    if not rows:
        return False
    for row, label in zip(rows, _legible(rows), strict=True):
        row["label"] = label
    widest = max(rows, key=lambda row: row["coverage"])
    draw(
        _reach,
        {"rows": pd.DataFrame(rows)},
        theme,
        key="models_reach",
        alt_text="; ".join(row["told"] for row in rows),
        title=f"{widest['model']} reaches most items",
        subtitle="Lower leans less on what is popular",
    )
    return True


def _legible(rows: list[dict[str, Any]]) -> list[str]:
    """Give each point its name, unless another's stands there already; colours tell those apart."""
    width = max((row["coverage"] for row in rows), default=0) or 1.0
    biases = [row["bias"] for row in rows]
    height = (max(biases) - min(biases)) or 1.0
    taken: list[tuple[float, float]] = []
    labels = []
    for row in rows:
        x, y = row["coverage"] / width, (row["bias"] - min(biases)) / height
        free = all(abs(x - at) > 0.5 or abs(y - up) > 0.055 for at, up in taken)
        labels.append(row["model"] if free else "")
        if free:
            taken.append((x, y))
    return labels


def _reach(theme: str) -> Any:
    base = over("rows").encode(
        x=alt.X("coverage:Q", title="Coverage (% of the catalogue)"),
        y=alt.Y("bias:Q", title="Popularity bias (points)"),
        tooltip=told_in_words(),
    )
    dots = base.mark_circle(size=110, opacity=1).encode(color=alt.Color("fill:N", scale=None))
    words = base.mark_text(align="left", dx=9, dy=-1, fontSize=11, color=INK[theme]).encode(
        text="label:N"
    )
    return alt.layer(dots, words).properties(height=300)
