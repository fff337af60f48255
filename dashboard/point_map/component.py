"""The map of people as a Streamlit component: its files, and the function that mounts it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
# An inline component is one script: no module of it can import another.
_SCRIPTS = ("geometry.js", "painter.js", "overlay.js", "controls.js", "point_map.js")


def script() -> str:
    """Give the component's whole script."""
    return "\n".join((_HERE / name).read_text("utf-8") for name in _SCRIPTS)


_MOUNT = st.components.v2.component(
    "kindred_point_map",
    html=(_HERE / "point_map.html").read_text("utf-8"),
    css=(_HERE / "point_map.css").read_text("utf-8"),
    js=script(),
)


def point_map(
    message: bytes,
    *,
    key: str,
    on_shapes: Callable[[], None],
    on_focus: Callable[[], None],
    on_view: Callable[[], None],
    on_person: Callable[[], None],
) -> None:
    """Draw the map of people.

    Its state lies in ``st.session_state[key]``: ``shapes`` (a selection, as
    :func:`kindred.clusters.selection_text.parse` reads it), ``focus`` (a cluster's id), ``view``
    (``[x, y, zoom]``, none when everyone is in view); and, for one run, ``person`` (a row).

    Parameters
    ----------
    message : bytes
        As :func:`dashboard.point_map.message.pack` writes it.
    on_shapes, on_focus, on_view, on_person : callable
        Called when somebody picked people, a cluster, a place to look at, or one person.
    """
    _MOUNT(
        key=key,
        data=message,
        on_shapes_change=on_shapes,
        on_focus_change=on_focus,
        on_view_change=on_view,
        on_person_change=on_person,
    )
