"""API keys as Settings shows them: made, rotated, revoked; and what the workspace is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import pandas as pd
import streamlit as st
from sqlalchemy import make_url

from dashboard.actor import given, name_field
from dashboard.format import ago, count, instant, verbatim
from dashboard.furniture import say_later, tell_error
from dashboard.store import engine, reading, workspace, workspace_facts
from data.api_keys import ApiKey, Scope, create_key, list_keys, revoke_key, rotate_key
from data.live_store import REDIS_VARIABLE
from kindred.errors import UserError

SCOPES: Final = {
    Scope.COLLECT: "send events",
    Scope.EVALUATE: "ask what is live for one person",
    Scope.READ: "read people and members",
    Scope.ADMIN: "read metrics",
}
WIDTHS: Final = {"Name": 150, "State": 150, "May": 135, "Last used": 90, "Held by": 95}
GRACES: Final = {"at once": 0, "in an hour": 1, "in a day": 24, "in a week": 168}
FRESH: Final = "settings_fresh_key"  # in the session, for the dialog that shows it once


def head() -> list[ApiKey]:
    """Name the section, offer to make a key, and give those that there are."""
    with reading() as conn:
        found = list_keys(conn)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("API keys", anchor=False, width="stretch")
        if st.button("New key", icon=":material/add:", key="settings_new", type="primary"):
            make_dialog()
    fresh = st.session_state.pop(FRESH, None)
    if fresh is not None:
        _show(*fresh)
    if not found:
        st.caption(
            "There is no key yet. An SDK or a server needs one to send events, or to ask what is "
            "live for somebody; each holder gets a key of their own, so that it can be revoked."
        )
    return found


def table(keys: Sequence[ApiKey]) -> ApiKey:
    """List the keys, those that work first; gives the one that is picked."""
    now = datetime.now(UTC)
    ordered = sorted(keys, key=lambda key: (not key.valid(now), -key.id))
    event = st.dataframe(
        pd.DataFrame(
            [
                {
                    "Name": key.name,
                    "State": state(key, now),
                    "May": ", ".join(scope for scope in SCOPES if scope in key.scopes),
                    "Last used": ago(key.last_used_at, now) if key.last_used_at else "never",
                    "Held by": "a public page" if key.browser else "a server",
                    "Begins": f"kd_{key.public_id}_…",
                }
                for key in ordered
            ]
        ),
        # Else a long name pushes the rest out of sight.
        column_config={name: st.column_config.Column(width=px) for name, px in WIDTHS.items()},
        hide_index=True,
        key="settings_keys",
        on_select="rerun",
        selection_mode="single-row",
        alt=f"The {len(ordered)} API keys",
    )
    rows = event["selection"]["rows"]
    return ordered[rows[0] if rows and rows[0] < len(ordered) else 0]


def state(key: ApiKey, now: datetime) -> str:
    """Say in words what a key is."""
    if key.revoked_at is not None:
        return f"revoked {ago(key.revoked_at, now)}"
    if key.expires_at is not None:
        return "ended" if key.expires_at <= now else f"ends {instant(key.expires_at)}"
    return "valid"


def one(key: ApiKey) -> None:
    """Show one key, and what can be done with it."""
    now = datetime.now(UTC)
    with st.container(border=True):
        *most, last = [what for scope, what in SCOPES.items() if scope in key.scopes]
        may = f"{', '.join(most)} and {last}" if most else last
        limit = f"at most {count(key.rate)} a second" if key.rate else "as often as the API allows"
        st.markdown(f"**{verbatim(key.name)}** may {may}, {limit}.")
        made = f"Made by {verbatim(key.created_by)} on {instant(key.created_at)}."
        st.caption(f"Begins with `kd_{key.public_id}_`. {made}")
        if not key.valid(now):
            return
        with st.container(horizontal=True):
            if st.button("Rotate", icon=":material/autorenew:", key=f"rotate_{key.public_id}"):
                rotate_dialog(key)
            if st.button("Revoke", icon=":material/block:", key=f"revoke_{key.public_id}"):
                revoke_dialog(key)


@st.dialog("New API key", width="medium")
def make_dialog() -> None:
    """Ask what the key is for, and make it."""
    name = st.text_input("Name", key="key_name", placeholder="Who will hold it", max_chars=120)
    scopes = st.pills(
        "It may",
        list(SCOPES),
        format_func=lambda scope: SCOPES[scope],
        selection_mode="multi",
        default=[Scope.COLLECT],
        key="key_scopes",
    )
    browser = st.toggle(
        "A public page will hold it",
        key="key_browser",
        help="Whoever opens the page can read the key, so it may only send events and ask what "
        "may be told to browsers.",
    )
    rate = st.number_input(
        "Events or requests a second, at most",
        min_value=1,
        value=None,
        step=100,
        key="key_rate",
        placeholder="The API's own rate",
    )
    name_field()
    if st.button("Make the key", key="key_make", type="primary"):
        actor = given()
        if actor is None:
            return
        try:
            with engine().begin() as conn:
                key, token = create_key(
                    conn,
                    name or "",
                    [Scope(scope) for scope in scopes],
                    actor=actor,
                    at=datetime.now(UTC),
                    browser=browser,
                    rate=int(rate) if rate else None,
                )
        except UserError as error:
            tell_error(error)
            return
        st.session_state[FRESH] = (key.name, token)
        st.rerun()


@st.dialog("Your new API key", width="medium")
def _show(name: str, token: str) -> None:
    st.markdown(f"Copy the key of **{verbatim(name)}** now: it is not kept and not shown again.")
    st.code(token, language=None)
    st.caption("Segment's SDKs call it the write key; others send it as a bearer token.")
    if st.button("I have it", key="key_have", type="primary"):
        st.rerun()


@st.dialog("Rotate the key")
def rotate_dialog(key: ApiKey) -> None:
    """Ask when the old key ends, and make its successor."""
    st.markdown(
        f"A successor of **{verbatim(key.name)}** is made, which may do the same. Give it to the "
        "holder before the old one ends."
    )
    when = st.segmented_control(
        "The old key ends", list(GRACES), default="in a day", required=True, key="key_grace"
    )
    name_field()
    if st.button("Rotate", key="key_rotate", type="primary"):
        actor = given()
        if actor is None:
            return
        with engine().begin() as conn:
            grace = timedelta(hours=GRACES[str(when)])
            new, token = rotate_key(
                conn, key.public_id, actor=actor, at=datetime.now(UTC), grace=grace
            )
        st.session_state[FRESH] = (new.name, token)
        st.rerun()


@st.dialog("Revoke the key")
def revoke_dialog(key: ApiKey) -> None:
    """Say what ends, and end it."""
    st.markdown(
        f"**{verbatim(key.name)}** opens nothing any more, within a second: what still sends or "
        "asks with it is refused. This can't be undone; a new key can be made."
    )
    name_field()
    if st.button("Revoke", key="key_revoke", type="primary"):
        actor = given()
        if actor is None:
            return
        with engine().begin() as conn:
            revoke_key(conn, key.public_id, actor=actor, at=datetime.now(UTC))
        say_later(f"The key of {key.name} is revoked.")
        st.rerun()


def workspace_card() -> None:
    """Say what the workspace is, where it lies, and what its clock says."""
    known, here = workspace_facts(), workspace()
    with st.container(border=True):
        st.markdown("**Workspace**")
        store = make_url(here.store_url)
        lines = [
            f"Folder: `{here.home}`",
            f"Store: {'SQLite' if store.get_backend_name() == 'sqlite' else 'PostgreSQL'}",
            f"Live state: {'Redis' if os.environ.get(REDIS_VARIABLE) else 'embedded'}",
        ]
        if known is None:
            lines.insert(0, "Empty: the first import, or the first event, says what it holds")
        else:
            fixed = known.clock_fixed_at
            lines[:0] = [
                f"Holds: {verbatim(known.source)} ({known.kind})",
                f"Currency: {known.currency or 'not said'}",
                f"Clock: {'stands at ' + instant(fixed) if fixed else 'live'}",
            ]
        st.markdown("\n".join(f"- {line}" for line in lines))


def api_card() -> None:
    """Say how to send a first event."""
    with st.container(border=True):
        st.markdown("**Send a first event**")
        st.caption(
            "Point a Segment or RudderStack SDK at the API's address with a key as its write key, "
            "or try it by hand; it then shows on *Data*."
        )
        port = os.environ.get("KINDRED_API_PORT", "8600")
        event = '{"event": "Product Viewed", "userId": "u1"}'
        st.code(
            f"curl http://127.0.0.1:{port}/v1/track \\\n  -u YOUR_KEY: \\\n  -d '{event}'",
            language="bash",
            wrap_lines=True,
        )
        st.page_link("pages/data.py", label="Data", icon=":material/database:")
