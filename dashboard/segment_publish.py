"""Publish the segment on the workbench: what changes for whom, in words."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import Connection

from dashboard.format import count, percent, verbatim
from dashboard.publishing import Proposal, publish_dialog
from dashboard.segment_data import Vocabulary
from dashboard.segment_save import write
from dashboard.segment_state import Workbench, in_address, reopen
from dashboard.version_differences import told
from data.publications import Act, Terms
from data.segment_population import Population
from data.segment_study import Study
from data.segments import KIND, publish_segment
from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import document
from kindred.segments.describe import sentence
from kindred.segments.parse import read_rule


def publish(
    bench: Workbench,
    studied: Study,
    everybody: Population,
    there: Vocabulary,
    known: Catalogue,
) -> None:
    """Ask, and publish what stands in the editor; it is saved with it, or nothing is."""
    if not bench.name.strip():
        st.toast("Give it a name first.", icon=":material/edit:")
        return
    evidence = {
        "size": studied.size,
        "share": studied.share,
        "as_of": everybody.as_of.isoformat(),
    }
    done: list[str] = []

    def carry_out(conn: Connection, act: Act, terms: Terms) -> int:
        key, revision = bench.key, bench.revision
        if bench.dirty or key is None:
            saved = write(conn, bench, act.actor)
            key, revision = saved.key, saved.revision
        assert revision is not None
        done.append(key)
        return publish_segment(
            conn, key, act, revision=revision, terms=terms, evidence=evidence, catalogue=known
        )

    def open_it() -> None:
        in_address(done[-1])
        reopen(done[-1])

    before = bench.now.body if bench.now else None
    publish_dialog(
        Proposal(
            KIND,
            bench.name.strip(),
            _effect(bench, studied, everybody, there),
            carry_out,
            told(KIND, before, document(bench.result), there.names) if before else (),
            bench.now,
            done=open_it,
        )
    )


def _effect(bench: Workbench, studied: Study, everybody: Population, there: Vocabulary) -> str:
    """Say whom it catches, and how many come and go against the version that stands."""
    said = f"**{count(studied.size)} people, {percent(studied.share)} of all, are in it.**"
    if bench.now is not None:
        before = everybody.members(read_rule(bench.now.body))
        joins = count(len(studied.members & ~before))
        leaves = count(len(before & ~studied.members))
        said += f" {joins} join and {leaves} leave, against version {bench.now.number}."
    return f"{said}\n\n{verbatim(sentence(bench.result, there.names))}"
