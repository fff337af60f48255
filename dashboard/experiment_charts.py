"""Charts of experiments: forests of lifts, the effect as it came about, exposures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard.charts import draw, over, told_in_words
from dashboard.experiment_data import Shown
from dashboard.experiment_words import lift, told
from dashboard.format import count
from dashboard.theme import FAINT_INK, INK, colour
from kindred.experiments.definition import Method
from kindred.experiments.over_time import Look
from kindred.experiments.readings import Seen, read_all
from kindred.experiments.results import Result, SegmentResult
from kindred.experiments.verdict import p_in_words

# Of an axis: shares as text writes them, zero without a sign.
SHARES: Final = (
    "datum.value === 0 ? '0\N{NO-BREAK SPACE}%' "
    ": replace(format(datum.value, '+.2~%'), '%', '\N{NO-BREAK SPACE}%')"
)


def forest_rows(shown: Shown, method: Method, theme: str) -> list[dict[str, Any]]:
    """Give a row for each metric, variation and way of reading: as measured, and with CUPED."""
    rows: list[dict[str, Any]] = []
    results = list(shown.report.results)
    ways = [("as measured", False)]
    if any(result.cuped for result in results):
        ways.append(("less what was known before (CUPED)", True))
    for way, adjusted in ways:
        for one in shown.read(method, adjusted=adjusted):
            if one.interval is None or (adjusted and one.result.cuped is None):
                continue
            rows.append(_row(shown, one, method, theme) | {"way": way, "adjusted": adjusted})
    return [row for row in rows if row["relative"]]


def _row(shown: Shown, seen: Seen, method: Method, theme: str) -> dict[str, Any]:
    assert seen.interval is not None
    label = shown.label(seen.result.variation)
    several = len(shown.arms) > 2
    return {
        "name": f"{seen.result.metric} · {label}" if several else seen.result.metric,
        "lift": seen.lift,
        "low": seen.interval[0],
        "high": seen.interval[1],
        "relative": seen.relative,
        "fill": colour(shown.arms.index(seen.result.variation), theme),
        "words": lift(seen.lift, seen.relative),
        "told": told(seen, method, f"{seen.result.metric}, {label}"),
    }


def forest(shown: Shown, method: Method, theme: str, key: str) -> bool:
    """Draw all metrics' lifts; tells whether there is anything to draw."""
    rows = forest_rows(shown, method, theme)
    if not rows:
        return False
    title, subtitle = forest_title(shown)
    draw(
        forest_chart,
        {"rows": pd.DataFrame(rows), "zero": pd.DataFrame({"zero": [0.0]})},
        theme,
        len({row["name"] for row in rows}),
        len({row["way"] for row in rows}),
        key=key,
        alt_text="; ".join(str(row["told"]) for row in rows),
        title=title,
        subtitle=subtitle,
    )
    return True


def forest_title(shown: Shown) -> tuple[str, str]:
    """Say what the forest shows."""
    control = shown.label(shown.settings.control)
    share = f"{(1 - shown.settings.alpha) * 100:g} %"
    return f"Change against {control}", f"With {share} intervals; right of zero is more"


def forest_chart(theme: str, names: int, ways: int) -> Any:
    """Build the forest: a row a metric, one or two ways of reading it."""
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=170))
    shift = alt.YOffset("way:N", sort=None)
    base = over("rows").encode(y=y, tooltip=told_in_words())
    if ways > 1:
        base = base.encode(yOffset=shift)
    axis = alt.Axis(labelExpr=SHARES, grid=True, tickCount=6)
    x = alt.X("lift:Q", title="Relative change", axis=axis)
    faint = alt.condition("datum.adjusted", alt.value(0.55), alt.value(1.0))
    fill = alt.Color("fill:N", scale=None)
    rule = over("zero").mark_rule(color=FAINT_INK[theme]).encode(x="zero:Q")
    span = base.mark_rule(strokeWidth=3).encode(x="low:Q", x2="high:Q", color=fill, opacity=faint)
    dots = base.mark_circle(size=110).encode(x=x, color=fill, opacity=faint)
    words = base.mark_text(align="left", dx=8, color=INK[theme]).encode(x="high:Q", text="words:N")
    return alt.layer(rule, span, dots, words).properties(height=names * (12 + 20 * ways) + 110)


def segments(shown: Shown, found: SegmentResult, method: Method, theme: str) -> bool:
    """Draw the levels of a dimension; tells whether there is anything to draw."""
    results = [result for _, result in found.levels]
    rows: list[dict[str, Any]] = []
    seen = read_all(results, method, shown.settings.correction, adjusted=False)
    for (level, _), one in zip(found.levels, seen, strict=True):
        if one.interval is not None and one.relative:
            size = one.reading.arm.n + one.reading.control.n
            row = _row(shown, one, method, theme)
            rows.append(row | {"name": f"{level} ({count(size)})", "way": "", "adjusted": False})
    if not rows:
        return False
    p_value = found.differ(peeking=method == "sequential")
    differs = p_value < shown.settings.alpha
    say = "Levels differ" if differs else "No sign that levels differ"
    title = f"{say} by {shown.dimension(found.segment)}"
    draw(
        forest_chart,
        {"rows": pd.DataFrame(rows), "zero": pd.DataFrame({"zero": [0.0]})},
        theme,
        len(rows),
        1,
        key=f"experiment_segment_{found.segment}_{found.variation}",
        alt_text="; ".join(f"{row['name']}: {row['words']}" for row in rows),
        title=title,
        subtitle=f"{found.metric}; test of a difference, corrected: {p_in_words(p_value)}",
    )
    return True


