"""Which segments a person is in, since when and why; and why not in the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from dashboard.format import day, verbatim
from dashboard.person_data import Person
from dashboard.segment_data import population, profiles_of, version
from dashboard.segment_outcome import reason
from dashboard.store import reading, workspace
from data.membership_files import member_files, member_since
from data.publication_schema import SEGMENT
from data.publications import Live, live
from data.segment_profiles import reasons
from data.segments import segment_names
from kindred.errors import UserError
from kindred.segments.evidence import Evidence
from kindred.segments.parse import read_rule


@dataclass(frozen=True)
class Standing:
    """How a person stands to a live segment.

    Parameters
    ----------
    since : datetime or None
        As of the run that first found them in it; None for who is not in.
    counted : bool
        Whether anybody worked out its members yet.
    """

    segment: Live
    since: datetime | None
    counted: bool


def standings(person: str) -> list[Standing]:
    """Look up every live segment, those first that the person is in."""
    with reading() as conn:
        segments, files = live(conn, SEGMENT, datetime.now(UTC)), member_files(conn)
    found = [
        Standing(
            each,
            member_since(workspace(), files[each.key], person) if each.key in files else None,
            each.key in files,
        )
        for each in segments
    ]
    return sorted(found, key=lambda one: one.since is None)


def panel(person: Person) -> None:
    """List the segments that the person is in, and on request those they are not in."""
    st.markdown("**Segments**")
    found = standings(person.id)
    if not found:
        st.caption("No segment is live yet.")
        st.page_link("pages/segments.py", label="Say whom you mean", icon=":material/group_add:")
        return
    inside = [one for one in found if one.since is not None]
    outside = [one for one in found if one.since is None]
    if not inside:
        st.caption("In none of the segments that are live.")
    _list(person, inside)
    if outside:
        label = f"Not in {len(outside)} other{'' if len(outside) == 1 else 's'}"
        rest = st.expander(label, key="person_outside", on_change="rerun")
        if rest.open:
            with rest:
                _list(person, outside)


def _list(person: Person, shown: Sequence[Standing]) -> None:
    told = _why(person, [one.segment for one in shown])
    for one in shown:
        segment = one.segment
        with st.container(gap="xxsmall"):
            st.page_link(
                "pages/segment.py",
                label=verbatim(segment.name),
                icon=":material/group:",
                query_params={"segment": segment.key},
                help=segment.sentence,
            )
            if one.since is not None:
                st.caption(f"since {day(one.since)} (UTC), by version {segment.number}")
            elif not one.counted:
                st.caption("Its members are not worked out yet.")
            for evidence in told.get(segment.key, ())[:6]:
                st.markdown(f":small[{reason(evidence)}]")


def _why(person: Person, segments: Sequence[Live]) -> dict[str, Sequence[Evidence]]:
    """Work out the conditions that decided, with the person's own values."""
    of = version()
    if of is None or not segments:
        return {}
    everybody = population(of)
    with reading() as conn:
        names = segment_names(conn)
    told: dict[str, Sequence[Evidence]] = {}
    for segment in segments:
        try:
            rule = read_rule(segment.body)
            profiles = profiles_of(of, everybody, rule, [person.position])
            known = dict(reasons(rule, everybody, profiles, names))
        except UserError:  # a cluster run or a list that is gone: that they are in still stands
            continue
        told[segment.key] = known.get(person.id, ())  # none where traits were just computed anew
    return told
