"""The cold-start studio: a made-up visitor tells more and more, and the list follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from dashboard.charts import draw, over, told_in_words
from dashboard.format import verbatim
from dashboard.recommend_data import Ready, recommender
from dashboard.recommend_list import draw_list, heading, left_out, titled, told_apart, worded
from dashboard.theme import ACCENT, theme_now
from data.items import Items
from data.recommendation_types import Answer, Visitor
from data.recommendations import Recommender
from kindred.recommend.steering import Steering

LONG: Final = 10
NONE: Final = "None of these"
_VISITOR: Final = "studio_visitor"
_SEEN: Final = "studio_seen"  # the lists after each step, as (what was told, items)
_CONTEXTS: Final = 4


def studio(ready: Ready, rules: Steering, items: Items) -> None:
    """Let context, answers and clicks be given, and show how each moves the list."""
    model = recommender(ready, ready.live.id)
    told, shown = st.columns([1, 1.7], gap="medium")
    with told:
        _context(model)
        _questions(model, items)
        _clicks(items)
        st.button("Begin anew", key="studio_anew", icon=":material/restart_alt:", on_click=_anew)
    with shown, st.container(border=True):
        steering = rules if _steered(rules) else None
        _list(model, steering)
    _history_chart()


def visitor() -> Visitor:
    """Give what is told of the made-up visitor so far."""
    found: Visitor = st.session_state.setdefault(_VISITOR, Visitor())
    return found


def _anew() -> None:
    for key in list(st.session_state):
        if str(key).startswith("studio_context_"):
            st.session_state[key] = None  # a deleted key would leave the browser's choice shown
        elif str(key).startswith("studio_"):
            del st.session_state[key]


def _tell(changed: Visitor) -> None:
    st.session_state[_VISITOR] = changed


def _steered(rules: Steering) -> bool:
    if not rules.rules:
        return False
    return st.toggle("Steering", value=True, key="studio_steered")


def _context(model: Recommender) -> None:
    with st.container(border=True):
        st.markdown("**1. What the first request tells**")
        contexts = model.contexts()
        if not contexts:
            st.caption("This model uses nothing that a first request could tell.")
            return
        known = dict(visitor().context)
        for name, values in list(contexts.items())[:_CONTEXTS]:
            picked = st.selectbox(
                contexts_label(name),
                values,
                index=None,
                key=f"studio_context_{name}",
                placeholder="not known",
            )
            if picked is None:
                known.pop(name, None)
            else:
                known[name] = str(picked)
        if known != dict(visitor().context):
            _tell(replace(visitor(), context=known))


def contexts_label(name: str) -> str:
    """Say what a trait is called.

    Examples
    --------
    >>> contexts_label("household_size")
    'Household size'
    """
    return name.replace("_", " ").capitalize()


def _questions(model: Recommender, items: Items) -> None:
    with st.container(border=True):
        st.markdown("**2. What we ask**")
        answered = visitor().answers
        question = model.asking.next(answered)
        if answered:
            told = (titled(a, items.name(a)) if a else NONE for a in answered.values())
            st.caption("; ".join(verbatim(each) for each in told))
        if question is None:
            st.caption("No further question would tell much.")
            return
        st.markdown(question.text)
        labels = choice_labels([(i, items.name(i), items.described(i)) for i in question.choices])
        with st.container(horizontal=True, gap="small"):
            for place, (item, label) in enumerate((*labels.items(), ("", NONE))):
                st.button(
                    verbatim(label),
                    key=f"studio_answer_{len(answered)}_{place}",
                    on_click=_answer,
                    args=(question.key, item),
                )


def choice_labels(items: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    """Say what may be answered, with what tells items of one name apart.

    Parameters
    ----------
    items : sequence of (id, name, description)

    Examples
    --------
    >>> choice_labels([("1", "MILK", "DAIRY · 1 GA"), ("2", "MILK", "DAIRY · 2 GA")])
    {'1': 'Milk · 1 Ga', '2': 'Milk · 2 Ga'}
    """
    apart = told_apart(items)
    return {
        item: f"{titled(item, name)} · {apart[item]}" if apart[item] else titled(item, name)
        for item, name, _ in items
    }


def _answer(question: str, choice: str) -> None:
    known = visitor()
    _tell(replace(known, answers={**known.answers, question: choice}))


def _clicks(items: Items) -> None:
    with st.container(border=True):
        st.markdown("**3. What they click**")
        clicked = visitor().clicks
        if clicked:
            st.caption(", ".join(verbatim(titled(item, items.name(item))) for item in clicked))
        text = st.text_input(
            "Find an item to click",
            key="studio_find",
            placeholder="Part of a name, or click in the list",
        )
        for item in items.search(text or "", 6):
            if item not in clicked:
                st.button(
                    f"{titled(item, items.name(item))} · {worded(items.described(item))}",
                    key=f"studio_click_{item}",
                    type="tertiary",
                    icon=":material/touch_app:",
                    on_click=_click,
                    args=(item,),
                )


def _click(item: str) -> None:
    known = visitor()
    if item not in known.clicks:
        _tell(replace(known, clicks=(*known.clicks, item)))


def _list(model: Recommender, steering: Steering | None) -> None:
    now = visitor()
    answer = model.visitor(now, steering, LONG)
    steps = _steps(now, answer)
    before = steps[-2][1] if len(steps) > 1 else None
    heading(answer, live=True)
    st.markdown(moved_in_words(steps))
    moves = None
    if before is not None:
        ranks = {item: rank for rank, item in enumerate(before)}
        now_ranks = {each.item: rank for rank, each in enumerate(answer.items)}
        moves = {item: ranks[item] - rank for item, rank in now_ranks.items() if item in ranks}
    draw_list(
        answer,
        moves=moves if moves is not None else {each.item: 0 for each in answer.items},
        press=_click,
        pressed=now.clicks,
        key="studio_press",
    )
    left_out(answer)


def _steps(now: Visitor, answer: Answer) -> list[tuple[str, list[str]]]:
    """Keep the list after each step; the same visitor seen again adds none."""
    steps: list[tuple[str, list[str]]] = st.session_state.setdefault(_SEEN, [])
    known: Visitor | None = st.session_state.get("studio_last")
    items = [each.item for each in answer.items]
    if known != now or not steps:
        steps.append((step_in_words(known, now), items))
        st.session_state["studio_last"] = now
    else:
        steps[-1] = (steps[-1][0], items)
    return steps


def step_in_words(before: Visitor | None, now: Visitor) -> str:
    """Say what a visitor told last.

    Examples
    --------
    >>> step_in_words(Visitor(), Visitor(clicks=("1",))), step_in_words(None, Visitor())
    ('click 1', 'nothing known')
    """
    if before is None or now.empty:
        return "nothing known"
    if now.clicks != before.clicks:
        return f"click {len(now.clicks)}"
    if now.answers != before.answers:
        return f"answer {len(now.answers)}"
    return "context"


def moved_in_words(steps: Sequence[tuple[str, list[str]]]) -> str:
    """Say how much the last step moved the list.

    Examples
    --------
    >>> moved_in_words([("nothing known", ["a", "b"]), ("click 1", ["b", "c"])])
    'After **click 1**, 1 of 2 items are new.'
    """
    if len(steps) < 2:
        return "Nothing is told yet: this is what everybody new is shown."
    (_, before), (told, after) = steps[-2:]
    new = len(set(after) - set(before))
    if new == 0 and before == after:
        return f"After **{told}** the list stays as it was."
    if new == 0:
        return f"After **{told}**, the same items stand in another order."
    return f"After **{told}**, {new} of {len(after)} items are new."


def _history_chart() -> None:
    steps = st.session_state.get(_SEEN, [])
    if len(steps) < 2:
        return
    first = set(steps[0][1])
    rows = pd.DataFrame(
        {
            "step": [f"{place}. {told}" for place, (told, _) in enumerate(steps)],
            "new": [len(set(items) - first) for _, items in steps],
        }
    )
    rows["told"] = [
        f"{s}: {n} items that nobody new would be shown"
        for s, n in zip(rows["step"], rows["new"], strict=True)
    ]
    draw(
        _chart,
        {"rows": rows},
        theme_now(),
        key="studio_chart",
        alt_text="; ".join(rows["told"]),
        title=f"{rows['new'].iloc[-1]} of {len(steps[-1][1])} items are this visitor’s own by now",
        subtitle="Items that somebody of whom nothing is known would not be shown",
    )


def _chart(theme: str) -> Any:
    import altair as alt  # noqa: PLC0415 - built once a process

    x = alt.X("step:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelLimit=120))
    y = alt.Y("new:Q", title="Items of their own", scale=alt.Scale(domain=[0, LONG]))
    bars = over("rows").mark_bar(color=ACCENT[theme], cornerRadius=3, size=26)
    return bars.encode(x=x, y=y, tooltip=told_in_words()).properties(height=180)
