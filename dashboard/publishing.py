"""Dialogs that change what is live: publish, roll back, withdraw; for every kind alike.

Each says in words what changes for whom, asks why, and acts in one transaction. A screen that
publishes something of its own makes a :class:`Proposal` and opens :func:`publish_dialog`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import streamlit as st
from sqlalchemy import Connection

from dashboard.actor import given, name_field
from dashboard.dialogs import dismissed
from dashboard.format import instant, verbatim
from dashboard.furniture import say_later
from dashboard.publication_words import validity, words
from dashboard.store import engine, reading
from dashboard.version_data import read_versions
from data.live_model import KIND as MODEL
from data.live_model import roll_back_model
from data.publications import Act, Live, Terms, dependants, roll_back, withdraw
from data.segments import KIND as SEGMENT
from data.segments import roll_back_segment, withdraw_segment
from kindred.errors import UserError

Change = Callable[[Connection, Act], object]
# Kinds whose way back, or end, asks for more than the publication itself.
ROLL_BACK: Final[Mapping[str, Callable[[Connection, str, int, Act], None]]] = {
    SEGMENT: roll_back_segment,
    MODEL: roll_back_model,
}
WITHDRAW: Final[Mapping[str, Callable[[Connection, str, Act], None]]] = {SEGMENT: withdraw_segment}
_WHY: Final = "publishing_why"


@dataclass(frozen=True)
class Proposal:
    """What a screen proposes to publish.

    Parameters
    ----------
    effect : str
        What changes for whom, in Markdown: "1,234 people, 12 % of all, will be in it".
    publish : callable
        ``publish(conn, act, terms)`` makes the draft the next version; gives its number.
    differences : sequence of str
        How it differs from the version that is live, in sentences; none where nothing is live.
    now : Live or None
        What stands, whose terms are offered again.
    for_browsers : bool
        Whether this kind may be told to browsers at all.
    done : callable, optional
        What else the screen does once it is live.
    """

    kind: str
    name: str
    effect: str
    publish: Callable[[Connection, Act, Terms], int]
    differences: Sequence[str] = ()
    now: Live | None = None
    for_browsers: bool = True
    done: Callable[[], None] | None = None


def publish_dialog(proposal: Proposal) -> None:
    """Ask on which terms, and why; then publish."""
    title = f"Publish “{verbatim(proposal.name)}”"
    st.dialog(title, width="medium", on_dismiss=dismissed)(_publish)(proposal)


def _publish(proposal: Proposal) -> None:
    one = words(proposal.kind).one
    st.markdown(proposal.effect)
    if proposal.now is None:
        st.markdown(f"It is the first version of this {one}; serving takes it up at once.")
    else:
        since = f"Version {proposal.now.number}, live since {instant(proposal.now.since)}"
        st.markdown(f"{since}, is superseded. What changes:")
        sentences(proposal.differences, "Nothing in what it means.")
    terms = _ask_terms(proposal)
    _ask_why("Why is it published?", "What it is for, or what this version mends")
    if st.button("Publish", type="primary", icon=":material/publish:", key="publishing_publish"):
        number: list[int] = []

        def act(conn: Connection, act: Act) -> None:
            number.append(proposal.publish(conn, act, terms()))

        if _carry_out(act):
            say_later(f"Version {number[0]} of “{proposal.name}” is live.")
            if proposal.done is not None:
                proposal.done()
            st.rerun()


def _ask_terms(proposal: Proposal) -> Callable[[], Terms]:
    """Ask from when until when, and whether browsers may be told; terms are made upon a click."""
    last = proposal.now.terms if proposal.now else Terms()
    begin, end = st.columns(2)
    valid_from = begin.datetime_input(
        "Valid from (UTC)",
        value=_future(last.valid_from),
        key="publishing_from",
        help="Empty: at once. Until then serving answers as if nothing were published.",
    )
    valid_until = end.datetime_input(
        "Valid until (UTC)",
        value=_future(last.valid_until),
        key="publishing_until",
        help="Empty: until it is withdrawn. From this moment on it counts no more.",
    )
    browser = last.browser
    if proposal.for_browsers:
        browser = st.checkbox(
            "Browsers may be told",
            value=last.browser,
            key="publishing_browser",
            help="Only then do answers that reach a visitor's browser name it. Whoever looks into "
            "the page can read it there, so leave it out for anything sensitive.",
        )
    return lambda: Terms(_utc(valid_from), _utc(valid_until), browser)


def _future(at: datetime | None) -> datetime | None:
    """Offer a time again, unless it is over."""
    return at if at is not None and at > datetime.now(UTC) else None


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None else None


def roll_back_dialog(kind: str, key: str, name: str, number: int) -> None:
    """Say what an earlier version changes, ask why, and let it be live again."""
    title = f"Roll “{verbatim(name)}” back to version {number}"
    st.dialog(title, width="medium", on_dismiss=dismissed)(_roll_back)(kind, key, name, number)


def _roll_back(kind: str, key: str, name: str, number: int) -> None:
    with reading() as conn:
        known = read_versions(conn, kind, key)
    if known.now is not None:
        st.markdown(f"Version {known.now.number} is superseded. What changes:")
        sentences(known.differences(known.now.number, number), "Nothing in what it means.")
    else:
        st.markdown("Nothing of it is live now; serving takes this version up at once.")
    terms = known.terms(number)
    st.markdown(f"It is live again on the terms it last had: {on_terms(terms)}.")
    if not terms.hold(datetime.now(UTC)):
        st.warning("By these terms it is not valid now. Publish it anew to give it others.")
    _ask_why("Why back?", "What was wrong with the version that is live")
    said = st.button("Roll back", type="primary", icon=":material/history:", key="publishing_back")
    if said and _carry_out(_back(kind, key, number)):
        say_later(f"Version {number} of “{name}” is live again.")
        st.rerun()


def _back(kind: str, key: str, number: int) -> Change:
    own = ROLL_BACK.get(kind)
    if own is not None:
        return lambda conn, act: own(conn, key, number, act)
    return lambda conn, act: roll_back(conn, kind, key, number, act)


def _end(kind: str, key: str) -> Change:
    own = WITHDRAW.get(kind)
    if own is not None:
        return lambda conn, act: own(conn, key, act)
    return lambda conn, act: withdraw(conn, kind, key, act)


def withdraw_dialog(kind: str, key: str, name: str) -> None:
    """Say what would break or change, ask why, and let nothing of it be live any more."""
    title = f"Withdraw “{verbatim(name)}”"
    st.dialog(title, width="medium", on_dismiss=dismissed)(_withdraw)(kind, key, name)


def _withdraw(kind: str, key: str, name: str) -> None:
    with reading() as conn:
        users = dependants(conn, kind, key)
    if users:
        listed = "\n".join(f"- {verbatim(user)}" for user in users)
        st.error(
            f"It can't be withdrawn yet: it is used by what is live, and that would break.\n\n"
            f"{listed}\n\nChange or withdraw these first.",
            icon=":material/link:",
        )
        return
    st.markdown(words(kind).withdrawing)
    st.markdown("Its versions stay, and you can roll back to any of them.")
    _ask_why("Why is it withdrawn?", "Why nobody should rely on it any more")
    said = st.button("Withdraw", type="primary", icon=":material/block:", key="publishing_withdraw")
    if said and _carry_out(_end(kind, key)):
        say_later(f"“{name}” is withdrawn.")
        st.rerun()


def sentences(found: Sequence[str], otherwise: str) -> None:
    """List sentences as they are; say something else where there are none."""
    st.markdown("\n".join(f"- {verbatim(each)}" for each in found) or otherwise)


def on_terms(terms: Terms) -> str:
    """Say from when until when, and whether browsers may be told.

    Examples
    --------
    >>> on_terms(Terms())
    'until it is withdrawn, not told to browsers'
    """
    return f"{validity(terms)}, {'may be told' if terms.browser else 'not told'} to browsers"


def _ask_why(label: str, example: str) -> None:
    st.text_input(label, key=_WHY, max_chars=500, placeholder=example)
    name_field()


def _carry_out(change: Change) -> bool:
    """Change what is live, in one transaction; tells what is missing or wrong."""
    who, why = given(), str(st.session_state.get(_WHY) or "").strip()
    if who is None:
        return False
    if not why:
        st.error("Say why, in a few words: the history keeps it.", icon=":material/edit_note:")
        return False
    act = Act(who, datetime.now(UTC), why)
    try:
        with engine().begin() as conn:
            change(conn, act)
    except UserError as error:
        st.error(f"{verbatim(error.what)} {verbatim(error.fix)}", icon=":material/error:")
        return False
    return True