def cumulative(
    shown: Shown, metric: str, looks: Sequence[Look], variation: str, theme: str
) -> bool:
    """Draw the effect of all exposed so far, day by day, with its always-valid band."""
    rows: list[dict[str, Any]] = []
    for look in looks:
        always = look.result.best.always_relative
        if always is None or look.result.best.control.unadjusted <= 0:
            continue
        low, high = always.interval()
        value = look.result.best.relative.value
        said = f"{look.day}: {lift(value, True)} ({lift(low, True)} to {lift(high, True)})"
        rows.append(
            {"day": pd.Timestamp(look.day), "lift": value, "low": low, "high": high, "told": said}
        )
    if len(rows) < 2:
        return False
    frame = pd.DataFrame(rows)
    # Far out, the first days' bands would hide all others.
    reach = max(abs(frame["lift"]).max() * 2, float((frame["high"] - frame["low"]).iloc[-1]))
    frame["low"], frame["high"] = frame["low"].clip(-reach), frame["high"].clip(upper=reach)
    last = looks[-1]
    decided = last.so_far.decided_at if last.so_far else None
    title = (
        f"Decided on {pd.Timestamp(looks[decided].day):%-d %b %Y}"
        if decided is not None
        else "Zero lies within the band"
    )
    draw(
        _cumulative,
        {"rows": frame, "zero": pd.DataFrame({"zero": [0.0]})},
        theme,
        colour(shown.arms.index(variation), theme),
        key="experiment_cumulative",
        alt_text=f"{metric}: {title}; last {rows[-1]['told']}",
        title=f"{metric}: {title[0].lower()}{title[1:]}",
        subtitle="Of all so far; the band holds on every day",
    )
    return True


def _cumulative(theme: str, fill: str) -> Any:
    x = alt.X("day:T", title="Day of first exposure", axis=alt.Axis(format="%-d %b", tickCount=6))
    axis = alt.Axis(labelExpr=SHARES, tickCount=5)
    base = over("rows").encode(x=x)
    zero = over("zero").mark_rule(color=FAINT_INK[theme]).encode(y="zero:Q")
    y = alt.Y("low:Q", title="Relative change", axis=axis)
    band = base.mark_area(color=fill, opacity=0.15).encode(y=y, y2="high:Q")
    line = base.mark_line(color=fill, strokeWidth=2).encode(y="lift:Q")
    dots = base.mark_circle(color=fill, size=36, opacity=1).encode(
        y="lift:Q", tooltip=told_in_words()
    )
    return alt.layer(band, zero, line, dots).properties(height=260)


def since(shown: Shown, variation: str, found: Sequence[tuple[int, Result]], theme: str) -> bool:
    """Draw the effect by days since the exposure; tells whether there is anything to draw."""
    rows: list[dict[str, Any]] = []
    for day, result in found:
        one = result.plain
        if not one.absolute.usable:
            continue
        low, high = one.interval
        said = f"day {day}: {one.absolute.value:+.3g} ({low:+.3g} to {high:+.3g})"
        rows.append(
            {"day": day, "lift": one.absolute.value, "low": low, "high": high, "told": said}
        )
    if len(rows) < 2:
        return False
    draw(
        _since,
        {"rows": pd.DataFrame(rows), "zero": pd.DataFrame({"zero": [0.0]})},
        theme,
        colour(shown.arms.index(variation), theme),
        key="experiment_since",
        alt_text="; ".join(str(row["told"]) for row in rows),
        title=f"{shown.primary} by days since the exposure",
        subtitle="Fading is novelty, growing is learning",
    )
    return True


def _since(theme: str, fill: str) -> Any:
    axis = alt.Axis(tickMinStep=1)
    base = over("rows").encode(
        x=alt.X("day:Q", title="Days since the exposure", axis=axis), tooltip=told_in_words()
    )
    zero = over("zero").mark_rule(color=FAINT_INK[theme]).encode(y="zero:Q")
    span = base.mark_rule(color=fill, strokeWidth=2, opacity=0.5).encode(
        y=alt.Y("low:Q", title="Change a day", axis=alt.Axis(tickCount=5)), y2="high:Q"
    )
    dots = base.mark_circle(color=fill, size=50, opacity=1).encode(y="lift:Q")
    return alt.layer(zero, span, dots).properties(height=260)


def exposures(shown: Shown, theme: str) -> bool:
    """Draw how many were first exposed each day, by variation."""
    if shown.judged is None or len(shown.judged.exposed) < 2:
        return False
    rows = [
        {
            "day": pd.Timestamp(day),
            "n": n,
            "arm": shown.label(arm),
            "told": f"{day}, {shown.label(arm)}: {count(n)}",
        }
        for day, arm, n in shown.judged.exposed
    ]
    total = count(sum(n for _, _, n in shown.judged.exposed))
    draw(
        _exposures,
        {"rows": pd.DataFrame(rows)},
        theme,
        tuple(shown.label(arm) for arm in shown.arms),
        tuple(colour(place, theme) for place in range(len(shown.arms))),
        key="experiment_exposures",
        alt_text=f"First exposures by day; in all {total}",
        title=f"{total} people were exposed",
        subtitle="By the day of their first exposure",
    )
    return True


def _exposures(_theme: str, names: tuple[str, ...], fills: tuple[str, ...]) -> Any:
    x = alt.X("day:T", title=None, axis=alt.Axis(format="%-d %b", tickCount=6))
    y = alt.Y("n:Q", title="People a day", axis=alt.Axis(tickCount=4))
    legend = alt.Legend(title=None, orient="top", symbolType="circle")
    fill = alt.Color("arm:N", scale=alt.Scale(domain=names, range=fills), legend=legend)
    base = over("rows").encode(x=x, y=y, color=fill, tooltip=told_in_words())
    line, dots = base.mark_line(strokeWidth=2), base.mark_circle(size=24, opacity=1)
    return alt.layer(line, dots).properties(height=200)
