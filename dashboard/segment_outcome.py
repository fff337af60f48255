"""Beside the editor: whom the rule catches, which condition does what, some people and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.charts import draw, over
from dashboard.format import count, day, instant, money, percent, verbatim
from dashboard.segment_data import Vocabulary, profiles_of
from dashboard.segment_state import Workbench, workbench
from dashboard.theme import ACCENT, GROUND, INK
from data.segment_population import Population
from data.segment_profiles import reasons
from data.segment_study import Study, sample
from kindred.errors import UserError
from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import dump
from kindred.segments.describe import sentence
from kindred.segments.evidence import Evidence
from kindred.segments.parse import Problem, RuleRefused, read_rule
from kindred.segments.validate import check

_WRONG: Final = "segment_json_problems"
SAMPLED: Final = 4
MOST_LETTERS: Final = 44  # of a condition above its bar


def headline(study: Study, currency: str | None) -> None:
    """Say how many they are and what they are worth."""
    columns = st.columns(3, gap="small", wrap=False)
    columns[0].metric(
        "People", count(study.size), f"{percent(study.share)} of all", delta_color="off",
        delta_arrow="off",
    )  # fmt: skip
    if study.revenue is None:
        return
    unit = f", {currency}" if currency else ""
    columns[1].metric(
        f"Revenue{unit}", money(study.revenue, None), f"{percent(study.revenue_share)} of all",
        delta_color="off", delta_arrow="off",
    )  # fmt: skip
    if study.size:
        each = study.revenue / study.size
        times = study.revenue_share / study.share if study.share else 0
        columns[2].metric(
            f"Each{unit}", money(each, None), f"{times:.1f}× usual", delta_color="off",
            delta_arrow="off",
        )  # fmt: skip


def says(bench: Workbench, there: Vocabulary) -> None:
    """Say what the rule means, always."""
    st.markdown(f"**{verbatim(sentence(bench.result, there.names))}**")


def funnel(study: Study, theme: str) -> None:
    """Show what each condition keeps and drops."""
    stages = study.funnel
    if len(stages) < 2:
        return
    rows, before = [], 0
    for number, stage in enumerate(stages, 1):
        saved = count(abs(stage.without - study.size))
        so_far = count(stage.left) if study.narrows else f"+{count(stage.left - before)}"
        rows.append(
            {
                "order": number,
                "condition": f"{number}. {_short(stage.clause)}",
                "alone": stage.alone,
                "left": stage.left,
                "shown": so_far,
                "told": f"{count(stage.left)} {'left' if study.narrows else 'so far'}",
                "clause": stage.clause,
                "matters": f"{'drops' if study.narrows else 'adds'} {saved} by itself",
            }
        )
        before = stage.left
    draw(
        _funnel_chart,
        {"stages": pd.DataFrame(rows)},
        theme,
        len(rows),
        key="segment_funnel",
        title="What each condition keeps" if study.narrows else "What each condition adds",
        subtitle="Pale: alone. Full: together with those above it.",
        alt_text="; ".join(f"{row['condition']}: {row['told']}" for row in rows),
    )


def _short(clause: str) -> str:
    return clause if len(clause) <= MOST_LETTERS else f"{clause[: MOST_LETTERS - 1]}…"


def _funnel_chart(theme: str, rows: int) -> Any:
    """Draw a bar a condition, its words above it: there is no room beside."""
    y = alt.Y("order:O", axis=None, scale=alt.Scale(paddingInner=0.1))
    x = alt.X("alone:Q", title="people", axis=alt.Axis(tickCount=4, format="~s"))
    tip = [
        alt.Tooltip("clause:N", title="People"),
        alt.Tooltip("alone:Q", title="alone", format=","),
        alt.Tooltip("told:N", title="together"),
        alt.Tooltip("matters:N", title="this condition"),
    ]
    base = over("stages")
    marks: Any = {"yOffset": 9, "height": 9}
    alone = base.mark_bar(color=GROUND[theme], **marks).encode(x, y, tooltip=tip)
    left = base.mark_bar(color=ACCENT[theme], **marks).encode(alt.X("left:Q"), y, tooltip=tip)
    text = {"baseline": "middle", "fontSize": 12, "yOffset": -6, "color": INK[theme]}
    says = base.mark_text(align="left", **text).encode(
        y, x=alt.value(0), text="condition:N", tooltip=tip
    )
    numbers = base.mark_text(align="right", fontWeight=600, **text).encode(
        y, x=alt.value("width"), text="shown:N", tooltip=tip
    )
    return alt.layer(alone, left, says, numbers).properties(height=38 * rows + 100)


def people(
    bench: Workbench, study: Study, everybody: Population, there: Vocabulary, seed: int
) -> None:
    """Show some people, each with why they are in."""
    if not study.size:
        st.info("Nobody is caught. Loosen a condition, or look at what each one drops.")
        return
    chosen = sample(study.members, SAMPLED, seed)
    profiles = profiles_of(there.of, everybody, bench.result, chosen.tolist())
    told = reasons(bench.result, everybody, profiles, there.names)
    for person, evidence in told:
        with st.container(border=True, gap="xxsmall"):
            st.page_link(
                "pages/person.py",
                label=verbatim(person),
                icon=":material/person:",
                query_params={"person": person},
            )
            for one in evidence[:6]:
                st.markdown(f":small[{reason(one)}]")
            if not evidence:
                st.markdown(":small[Everybody is in.]")


def reason(one: Evidence) -> str:
    """Say whether a condition holds of somebody, and their own value."""
    mark = ":green[✓]" if one.holds else ":gray[✗]"
    return f"{mark} {verbatim(one.clause)}{_value(one.value)}"


def _value(value: Any) -> str:
    if value is None:
        return " — not known"
    if isinstance(value, datetime):
        return f" — {instant(value)}"
    if isinstance(value, bool):
        return f" — {'yes' if value else 'no'}"
    if isinstance(value, int | float):
        return f" — **{value:,.6g}**"
    if isinstance(value, tuple):
        return f" — {verbatim(', '.join(map(str, value[:5])))}"
    return f" — {verbatim(str(value))}"


def as_json(bench: Workbench, catalogue: Catalogue) -> None:
    """Show the rule as JSON, to be read, changed and checked."""
    st.caption("What is published, exported and read by other tools. Change it here if you like.")
    key = f"segment-json-{bench.generation}-{hash(repr(bench.result))}"
    st.text_area(
        "Rule as JSON",
        json.dumps(dump(bench.result), indent=2, ensure_ascii=False),
        height=340,
        key=key,
        label_visibility="collapsed",
    )
    st.button(
        "Use this",
        icon=":material/check:",
        key="segment_json_use",
        on_click=_take_json,
        args=(key, catalogue),
    )
    wrong = st.session_state.pop(_WRONG, ())
    if wrong:
        tell_problems(wrong)


def _take_json(key: str, catalogue: Catalogue) -> None:
    """Take the rule that was written, or remember what is wrong with it."""
    bench = workbench()
    try:
        rule = read_rule(st.session_state[key] or "")
        check(rule, catalogue, bench.key)
    except RuleRefused as error:
        st.session_state[_WRONG] = error.problems
    except UserError as error:
        st.session_state[_WRONG] = [Problem("", error.what, error.fix)]
    else:
        bench.take(rule)


def tell_problems(problems: Sequence[Problem]) -> None:
    """List what is wrong, each with its path and what would be accepted."""
    lines = [
        f"- `{problem.path or 'the rule'}`: {problem.what} {problem.accepted}"
        for problem in problems
    ]
    st.error("\n".join(lines), icon=":material/error:")


def freshness(everybody: Population, source: str) -> None:
    """Say where this comes from, and when it is as of."""
    st.caption(
        f"{source} · as of {day(everybody.as_of)} (UTC), over {count(everybody.size)} people"
    )
