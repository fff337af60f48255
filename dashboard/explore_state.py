"""What Explore is looking at: kept in the session, written in the address, told by the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dashboard.point_map import Asked
from data.map_reads import MapRun
from kindred.clusters.selection import GRID, Selection
from kindred.clusters.selection_text import as_payload, decode, encode, parse
from kindred.errors import UserError

PANEL = "explore_panel"  # the fragment that shows who is picked
ADDRESS = "explore_address"  # the fragment that only writes the address
_STATE = "explore"
_WHOLE = "explore_whole"  # whether the page's last run came to its end
_PARAMS = ("run", "colour", "cluster", "picked", "view", "against")

View = tuple[int, int, float]


@dataclass
class Looking:
    """Where a session stands on one run's map.

    Parameters
    ----------
    selection, focus : Selection, int or None
        Who is picked, else which cluster is looked at; one of them at most.
    view : (int, int, float) or None
        Cell in the middle and zoom; none when everyone is in view.
    against : str
        Whom they are compared with: empty (everyone), ``cluster-7`` or an encoded selection.
    person : int or None
        Row of the person last clicked.
    told : tuple or None
        What the panel last told of, to the end.
    asked : Asked
        What the map was last told to show; it changes only when Python changes what is shown, so
        that an unchanged map is an unchanged message, which Streamlit does not send again.
    """

    run_id: int
    selection: Selection = ()
    focus: int | None = None
    view: View | None = None
    colour: str = ""
    against: str = ""
    person: int | None = None
    problem: str = ""
    told: tuple[object, ...] | None = None
    asked: Asked = field(default_factory=Asked)

    @property
    def subject(self) -> tuple[object, ...]:
        """What the panel has to tell of."""
        return self.selection, self.focus, self.against, self.person, self.problem

    def ask(self) -> None:
        """Have the map show what stands here."""
        self.asked = Asked(
            self.asked.number + 1,
            as_payload(self.selection),
            self.focus,
            None if self.view is None else dict(zip(("x", "y", "zoom"), self.view, strict=True)),
        )


def map_key(run_id: int) -> str:
    """Give the key of a run's map: a selection means nothing on another run's."""
    return f"explore_map_{run_id}"


def looking_at(run: MapRun) -> Looking:
    """Give where this session stands; anew from the address if it was elsewhere before."""
    found = st.session_state.get(_STATE)
    live = map_key(run.id) in st.session_state
    if isinstance(found, Looking) and found.run_id == run.id and live:
        return found
    fresh = _from_address(run)
    fresh.asked = Asked(found.asked.number if isinstance(found, Looking) else 0)
    fresh.ask()
    st.session_state[_STATE] = fresh
    return fresh


def current() -> Looking:
    """Give where this session stands, inside a fragment or a callback."""
    found = st.session_state[_STATE]
    assert isinstance(found, Looking)
    return found


def run_in_address() -> int | None:
    """Give the run that the address names."""
    text = st.query_params.get("run", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def _from_address(run: MapRun) -> Looking:
    params = st.query_params
    looking = Looking(run.id, colour=params.get("colour", ""))
    if run_in_address() not in (None, run.id):
        return looking
    try:
        looking.selection = decode(params.get("picked", ""))
        looking.view = _view(params.get("view", ""))
        looking.against = params.get("against", "")
    except UserError as error:
        looking.problem = f"{error.what} {error.fix}"
    cluster = params.get("cluster", "")
    if not looking.selection and cluster.isascii() and cluster.isdigit() and len(cluster) < 12:
        looking.focus = int(cluster)
    return looking


def _view(text: str) -> View | None:
    if not text:
        return None
    try:
        x, y, zoom = (float(part) for part in text.split(","))
    except ValueError:
        x = y = zoom = -1.0
    if not (0 <= x <= GRID and 0 <= y <= GRID and 0.5 <= zoom <= 200):
        raise UserError("The address names a place that is not on the map.", "It was left out.")
    return int(x), int(y), zoom


def write_address() -> None:
    """Write where the session stands into the address, so that it can be sent to somebody."""
    looking = current()
    view = "" if looking.view is None else ",".join(f"{part:g}" for part in looking.view)
    told = {
        "colour": looking.colour,
        "cluster": "" if looking.focus is None else str(looking.focus),
        "picked": encode(looking.selection),
        "view": view,
        "against": looking.against,
    }
    told = {name: text for name, text in told.items() if text}
    newest = st.session_state.get("explore_newest_run")
    if set(told) - {"colour"} or looking.run_id != newest:
        told["run"] = str(looking.run_id)
    for name in _PARAMS:
        if name in told and st.query_params.get(name) != told[name]:
            st.query_params[name] = told[name]
        elif name not in told and name in st.query_params:
            del st.query_params[name]


def told_by(key: str) -> dict[str, Callable[[], None]]:
    """Give the callbacks of the map with this key."""

    def told(name: str) -> object:
        return st.session_state[key].get(name)

    def on_shapes() -> None:
        looking = current()
        looking.problem = ""
        try:
            looking.selection = parse(told("shapes") or [])
        except UserError as error:
            looking.selection, looking.problem = (), f"{error.what} {error.fix}"
        if looking.selection:
            looking.focus = None
        _rerun(PANEL)

    def on_focus() -> None:
        looking, focus = current(), told("focus")
        looking.focus = focus if isinstance(focus, int) else None
        looking.selection = ()
        _rerun(PANEL)

    def on_view() -> None:
        place = told("view")
        text = ",".join(str(part) for part in place) if isinstance(place, list) else ""
        try:
            current().view = _view(text)
        except UserError:
            current().view = None
        # A rerun ends one that is under way: if that was the panel's, it must begin again.
        _rerun(ADDRESS if current().told == current().subject else PANEL)

    def on_person() -> None:
        row = told("person")
        current().person = row if isinstance(row, int) and row >= 0 else None
        _rerun(PANEL)

    return {
        "on_shapes": on_shapes,
        "on_focus": on_focus,
        "on_view": on_view,
        "on_person": on_person,
    }


@contextmanager
def whole_page() -> Iterator[None]:
    """Say that the whole page runs: until it ended, no fragment may run instead of it.

    Else what the page was run for, such as to take a dismissed dialog away, would not be done.
    """
    st.session_state[_WHOLE] = False
    yield
    st.session_state[_WHOLE] = True


def _rerun(fragment: str) -> None:
    """Run one fragment instead of the page; the page, if its last run did not come to its end."""
    if st.session_state.get(_WHOLE):
        with suppress(StreamlitAPIException):
            st.rerun(fragment)
