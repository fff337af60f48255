"""Names and notes: the dialogs in which people say what they know about the map."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboard.actor import given, name_field
from dashboard.dialogs import dismissed
from dashboard.explore_data import MapView
from dashboard.explore_state import current, rerun_panel
from dashboard.store import engine
from data.map_edits import MAX_NAME, MAX_NOTE, annotate, remove_annotation, rename_cluster
from data.map_reads import MapCluster
from kindred.errors import UserError


def offer_edits(view: MapView, cluster_id: int | None) -> None:
    """Offer to rename the cluster in focus, and to put a note on the map."""
    cluster = view.cluster(cluster_id)
    with st.container(horizontal=True):
        if cluster is not None:
            st.button(
                "Rename",
                icon=":material/edit:",
                key="explore_rename",
                on_click=_open,
                args=("rename",),
            )
        st.button(
            "Add a note",
            icon=":material/add_comment:",
            key="explore_note",
            on_click=_open,
            args=("note",),
        )
    # What is open is kept, not told by the button: the map's late answer may end the run that the
    # button began, and the next knows of no press.
    if current().dialog == "rename" and cluster is not None:
        _rename(cluster)
    elif current().dialog == "note":
        _note(view)


def _open(dialog: str) -> None:
    current().dialog = dialog
    rerun_panel()


def _closed() -> None:
    current().dialog = ""
    dismissed()


@st.dialog("Rename this cluster", on_dismiss=_closed)
def _rename(cluster: MapCluster) -> None:
    st.caption(f"Found by the run: {cluster.found_name}")
    name = st.text_input("Name", value=cluster.name, max_chars=MAX_NAME)
    sentence = st.text_area("What they are like", value=cluster.sentence, max_chars=1_000)
    name_field()
    with st.container(horizontal=True):
        save = st.button("Save", type="primary")
        back = cluster.named_by is not None and st.button("Back to the found name")
    actor = given() if save or back else None
    if actor is None or cluster.id is None:
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
        _closed()


@st.dialog("Notes on this map", on_dismiss=_closed)
def _note(view: MapView) -> None:
    place, where = _place(view)
    text = st.text_area(
        f"Note on {where}", max_chars=MAX_NOTE, placeholder="What should others know?"
    )
    name_field()
    said = st.button("Put it on the map", type="primary", disabled=not text.strip())
    if said and (actor := given()) is not None:
        with engine().begin() as conn:
            annotate(conn, view.run.id, *place, text, actor=actor, at=datetime.now(UTC))
        _closed()
    for note in view.notes:
        columns = st.columns([5, 1], vertical_alignment="center")
        columns[0].markdown(f"{note.text}  \n:small[{note.author}, {note.at:%-d %b %Y}]")
        if columns[1].button(
            "", icon=":material/delete:", help="Take it off", key=f"note_{note.id}"
        ):
            remover = given()
            if remover is None:
                return
            with engine().begin() as conn:
                remove_annotation(conn, note.id, actor=remover, at=datetime.now(UTC))
            _closed()


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
