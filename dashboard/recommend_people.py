"""Recommendations for a person or a segment: two models side by side, rules on or off."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.format import count, verbatim
from dashboard.model_words import model_label
from dashboard.recommend_data import Ready, newcomer_of, people_like, recommender, segments
from dashboard.recommend_list import draw_list, heading, in_common, left_out
from data.recommendation_types import Answer
from data.recommendations import Recommender
from kindred.recommend.steering import Steering

LONG = 10
Ask = Callable[[Recommender, Steering | None], Answer]


def for_person(ready: Ready, rules: Steering) -> None:
    """Let a person be picked, and show what each of two models recommends them."""
    asked = (
        st.text_input(
            "Find a person",
            key="person",
            bind="query-params",
            type="search",
            placeholder="An id, or how it begins",
            label_visibility="collapsed",
            max_chars=200,
            width=420,
        )
        or ""
    ).strip()
    found = people_like(asked)
    new = newcomer_of(ready, asked) if asked else None
    if not asked or (asked not in found and new is None):
        if asked and not found:
            st.warning(
                f"There is nobody whose id is or begins with “{verbatim(asked)}”.",
                icon=":material/person_off:",
            )
            found = people_like("")
        st.caption("Ids that begin so:" if asked else "Type an id, or begin with one of these:")
        with st.container(horizontal=True, gap="small"):
            for who in found:
                st.button(who, key=f"recommend_{who}", on_click=_pick, args=("person", who))
        return
    if asked in found:
        st.page_link("pages/person.py", label=f"Who is {asked}?", icon=":material/person:",
                     query_params={"person": asked})  # fmt: skip
    if new is not None:
        dealt = "one item" if len(new.who.places) == 1 else f"{count(len(new.who.places))} items"
        st.caption(
            f"{verbatim(asked)} came after the training. What they did since, with {dealt} that "
            "the model knows, is folded in."
        )

    def ask(model: Recommender, steering: Steering | None) -> Answer:
        return model.person(asked, steering, LONG, newcomer=newcomer_of(ready, asked, model))

    side_by_side(ready, rules, ask)


def _pick(name: str, value: str) -> None:
    st.session_state[name] = value


def for_segment(ready: Ready, rules: Steering) -> None:
    """Let a segment be picked, and show what each of two models recommends to all in it."""
    known = segments()
    if not known:
        st.info(
            "No segment is live, or nobody has worked out who is in one. Publish a segment, and it "
            "can be picked here.",
            icon=":material/group:",
        )
        return
    key = str(
        st.selectbox(
            "Segment",
            list(known),
            format_func=lambda k: f"{known[k].name} ({count(known[k].size)} people)",
            key="segment",
            bind="query-params",
            width=420,
        )
        or next(iter(known))
    )
    people = known[key].people()
    side_by_side(ready, rules, lambda model, steering: model.segment(key, people, steering, LONG))


def side_by_side(ready: Ready, rules: Steering, ask: Ask) -> None:
    """Draw what two models answer, each beside its rules' effect."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        other = _other(ready)
        steered = st.toggle(
            "Steering",
            value=bool(rules.rules),
            key="steered",
            disabled=not rules.rules,
            help="Apply the rules as edited under Rules; else as each model has it."
            if rules.rules
            else "There are no rules: add some under Rules.",
        )
    steering = rules if steered and rules.rules else None
    left, right = st.columns(2, gap="medium")
    answers = []
    for column, model in ((left, ready.live.id), (right, other)):
        if model is None:
            continue
        with column, st.container(border=True):
            answer = ask(recommender(ready, model), steering)
            answers.append(answer)
            heading(answer, live=model == ready.live.id)
            draw_list(answer)
            left_out(answer)
    if len(answers) == 2 and answers[0].items:
        shared = in_common(answers[0].items, answers[1].items)
        st.caption(
            f"{shared} of {len(answers[0].items)} items are in both lists. Scores of two models "
            "can’t be compared with each other; ranks can."
        )


def _other(ready: Ready) -> int | None:
    """Let the model beside the live one be chosen."""
    choices = [model.id for model in ready.kept if model.id != ready.live.id]
    if not choices:
        return None
    named = {model.id: model for model in ready.kept}
    picked = st.selectbox(
        f"{model_label(ready.live.name)} (live) beside",
        choices,
        format_func=lambda m: f"{model_label(named[m].name)}, training {named[m].training_id}",
        key="beside",
        width=320,
    )
    return int(picked) if picked is not None else None
