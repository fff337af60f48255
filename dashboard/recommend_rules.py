"""Rules: edit steering, see what it does to a list, and what it costs."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.format import count, verbatim
from dashboard.recommend_data import Ready, costs_of, people_like, recommender
from dashboard.recommend_list import draw_list, left_out
from dashboard.steering_editor import editor, pinned_names, save_and_publish
from dashboard.steering_state import Kept
from data.items import Items
from kindred.recommend.steering import BlendRule, Steering
from kindred.recommend.steering_cost import Costs
from kindred.recommend.steering_words import rule_sentence

LONG = 10


def rules_view(ready: Ready, kept: Kept, items: Items) -> None:
    """Draw the editor, and beside it the same person's list before and after."""
    model = recommender(ready, ready.live.id)
    left, right = st.columns([1, 1.5], gap="medium")
    with left, st.container(border=True):
        st.markdown("**Rules** for everybody’s recommendations")
        edited = editor(kept, items, model.parts())
        save_and_publish(kept, edited, items, lambda: _evidence(ready, edited))
    with left:
        _cost_card(ready, edited, items)
    with right, st.container(border=True):
        _before_and_after(ready, edited)


def _before_and_after(ready: Ready, edited: Steering) -> None:
    some = people_like("")
    who = st.session_state.get("person") or (some[0] if some else None)
    if who is None:
        st.caption("There is nobody to show it for.")
        return
    who = str(who)
    model = recommender(ready, ready.live.id)
    st.markdown(f"What **{verbatim(who)}** would be shown")
    before, after = st.tabs(["With the rules", "Without"], key="rules_tab", on_change="rerun")
    with before:
        answer = model.person(who, edited, LONG)
        draw_list(answer)
        left_out(answer)
    if after.open:
        with after:
            draw_list(model.person(who, None, LONG))
    st.caption("Pick another person under Person.")


def _cost_card(ready: Ready, edited: Steering, items: Items) -> None:
    with st.container(border=True):
        st.markdown("**What they cost**")
        if not edited.rules:
            st.caption("No rules, no cost.")
            return
        with st.spinner("Applying the rules to the test’s lists"):
            found = costs_of(ready, edited)
        if found is None:
            st.caption(
                "What weights of your own cost is not known: the live model’s training kept no "
                "scores of the single models that they weigh. Train again to know."
                if edited.of(BlendRule)
                else "The training kept no test to measure this with."
            )
            return
        st.markdown(cost_in_words(found))
        _each(found, edited, items)


def _each(found: Costs, edited: Steering, items: Items) -> None:
    if len(found.each) < 2:
        return
    names = pinned_names(edited, items)
    rows = [
        {
            "Rule": rule_sentence(rule, names),
            "NDCG@10": each.difference,
            "From": each.low,
            "To": each.high,
        }
        for rule, each in zip(edited.rules, found.each, strict=True)
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="rules_costs",
        height="content",
        alt="; ".join(f"{row['Rule']} {row['NDCG@10']:+.4f}" for row in rows),
        column_config={
            "Rule": st.column_config.TextColumn("Each rule, beside the others", width=260),
            **{
                name: st.column_config.NumberColumn(format="%+.4f", width=80)
                for name in ("NDCG@10", "From", "To")
            },
        },
    )


def cost_in_words(found: Costs) -> str:
    """Say what rules cost, and whether that may be chance.

    Examples
    --------
    >>> from kindred.recommend.steering_cost import Cost
    >>> print(cost_in_words(Costs(Cost(0.25, 0.2, -0.06, -0.04, 400), ())))
    They **cost 20 %** of NDCG@10: 0.250 → 0.200 (−0.060 to −0.040, n = 400).
    """
    whole = found.whole
    change = abs(whole.difference) / whole.before if whole.before else 0.0
    span = f"({_signed(whole.low)} to {_signed(whole.high)}, n = {count(whole.people)})"
    numbers = f"{whole.before:.3f} → {whole.after:.3f} {span}."
    if whole.low <= 0 <= whole.high:
        return f"They cost **nothing that can be told from chance**: NDCG@10 {numbers}"
    verb = "cost" if whole.difference < 0 else "gain"
    return f"They **{verb} {change * 100:.2g}\N{NO-BREAK SPACE}%** of NDCG@10: {numbers}"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{abs(value):.3f}"


def _evidence(ready: Ready, edited: Steering) -> dict[str, object]:
    found = costs_of(ready, edited) if edited.rules else None
    if found is None:
        return {"model": ready.live.id}
    whole = found.whole
    return {
        "model": ready.live.id,
        "ndcg_before": whole.before,
        "ndcg_after": whole.after,
        "low": whole.low,
        "high": whole.high,
        "people": whole.people,
        "told": cost_in_words(found),
    }
