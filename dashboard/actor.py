"""Who acts: the name is asked once a session, and nobody checks it until there is a sign-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboard.format import verbatim
from data.audit import Actor

_NAME: Final = "actor"  # in the session; the field has a key of its own, which Streamlit may drop
_FIELD: Final = "actor_name"
LONGEST: Final = 80


def actor() -> Actor:
    """Say who acts; of somebody who was not asked yet, that nobody knows."""
    return named() or Actor("unknown")


def named() -> Actor | None:
    """Say who acts, if they said so in this session."""
    name = st.session_state.get(_NAME)
    return Actor(str(name)) if name else None


def remember(name: str) -> Actor:
    """Take a name for the rest of the session."""
    st.session_state[_NAME] = name.strip()[:LONGEST]
    return actor()


def name_field(key: str = _FIELD) -> None:
    """Ask for the name, in a dialog above its button; say it where it is known already.

    Where more than one asks on a page, each has a `key` of its own.
    """
    known = named()
    if known is not None:
        st.caption(f"You act as **{verbatim(known.name)}**, which the audit log keeps.")
        return
    st.text_input(
        "Your name",
        max_chars=LONGEST,
        key=key,
        placeholder="As your colleagues know you",
        help="Kept in the audit log. Nobody checks it until there is a sign-in.",
    )


def given(key: str = _FIELD) -> Actor | None:
    """Take what :func:`name_field` asked for, once its dialog is confirmed; tells if it lacks."""
    known = named()
    if known is not None:
        return known
    name = str(st.session_state.get(key) or "").strip()
    if name:
        return remember(name)
    st.error("Say who you are first; the audit log keeps it.", icon=":material/badge:")
    return None


def acting(do: Callable[[Actor], None]) -> None:
    """Do something as who acts; where that is not known, ask first and do it then."""
    known = named()
    if known is not None:
        do(known)
    else:
        _ask(do)


@st.dialog("Who are you?", width="small")
def _ask(do: Callable[[Actor], None]) -> None:
    with st.form("actor_form", border=False):
        name_field()
        said = st.form_submit_button("Go on", type="primary")
    if not said:
        return
    who = given()
    if who is not None:
        do(who)
        st.rerun()


def who_acts() -> None:
    """Say in the sidebar who acts, and let it be changed."""
    known = named()
    if known is None:
        return
    shown = st.sidebar.popover(verbatim(known.name), icon=":material/person:", type="tertiary")
    with shown, st.form("actor_change", border=False):
        name = st.text_input("Your name", value=known.name, max_chars=LONGEST)
        st.caption("Kept in the audit log. Nobody checks it until there is a sign-in.")
        if st.form_submit_button("Change") and name and name.strip():
            remember(name)
            st.rerun()
