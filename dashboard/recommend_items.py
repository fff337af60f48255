"""One item: what is like it, and who likes it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard.format import count, percent, verbatim
from dashboard.recommend_data import Ready, popular_items, recommender, taste_of
from dashboard.recommend_list import reason_label, titled, told_apart, worded
from data.items import Items

LONG = 12


def for_item(ready: Ready, items: Items) -> None:
    """Let an item be picked, and show similar ones and the people it is recommended to."""
    item = _pick(ready, items)
    if item is None:
        return
    model = recommender(ready, ready.live.id)
    st.subheader(titled(item, items.name(item)), icon=":material/inventory_2:", anchor=False)
    st.caption(f"{worded(items.described(item))} · id {item}")
    like, people = st.columns([1.3, 1], gap="medium")
    with like, st.container(border=True):
        similar = model.similar(item, LONG)
        st.markdown("**What is like it**, by who buys it and what it is")
        if not similar:
            st.caption("The model knows too little of it to say.")
        else:
            _similar(similar)
    with people, st.container(border=True):
        st.markdown("**Who likes it**: to whom the model recommends it most")
        _likers(ready, item)


def _pick(ready: Ready, items: Items) -> str | None:
    text = (
        st.text_input(
            "Find an item",
            key="item",
            bind="query-params",
            type="search",
            placeholder="Part of a name, or an id",
            label_visibility="collapsed",
            width=420,
        )
        or ""
    ).strip()
    if text in items.place:
        return text
    found = items.search(text, 12) if text else popular_items(ready, 12)
    if text and not found:
        st.warning(f"No item’s name holds “{verbatim(text)}”.", icon=":material/search_off:")
        found = popular_items(ready, 12)
    st.caption("Items that match:" if text else "Find an item, or begin with one of these:")
    apart = told_apart([(item, items.name(item), items.described(item)) for item in found])
    with st.container(horizontal=True, gap="small"):
        for item in found:
            name = titled(item, items.name(item))
            st.button(
                f"{name} · {apart[item]}" if apart[item] else name,
                key=f"item_{item}",
                help=worded(items.described(item)),
                on_click=_show,
                args=(item,),
            )
    return None


def _show(item: str) -> None:
    st.session_state["item"] = item


def _similar(similar: object) -> None:
    rows = [
        {
            "Item": titled(each.item, each.name),
            "Likeness": each.score,
            "What it is": worded(each.described),
            "Why": ", ".join(reason_label(reason) for reason in each.reasons[:3]),
        }
        for each in similar  # type: ignore[attr-defined]
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="similar",
        height="content",
        alt="; ".join(str(row["Item"]) for row in rows),
        column_config={
            "Item": st.column_config.TextColumn(width=200),
            "Likeness": st.column_config.ProgressColumn(
                format="%.2f", min_value=0, max_value=1, width=100
            ),
            "What it is": st.column_config.TextColumn(width=240),
        },
    )


def _likers(ready: Ready, item: str) -> None:
    found, apart = taste_of(ready, item)
    if not found:
        st.caption("Nobody is recommended it.")
        return
    if apart:
        st.markdown("\n".join(f"- {verbatim(each)}" for each in apart))
    bought = sum(liker.bought for liker in found)
    st.caption(
        f"Of the {count(len(found))} people to whom it is recommended highest, "
        f"{percent(bought / len(found))} bought it before."
    )
    with st.container(horizontal=True, gap="small"):
        for liker in found[:8]:
            st.button(
                liker.person,
                key=f"liker_{liker.person}",
                icon=":material/check:" if liker.bought else ":material/person:",
                help="Bought it before" if liker.bought else "Never bought it",
                on_click=_person,
                args=(liker.person,),
            )


def _person(person: str) -> None:
    st.session_state["person"] = person
    st.session_state["view"] = "Person"
