"""Save what is being edited as a draft; when two edit at once, the second is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import streamlit as st
from sqlalchemy import Connection

from dashboard.actor import acting
from dashboard.dialogs import dismissed
from dashboard.format import verbatim
from dashboard.furniture import say_later
from dashboard.segment_data import Vocabulary
from dashboard.segment_state import Workbench, in_address, reopen, saved_as, workbench
from dashboard.store import engine, reading
from dashboard.version_differences import told
from data.audit import Actor
from data.definitions import Definition, EditConflict, definition
from data.definitions import save as keep
from data.keys import slug
from data.segments import KIND, create_segment, save_rule, segment_rule
from kindred.errors import UserError
from kindred.segments.codec import document
from kindred.segments.difference import same_meaning


def particulars(bench: Workbench) -> None:
    """Ask for name, notes and tags.

    They are taken before anything is drawn, so that a button pressed right after typing has them.
    """
    st.text_input(
        "Name",
        value=bench.name,
        max_chars=120,
        placeholder="What people will know it by",
        **_field(bench, "name"),
    )
    more = st.expander("Notes, tags and key", key="segment_more", on_change="rerun")
    if not more.open:
        return
    with more:
        st.text_area(
            "Notes",
            value=bench.notes,
            max_chars=4_000,
            placeholder="What it is for, and what to know about it",
            **_field(bench, "notes"),
        )
        st.multiselect(
            "Tags",
            sorted(bench.tags),
            default=list(bench.tags),
            accept_new_options=True,
            **_field(bench, "tags"),
        )
        _key(bench)


def _field(bench: Workbench, name: str) -> dict[str, Any]:
    key = f"segment_{name}_{bench.opening}"
    return {"key": key, "on_change": _take, "args": (name, key)}


def _take(name: str, key: str) -> None:
    bench, given = workbench(), st.session_state[key]
    if name == "name":
        bench.name = given or ""
    elif name == "notes":
        bench.notes = given or ""
    else:
        bench.tags = tuple(given)


def _key(bench: Workbench) -> None:
    if bench.key:
        st.caption(f"Key: `{bench.key}`. Serving and other tools call it so; it never changes.")
    elif bench.name.strip():
        try:
            st.caption(f"Its key will be `{slug(bench.name)}`, or near that.")
        except UserError as error:
            st.caption(f"{error.what} {error.fix}")


def write(conn: Connection, bench: Workbench, who: Actor, *, over: bool = False) -> Definition:
    """Write the draft and its particulars.

    Parameters
    ----------
    over : bool
        Upon whatever is there now, as the user chose after a conflict.

    Raises
    ------
    EditConflict
        Somebody saved since it was opened; nothing is changed.
    """
    now, name = datetime.now(UTC), bench.name.strip()
    if not name:
        raise UserError("It has no name yet.", "Give it the name that people will know it by.")
    if bench.key is None:
        return create_segment(
            conn, name, bench.result, actor=who, at=now, tags=bench.tags, notes=bench.notes
        )
    revision = definition(conn, KIND, bench.key).revision if over else bench.revision
    assert revision is not None
    kept = {"name": name, "notes": bench.notes, "tags": list(bench.tags)}
    if not over and same_meaning(bench.result, bench.saved):
        return keep(conn, KIND, bench.key, revision=revision, actor=who, at=now, **kept)
    return save_rule(conn, bench.key, bench.result, revision=revision, actor=who, at=now, **kept)


def save() -> None:
    """Save the draft as who acts, who is asked where that is not known."""
    acting(_save)


def _save(who: Actor, *, over: bool = False) -> None:
    bench = workbench()
    try:
        with engine().begin() as conn:
            kept = write(conn, bench, who, over=over)
    except EditConflict as error:
        bench.conflict = error
        st.rerun()
    except UserError as error:
        st.toast(f"{error.what} {error.fix}", icon=":material/error:")
        return
    saved_as(bench, kept)
    in_address(kept.key)
    say_later("Saved as a draft; what is live is as it was.")
    st.rerun()


def settle_conflict(bench: Workbench, there: Vocabulary) -> None:
    """Ask what is to stand, if somebody else saved in the meantime."""
    if bench.conflict is not None:
        _settle(bench, bench.conflict, there)


def _forget() -> None:
    workbench().conflict = None
    dismissed()


@st.dialog("Somebody else saved in the meantime", width="medium", on_dismiss=_forget)
def _settle(bench: Workbench, conflict: EditConflict, there: Vocabulary) -> None:
    assert bench.key is not None
    st.markdown(verbatim(conflict.what))
    with reading() as conn:
        theirs = document(segment_rule(conn, bench.key))
    found = told(KIND, theirs, document(bench.result), there.names)
    st.markdown("How yours differs from theirs:")
    st.markdown("\n".join(f"- {verbatim(each)}" for each in found) or "- Not in its rule.")
    with st.container(horizontal=True):
        mine = st.button("Save mine over it", type="primary", key="segment_conflict_mine")
        others = st.button("Take theirs", key="segment_conflict_theirs")
    if mine:
        bench.conflict = None
        acting(lambda who: _save(who, over=True))
    if others:
        reopen(bench.key)
        st.rerun()


def is_stale(bench: Workbench) -> str:
    """Say who saved since this was opened; empty where nobody did."""
    if bench.key is None or bench.revision is None:
        return ""
    with reading() as conn:
        now = definition(conn, KIND, bench.key)
    return now.updated_by if now.revision != bench.revision else ""


def discard() -> None:
    """Go back to what was saved."""
    bench = workbench()
    if bench.key is not None:
        reopen(bench.key)
