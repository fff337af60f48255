"""The workbench: the rule being edited in this session, with its particulars and its past."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from itertools import count
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import streamlit as st
from sqlalchemy import Connection

from dashboard.store import reading
from data.definitions import Definition, EditConflict, definition
from data.publications import Live, standing
from data.segments import KIND, segment_rule
from kindred.segments.editing import Edits, Place, editable, plain
from kindred.segments.rules import AllRule, Rule

_STATE = "segment_workbench"
_ASIDE = "segment_workbenches"  # those of other segments with edits that are not saved
_GENERATIONS = count(1)  # one is never given twice, whichever rule it was for; 0 is before all


@dataclass(frozen=True)
class Origin:
    """Whom a rule was distilled from: people picked on a run's map, or a cluster of it.

    Parameters
    ----------
    picked : str
        The encoded selection; empty where a cluster was taken.
    cluster : int or None
        The cluster's identity.
    """

    run: int
    picked: str = ""
    cluster: int | None = None


@dataclass
class Workbench:
    """What is being edited.

    Parameters
    ----------
    key : str or None
        Of the segment; none until it is saved for the first time.
    generation : int
        Part of every field's key: fields are made anew when what they show did not come from them.
    opening : int
        Part of the keys of name, notes and tags, which stay while the rule is edited.
    revision : int or None
        Of the definition as it was opened: a save names it.
    saved : Rule
        The rule as it was opened or last saved.
    kept : (str, str, tuple of str)
        Name, notes and tags as they were.
    now : Live or None
        The publication of it that stands, if any.
    origin : Origin or None
        Whom it was distilled from, if anybody.
    conflict : EditConflict or None
        Somebody else saved in the meantime, and the user has not said what is to stand.
    """

    key: str | None
    name: str
    notes: str
    tags: tuple[str, ...]
    edits: Edits
    saved: Rule
    kept: tuple[str, str, tuple[str, ...]] = ("", "", ())
    revision: int | None = None
    now: Live | None = None
    generation: int = 0
    opening: int = 0
    origin: Origin | None = None
    conflict: EditConflict | None = None

    @property
    def rule(self) -> Rule:
        """The rule as it is now, a group at least."""
        return self.edits.rule

    @property
    def result(self) -> Rule:
        """The rule as it is kept."""
        return plain(self.edits.rule)

    @property
    def dirty(self) -> bool:
        """Whether something was changed that is not saved."""
        said = (self.name.strip(), self.notes, self.tags)
        return said != self.kept or repr(self.result) != repr(plain(self.saved))

    @property
    def unsaid(self) -> bool:
        """Whether nothing was said yet."""
        return self.key is None and repr(self.result) == repr(AllRule(()))

    def take(self, rule: Rule, *, redraw: bool = True) -> None:
        """Take a step."""
        self.edits = self.edits.to(editable(rule))
        if redraw:
            self.redraw()

    def redraw(self) -> None:
        """Have all fields made anew."""
        self.generation = next(_GENERATIONS)

    def undo(self) -> None:
        """Go back a step."""
        self.edits = self.edits.undo()
        self.redraw()

    def redo(self) -> None:
        """Take an undone step again."""
        self.edits = self.edits.redo()
        self.redraw()


class Shown(Protocol):
    """A field or a button, as it was drawn."""

    @property
    def generation(self) -> int:
        """The generation of the workbench that it was drawn from."""


@dataclass(frozen=True)
class Spot:
    """A place in the rule, as it was drawn."""

    generation: int
    place: Place


S = TypeVar("S", bound=Shown)
P = ParamSpec("P")


def edit(change: Callable[Concatenate[S, P], None]) -> Callable[Concatenate[S, P], None]:
    """Take an edit only from what shows the rule as it is.

    When one run cuts another short, the browser may still hold fields of the rule before, and
    Streamlit takes their values for changed: they would be written to places of another rule.
    """

    @wraps(change)
    def take(shown: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if shown.generation == workbench().generation:
            change(shown, *args, **kwargs)

    return take


def workbench() -> Workbench:
    """Give what is being edited, inside a callback or a fragment."""
    found = st.session_state[_STATE]
    assert isinstance(found, Workbench)
    return found


def propose(rule: Rule, *, name: str = "", notes: str = "", origin: Origin | None = None) -> None:
    """Put a new segment on the workbench, as a screen hands it over before it opens the editor."""
    bench = Workbench(None, name, notes, (), Edits(editable(rule)), AllRule(()), origin=origin)
    bench.generation = bench.opening = next(_GENERATIONS)
    st.session_state[_STATE] = bench


def opened(key: str | None, origin: Origin | None = None) -> Workbench:
    """Give the workbench for what the address names; what was being edited there stays."""
    found = st.session_state.get(_STATE)
    aside = st.session_state.setdefault(_ASIDE, {})
    if isinstance(found, Workbench) and found.key not in (None, key) and found.dirty:
        aside[found.key] = found
    if key in aside:
        st.session_state[_STATE] = found = aside.pop(key)
        found.generation = found.opening = next(_GENERATIONS)
    if isinstance(found, Workbench) and found.key == key:
        if key is None and (origin is None or origin == found.origin):
            return found
        if key is not None:
            return _up_to_date(found, key)
    if key is not None:
        return reopen(key)
    propose(AllRule(()), origin=origin)
    return workbench()


def _up_to_date(bench: Workbench, key: str) -> Workbench:
    """Take notice of what is live by now; edits that are not saved stay."""
    with reading() as conn:
        now = _standing(conn, key)
    if _which(now) != _which(bench.now):
        if not bench.dirty:
            return reopen(key)
        bench.now = now
    return bench


def _standing(conn: Connection, key: str) -> Live | None:
    return next((live for live in standing(conn, KIND) if live.key == key), None)


def _which(live: Live | None) -> tuple[int, datetime] | None:
    return (live.number, live.since) if live else None


def reopen(key: str) -> Workbench:
    """Open a segment as it is kept now, its draft or what is live; forget what was edited."""
    with reading() as conn:
        found, now = definition(conn, KIND, key), _standing(conn, key)
        unchanged = found.draft is None and now is not None
        rule = editable(segment_rule(conn, key, now.number if unchanged and now else None))
    particulars = (found.name, found.notes, found.tags)
    bench = Workbench(key, *particulars, Edits(rule), rule, particulars, found.revision, now)
    bench.generation = bench.opening = next(_GENERATIONS)
    st.session_state[_STATE] = bench
    return bench


def in_address(key: str) -> None:
    """Name a segment in the address, and no longer whom it was distilled from."""
    for name in ("run", "picked", "cluster"):
        if name in st.query_params:
            del st.query_params[name]
    st.query_params["segment"] = key


def saved_as(bench: Workbench, kept: Definition) -> None:
    """Remember that what is being edited was saved."""
    bench.key, bench.revision = kept.key, kept.revision
    bench.name, bench.notes, bench.tags = kept.name, kept.notes, kept.tags
    bench.kept = (kept.name, kept.notes, kept.tags)
    bench.saved = bench.edits.rule
    bench.conflict = None


_STEP = re.compile(r"rules\[(\d+)\]|rule(?=\.|$)")


def place_of(path: str) -> Place:
    """Find the place that a path into a rule leads to, as far as it stays among rules.

    Examples
    --------
    >>> place_of("rules[1].rule.where[0].value"), place_of("format")
    ((1, 0), ())
    """
    place: list[int] = []
    for step in path.split("."):
        found = _STEP.fullmatch(step)
        if found is None:
            break
        place.append(int(found[1]) if found[1] else 0)
    return tuple(place)
