"""A definition's versions: which is live, what each says, how two differ, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from sqlalchemy import Row

from dashboard.format import ago, count, day, instant, percent, verbatim
from dashboard.publication_words import state, words
from dashboard.publishing import on_terms, roll_back_dialog, sentences, withdraw_dialog
from dashboard.store import reading
from dashboard.version_data import Versions, read_versions
from data.publications import Live

COLOURS = {"Live": "green", "Not yet": "orange", "Expired": "gray"}


@st.fragment(key="versions")
def versions_panel(kind: str, key: str) -> None:
    """Show the versions of a definition, compare two, and offer to roll back or withdraw."""
    with reading() as conn:
        known = read_versions(conn, kind, key)
    if not known.versions:
        one = words(kind).one
        st.info(
            f"This {one} was never published. Its first version stands here once it is.",
            icon=":material/history:",
        )
        return
    _standing(known)
    listed, compared = st.columns([1.15, 1], gap="medium")
    with listed:
        for version in known.versions:
            _version(known, version)
    with compared, st.container(border=True, key="versions_compared"):
        _compare(known)


def _standing(known: Versions) -> None:
    """Say what stands, since when and by whom, and offer to withdraw it."""
    now, at = known.now, datetime.now(UTC)
    if now is None:
        last = known.acts[0]
        st.markdown(
            f"**Nothing of it is live.** {verbatim(last.ended_by)} withdrew version "
            f"{last.number} {ago(last.ended_at, at)}: “{verbatim(last.ended_why)}”"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(badge(now, at), width="content")
        st.markdown(
            f"**Version {now.number}**, {on_terms(now.terms)}.",
            width="stretch",
        )
        subject = known.subject
        if st.button("Withdraw …", icon=":material/block:", key="versions_withdraw"):
            withdraw_dialog(subject.kind, subject.key, subject.name)


def _version(known: Versions, version: Row[Any]) -> None:
    """Show one version: what it says, what was seen of it, and when it was live."""
    is_now = known.now is not None and known.now.number == version.number
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Version {version.number}**", width="content")
            if is_now and known.now is not None:
                st.markdown(badge(known.now, datetime.now(UTC)), width="content")
            st.markdown(
                f":small[:gray[{instant(version.at)}, {verbatim(version.author)}]]",
                width="stretch",
            )
            if not is_now and st.button(
                "Roll back …",
                icon=":material/history:",
                type="tertiary",
                key=f"versions_back_{version.number}",
            ):
                subject = known.subject
                roll_back_dialog(subject.kind, subject.key, subject.name, version.number)
        st.markdown(verbatim(version.sentence))
        seen = evidence(version.evidence)
        acts = [act for act in known.acts if act.number == version.number]
        lines = [*([seen] if seen else []), *(when_live(act) for act in acts[:4])]
        st.markdown("  \n".join(f":small[:gray[{line}]]" for line in lines))


def badge(found: Live, at: datetime) -> str:
    """Give how a publication is doing as a badge."""
    told = state(found, at)
    return f":{COLOURS[told]}-badge[{told}]"


def evidence(seen: Mapping[str, Any]) -> str:
    """Say what the publisher saw; nothing of what is not known here.

    Examples
    --------
    >>> print(evidence({"size": 1200, "share": 0.12, "as_of": "2026-11-23T00:00:00+00:00"}))
    1,200 people, 12 % of all, as of 23 Nov 2026 (UTC)
    """
    parts = []
    if isinstance(seen.get("size"), int):
        parts.append(f"{count(seen['size'])} people")
    if isinstance(seen.get("share"), int | float):
        parts.append(f"{percent(seen['share'])} of all")
    if parts and isinstance(seen.get("as_of"), str):
        parts.append(f"as of {day(datetime.fromisoformat(seen['as_of']))} (UTC)")
    return ", ".join(parts)


def when_live(act: Row[Any]) -> str:
    """Say when a publication was live, by whom and why."""
    verb = "Rolled back to" if act.action == "rolled_back" else "Published"
    began = f"{verb} {instant(act.at)} by {verbatim(act.actor)}: “{verbatim(act.why)}”"
    if act.ended_at is None:
        return began
    ended = "Superseded" if act.ended_as == "superseded" else "Withdrawn"
    by = f" by {verbatim(act.ended_by)}: “{verbatim(act.ended_why)}”"
    return f"{began} · {ended} {instant(act.ended_at)}{by if ended == 'Withdrawn' else ''}"


def _compare(known: Versions) -> None:
    """Let two versions be chosen, and tell how they differ."""
    numbers = [version.number for version in known.versions]
    st.markdown("**How two versions differ**")
    if len(numbers) < 2:
        st.caption("There is one version so far. The next is compared with it here.")
        return
    first, second = st.columns(2)
    before = first.selectbox("From version", numbers, index=1, key="versions_before")
    after = second.selectbox("To version", numbers, index=0, key="versions_after")
    found = known.differences(int(before), int(after))
    sentences(found, "They mean the same.")
