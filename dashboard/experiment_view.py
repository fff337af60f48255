"""Results of an experiment on the screen: verdict, health, forest, drill-down, export."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from dashboard import experiment_charts as charts
from dashboard.experiment_data import Shown
from dashboard.experiment_export import as_csv, as_markdown, as_png
from dashboard.experiment_words import METHODS, badge, interval, lift, sure, value
from dashboard.format import count, percent, verbatim
from kindred.experiments.definition import Method
from kindred.experiments.event_caveats import CROSSOVER_SHARE
from kindred.experiments.readings import applies
from kindred.experiments.verdict import FATAL

QUIET_DAYS: Final = 3
WARNS: Final = {
    "crossover",
    "bots",
    "unknown_variation",
    "pre_period_bias",
    "unplanned_arm",
    "missing_arm",
    *FATAL,
}


def results(shown: Shown, theme: str, *, key: str = "") -> None:
    """Show everything: what to do first, whether to believe it next, then the numbers."""
    place = st.container()
    method = choose_method(shown, key)
    with place:
        verdict(shown, method)
    health(shown)
    compared, beside = st.columns([1.5, 1], gap="medium")
    with compared, st.container(border=True):
        drawn = charts.forest(shown, method, theme, f"experiment_forest{key}")
        if not drawn:
            st.caption("Nothing can be drawn: no metric has a test and a value above zero.")
    with beside, st.container(border=True):
        if not charts.exposures(shown, theme):
            _arms(shown)
        if shown.hypothesis:
            st.markdown(f"**Hypothesis.** {verbatim(shown.hypothesis)}")
        if shown.notes:
            st.caption(verbatim(shown.notes))
    with st.container(border=True):
        known = any(result.cuped for result in shown.report.results)
        less = " and, by CUPED, less what was known before" if known else ""
        st.markdown(f"**Every metric**, as measured{less}")
        table(shown, method, key)
    drill_down(shown, method, theme, key)
    export(shown, method, key)


def choose_method(shown: Shown, key: str) -> Method:
    """Switch the method, and say which adjustment applies."""
    chosen = st.segmented_control(
        "Read it by",
        list(METHODS),
        default=shown.method,
        required=True,
        format_func=lambda method: METHODS[method],
        key=f"method{key}",
        bind="query-params" if not key else None,
    )
    method: Method = chosen or shown.method
    st.caption(applies(method, shown.settings.prior))
    if method == "fixed" and shown.ends and shown.today and shown.today < shown.ends:
        st.warning(
            f"The planned end is {shown.ends:%-d %B %Y}: before it, fixed tests say too much.",
            icon=":material/event:",
        )
    return method


def verdict(shown: Shown, method: Method) -> None:
    """Say what to do in a sentence, and why."""
    decision = shown.decision(method)
    with st.container(border=True, gap="xsmall"):
        st.markdown(badge(decision.act))
        st.subheader(verbatim(decision.headline), anchor=False)
        st.markdown("\n".join(f"- {verbatim(why)}" for why in decision.why))


def health(shown: Shown) -> None:
    """Say whether the data can be believed."""
    ratio, codes = shown.report.ratio, {c.code for c in shown.report.caveats}
    with st.container(horizontal=True, gap="medium"):
        good = "sample_ratio_mismatch" not in codes
        _fact(
            "Split",
            "as planned" if good else "not as planned",
            good,
            f"p = {ratio.p_value:.2g}; the largest arm is off by {percent(ratio.largest_deviation)}"
            " of all. Below .001 something decides who is counted beside the dice.",
        )
        if shown.judged is not None:
            counts = shown.judged.counts
            total = sum(shown.report.arms.values()) + counts.get("crossed", 0)
            for name, label, told in (
                ("crossed", "Crossover", "Who met more than one variation; left out."),
                ("bots", "Bots", "Who look like bots; left out."),
                ("open", "Open windows", "Exposed so lately that their numbers still grow."),
            ):
                n = counts.get(name, 0)
                fine = name == "open" or n <= CROSSOVER_SHARE * max(total, 1)
                _fact(label, count(n), fine, told)
        if shown.last_exposure is not None and shown.today is not None:
            quiet = (shown.today - shown.last_exposure).days
            over = shown.ends is not None and shown.today >= shown.ends
            told = "Results follow exposures; when none comes any more, is it still running?"
            when = f"{shown.last_exposure:%-d %b %Y}"
            _fact("Last exposure", when, quiet <= QUIET_DAYS or over, told)
        warned = [c for c in shown.report.caveats if c.code in WARNS - _few(shown)]
        _fact("Warnings", count(len(warned)), not warned, "All of them stand below.")
    if shown.report.caveats:
        with st.expander(f"What to mind ({len(shown.report.caveats)})", expanded=bool(warned)):
            st.markdown(
                "\n".join(
                    f"- {':material/warning: ' if c in warned else ''}"
                    f"{verbatim(c.message)} :gray[{verbatim(c.where)}]"
                    for c in shown.report.caveats
                )
            )


def _few(shown: Shown) -> set[str]:
    """Name what concerns so few people that it changes nothing."""
    if shown.judged is None:
        return set()
    most = CROSSOVER_SHARE * sum(shown.report.arms.values())
    counts = shown.judged.counts
    codes = {"crossed": "crossover", "bots": "bots"}
    return {code for name, code in codes.items() if counts.get(name, 0) <= most}


def _fact(label: str, told: str, good: bool, why: str) -> None:
    icon, colour = (":material/check_circle:", "green") if good else (":material/error:", "red")
    st.markdown(f":{colour}[{icon}] **{label}** {told}", help=why, width="content")


def _arms(shown: Shown) -> None:
    st.markdown("**Arms**")
    total = max(sum(shown.report.arms.values()), 1)
    rows = [
        {
            "Variation": shown.label(arm) + (" (control)" if arm == shown.settings.control else ""),
            f"{shown.unit.capitalize()}s": shown.report.arms.get(arm, 0),
            "Share": percent(shown.report.arms.get(arm, 0) / total),
        }
        for arm in shown.arms
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="",
        alt=f"{len(rows)} variations",
        column_config={
            f"{shown.unit.capitalize()}s": st.column_config.NumberColumn(format="localized")
        },
    )


def table(shown: Shown, method: Method, key: str) -> None:
    """List every result: raw, and beside it what CUPED makes of it."""
    plain, cuped = shown.read(method, adjusted=False), shown.read(method)
    rows = []
    for seen, less in zip(plain, cuped, strict=True):
        one, result = seen.reading, seen.result
        row = {
            "Metric": result.metric + (" (primary)" if result.metric == shown.primary else ""),
            "Variation": shown.label(result.variation),
            "Control": value(one, one.control.value),
            "Value": value(one, one.arm.value),
            "Change": lift(seen.lift, seen.relative),
            "Interval": interval(seen),
            "How sure": sure(seen, method),
        }
        if any(r.cuped for r in shown.report.results):
            known = result.cuped is not None
            row["CUPED"] = f"{lift(less.lift, less.relative)} ({interval(less)})" if known else ""
            row["Explained"] = percent(result.explained or 0) if known else ""
        if any(r.guardrail for r in shown.report.results):
            kept = result.guarded(peeking=method == "sequential")
            word = (
                "holds" if kept and kept.holds else "broken" if kept and kept.broken else "unsure"
            )
            row["Guardrail"] = word if kept else ""
        row["n"] = f"{count(one.arm.n)} / {count(one.control.n)}"
        rows.append(row)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"experiment_table{key}",
        placeholder="",
        alt=f"{len(rows)} results",
        column_config={
            "Metric": st.column_config.TextColumn(width=170),
            "How sure": st.column_config.TextColumn(
                help="p-values are corrected by Holm: the primary metric's over its variations, "
                "the others' over all of theirs."
            ),
        },
    )


def drill_down(shown: Shown, method: Method, theme: str, key: str) -> None:
    """Look at one metric: the effect as it came about, by days since, by segment."""
    found = list(shown.report.segments)
    if shown.judged is None and not found:
        return
    metrics = list(dict.fromkeys(result.metric for result in shown.report.results))
    rest = [arm for arm in shown.arms if arm != shown.settings.control]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("One metric", anchor=False)
        metric = st.selectbox("Metric", metrics, key=f"experiment_metric{key}", width=260)
        arm = rest[0]
        if len(rest) > 1:
            arm = st.selectbox(
                "Variation", rest, format_func=shown.label, key=f"experiment_arm{key}", width=220
            )
    if shown.judged is not None:
        left, right = st.columns(2, gap="medium")
        with left, st.container(border=True):
            looks = shown.judged.looks.get(metric, {}).get(arm, ())
            if not looks or not charts.cumulative(shown, metric, looks, arm, theme):
                st.caption("There are too few days to draw how the effect came about.")
        with right, st.container(border=True):
            days = shown.judged.since.get(arm, ()) if metric == shown.primary else ()
            if not days or not charts.since(shown, arm, days, theme):
                st.caption("By days since the exposure, the primary metric alone is followed.")
    own = [s for s in found if s.metric == metric and s.variation == arm]
    for column, segment in zip(st.columns(max(min(len(own), 2), 1)) * len(own), own, strict=False):
        with column, st.container(border=True):
            if not charts.segments(shown, segment, method, theme):
                st.caption(f"By {shown.dimension(segment.segment)}, no level has enough people.")


def export(shown: Shown, method: Method, key: str) -> None:
    """Offer the results to take along."""
    slug = "".join(c if c.isalnum() else "-" for c in shown.name.lower()).strip("-") or "experiment"
    with st.container(horizontal=True):
        st.download_button(
            "Report (Markdown)",
            as_markdown(shown, method),
            f"{slug}.md",
            "text/markdown",
            icon=":material/description:",
            key=f"export_md{key}",
            on_click="ignore",
        )
        st.download_button(
            "Numbers (CSV)",
            as_csv(shown),
            f"{slug}.csv",
            "text/csv",
            icon=":material/table:",
            key=f"export_csv{key}",
            on_click="ignore",
        )
        st.download_button(
            "Picture (PNG)",
            lambda: as_png(shown, method) or b"",
            f"{slug}.png",
            "image/png",
            icon=":material/image:",
            key=f"export_png{key}",
            on_click="ignore",
        )
