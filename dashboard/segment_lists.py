"""Lists of ids: upload one, see what was in the file, and begin a segment with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import Row

from dashboard.actor import given, name_field
from dashboard.dialogs import dismissed
from dashboard.format import count, percent, verbatim
from dashboard.furniture import say_later
from dashboard.segment_state import propose
from dashboard.store import engine, reading, workspace
from data.audit import Actor
from data.id_lists import lists, read_source, save_list
from data.list_deletion import delete_list, list_users, one_list
from kindred.errors import UserError
from kindred.segments.rules import ListRule

_ADDED = "segment_list_added"  # key of the list that was just uploaded


def _forget() -> None:
    st.session_state.pop(_ADDED, None)
    dismissed()


@st.dialog("Upload a list of ids", width="medium", on_dismiss=_forget)
def upload() -> None:
    """Take a file of ids, and keep it under a name."""
    if _ADDED not in st.session_state:
        form = st.empty()
        with form.container():
            _ask()
        if _ADDED not in st.session_state:
            return
        form.empty()
    _tell(st.session_state[_ADDED])


def _ask() -> None:
    file = st.file_uploader(
        "Text with one id a line, or CSV",
        type=["csv", "txt", "tsv"],
        key="segment_list_file",
        help="Of a CSV the column called person_id, userId or alike is taken, else the first. "
        "Blank and doubled ids are left out, and counted.",
    )
    name = st.text_input("Name", max_chars=120, key="segment_list_name", placeholder="Newsletter")
    replace = st.checkbox(
        "Replace a list of this name",
        key="segment_list_replace",
        help="Segments that use it then mean the new one.",
    )
    name_field()
    if not st.button("Upload", type="primary", icon=":material/upload:", key="segment_list_save"):
        return
    if file is None or not (name or "").strip():
        st.error("Choose a file, and give the list a name.", icon=":material/error:")
        return
    who = given()
    if who is not None:
        _keep(file.getvalue(), name or "", who, replace=replace)


def _keep(content: bytes, name: str, who: Actor, *, replace: bool) -> None:
    try:
        read = read_source(content)  # before the transaction: a large file takes a second
        with engine().begin() as conn:
            kept = save_list(
                workspace(), conn, name, read, actor=who, at=datetime.now(UTC), replace=replace
            )
    except UserError as error:
        st.error(f"{verbatim(error.what)} {error.fix}", icon=":material/error:")
        return
    st.session_state[_ADDED] = kept.key


def _tell(key: str) -> None:
    """Say what was in the file, so that the numbers add up."""
    with reading() as conn:
        found = next(row for row in lists(conn) if row.key == key)
    st.markdown(f"**“{verbatim(found.name)}” is kept.** {summary(found)}")
    with st.container(horizontal=True):
        begin = st.button("Make a segment of it", type="primary", key="segment_list_begin")
        close = st.button("Close", key="segment_list_close")
    if begin or close:
        del st.session_state[_ADDED]
    if begin:
        propose(ListRule(key), name=found.name)
        st.switch_page("pages/segment.py")
    if close:
        st.rerun()


def summary(found: Row[Any]) -> str:
    """Say in words what a file held: every row of it is counted once."""
    aside = [
        f"{count(number)} {what}"
        for number, what in (
            (found.blank, "blank"),
            (found.duplicate, "doubled"),
            (found.invalid, "unusable"),
        )
        if number
    ]
    read = f"Of {count(found.rows_read)} rows {count(found.kept)} ids were kept"
    without = f"; left out: {', '.join(aside)}" if aside else ""
    known = ""
    if found.known is not None:
        share = percent(found.known / found.kept) if found.kept else percent(0)
        known = f" {count(found.known)} of them, {share}, are people known here."
    return f"{read}{without}.{known} Read as {found.encoding}."


def uploaded() -> None:
    """List what was uploaded, if anything was."""
    with reading() as conn:
        found = lists(conn)
    if not found:
        return
    shown = st.expander(f"Lists of ids ({len(found)})", key="segments_lists", on_change="rerun")
    if not shown.open:
        return
    with shown:
        rows = [
            {
                "List": row.name,
                "Ids": row.kept,
                "Known here": row.known,
                "Left out": row.blank + row.duplicate + row.invalid,
                "Uploaded": row.uploaded_at,
                "By": row.uploaded_by,
            }
            for row in found
        ]
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key="segments_lists_table",
            alt=f"{len(rows)} lists of ids",
            column_config={
                "Ids": st.column_config.NumberColumn(format="localized"),
                "Known here": st.column_config.NumberColumn(format="localized"),
                "Left out": st.column_config.NumberColumn(
                    format="localized", help="Rows that were blank, doubled or unusable."
                ),
                "Uploaded": st.column_config.DatetimeColumn(
                    "Uploaded (UTC)", format="D MMM YYYY, HH:mm", timezone="UTC"
                ),
            },
        )
        offer_deletion(found)


def offer_deletion(found: Sequence[Row[Any]]) -> None:
    """Let one of the lists be chosen, and deleted once that is confirmed."""
    names = {row.key: row.name for row in found}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Which list?",
            list(names),
            index=None,
            format_func=names.__getitem__,
            placeholder="Choose one to delete",
            key="segments_lists_chosen",
            label_visibility="collapsed",
            width=320,
        )
        asked = st.button(
            "Delete …",
            icon=":material/delete:",
            disabled=chosen is None,
            key="segments_lists_delete",
        )
    if asked and chosen is not None:
        deletion(chosen)


@st.dialog("Delete a list of ids", on_dismiss=dismissed)
def deletion(key: str) -> None:
    """Say what would break; else ask once more, since ids do not come back."""
    with reading() as conn:
        found, users = one_list(conn, key), list_users(conn, key)
    if users:
        listed = "\n".join(f"- {verbatim(user)}" for user in users)
        st.error(
            f"“{verbatim(found.name)}” can't be deleted: it is used here, and that would break."
            f"\n\n{listed}\n\nTake it out there first, or withdraw what uses it.",
            icon=":material/link:",
        )
        return
    ids = "1 id" if found.kept == 1 else f"{count(found.kept)} ids"
    st.markdown(
        f"**“{verbatim(found.name)}” will be gone, with its {ids}.** Nothing that "
        "is live and no draft speaks of them. The log keeps who deleted the list, and when."
    )
    name_field()
    if not st.button("Delete", type="primary", icon=":material/delete:", key="segments_lists_gone"):
        return
    who = given()
    if who is None:
        return
    try:
        with engine().begin() as conn:
            file = delete_list(workspace(), conn, key, actor=who, at=datetime.now(UTC))
    except UserError as error:
        st.error(f"{verbatim(error.what)} {error.fix}", icon=":material/error:")
        return
    file.unlink(missing_ok=True)
    say_later(f"“{found.name}” is deleted.")
    st.rerun()
