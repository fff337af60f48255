"""Names and notes: the fields in which people say what they know about the map."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard.actor import acting, given, name_field
from dashboard.explore_data import MapView
from dashboard.explore_state import current
from dashboard.format import verbatim
from dashboard.store import engine
from data.audit import Actor
from data.map_edits import MAX_NAME, MAX_NOTE, annotate, remove_annotation, rename_cluster
from data.map_reads import MapCluster
from kindred.errors import UserError


def offer_edits(view: MapView, cluster_id: int | None) -> None:
    """Offer to rename the cluster in focus, and to put a note on the map.

    In popovers, which the browser opens and closes by itself: the map tells where it came to rest
    when it may, and the run that its word ends could be the one that opens or closes a dialog.
    They stand above the charts, which would push an open one out of view as they are drawn. Each
    is keyed by what it changes, so that what is saved closes it.
    """
    cluster = view.cluster(cluster_id)
    with st.container(horizontal=True):
        if cluster is not None and cluster.id is not None:
            key = f"explore_rename_{cluster.id}_{cluster.name}_{cluster.sentence}"
            with st.popover("Rename", icon=":material/edit:", type="tertiary", key=key):
                _rename(cluster, key)
        key = f"explore_note_{[note.id for note in view.notes]}"
        with st.popover("Add a note", icon=":material/add_comment:", type="tertiary", key=key):
            _note(view, key)
            _notes(view)


def _rename(cluster: MapCluster, key: str) -> None:
    assert cluster.id is not None
    with st.form(f"{key}_form", border=False):
        st.caption(f"Found by the run: {cluster.found_name}")
        name = st.text_input("Name", value=cluster.name, max_chars=MAX_NAME)
        sentence = st.text_area("What they are like", value=cluster.sentence, max_chars=1_000)
        name_field(f"{key}_actor")
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            renamed = cluster.named_by is not None
            back = renamed and st.form_submit_button("Back to the found name")
    actor = given(f"{key}_actor") if save or back else None
    if actor is None:
        return
    own = save and name.strip() != cluster.found_name
    try:
        with engine().begin() as conn:
            rename_cluster(
                conn,
                cluster.id,
                name if own else None,
                sentence if save else None,
                actor=actor,
                at=datetime.now(UTC),
            )
    except UserError as error:
        st.error(f"{error.what} {error.fix}")
    else:
        st.rerun()


def _note(view: MapView, key: str) -> None:
    place, where = _place(view)
    with st.form(f"{key}_form", border=False):
        text = st.text_area(
            f"Note on {where}",
            max_chars=MAX_NOTE,
            placeholder="What should others know?",
            key=f"{key}_text",
        )
        name_field(f"{key}_actor")
        said = st.form_submit_button("Put it on the map", type="primary")
    if not said:
        return
    if not text.strip():
        st.error("Write the note first.", icon=":material/edit_note:")
    elif (actor := given(f"{key}_actor")) is not None:
        with engine().begin() as conn:
            annotate(conn, view.run.id, *place, text, actor=actor, at=datetime.now(UTC))
        st.rerun()


def _notes(view: MapView) -> None:
    """List the notes, each with a button that takes it off the map."""
    for note in view.notes:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"{verbatim(note.text)}  \n:small[{verbatim(note.author)}, {note.at:%-d %b %Y}]"
            )
            if st.button(
                "Take it off", icon=":material/delete:", type="tertiary", key=f"note_{note.id}"
            ):
                acting(partial(_take_off, note.id))


def _take_off(note_id: int, remover: Actor) -> None:
    with engine().begin() as conn:
        remove_annotation(conn, note_id, actor=remover, at=datetime.now(UTC))
    st.rerun()


def _place(view: MapView) -> tuple[tuple[float, float], str]:
    """Say where a note goes: on those picked, on the cluster in focus, or mid-screen."""
    looking = current()
    if looking.selection:
        points = [point for shape in looking.selection for point in shape.points]
        x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
        return view.grid.coordinates(x, y), "the people picked"
    cluster = view.cluster(looking.focus)
    if cluster is not None:
        return view.grid.coordinates(
            *view.centres[list(view.clusters).index(cluster)]
        ), cluster.name
    if looking.view is not None:
        return view.grid.coordinates(*looking.view[:2]), "the middle of the view"
    return view.grid.coordinates(32_768, 32_768), "the middle of the map"
