"""The rules being edited in this session, and the kept definition that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from dashboard.store import reading
from data.definitions import Definition, all_definitions
from data.publications import Live, standing
from data.steering import EVERYWHERE, KIND, steering_rules
from kindred.recommend.steering import IDENTITY, Steering

_RULES: Final = "steering_rules"
_OPENED: Final = "steering_opened"  # the revision upon which they are edited


@dataclass(frozen=True)
class Kept:
    """What the store knows of the steering.

    Parameters
    ----------
    definition : Definition or None
        None before the first save.
    live : Live or None
        What stands.
    rules : Steering
        The draft's, else the newest version's.
    """

    definition: Definition | None
    live: Live | None
    rules: Steering

    @property
    def revision(self) -> int:
        """The revision that a save is made upon; 0 before the first."""
        return self.definition.revision if self.definition else 0


def read_kept() -> Kept:
    """Read the definition that holds everywhere, and what is live of it."""
    with reading() as conn:
        found = next((d for d in all_definitions(conn, KIND) if d.key == EVERYWHERE), None)
        live = next((each for each in standing(conn, KIND) if each.key == EVERYWHERE), None)
        return Kept(found, live, steering_rules(conn, EVERYWHERE) if found else IDENTITY)


def edited(kept: Kept) -> Steering:
    """Give the rules as edited in this session; at first those that are kept."""
    if _RULES not in st.session_state:
        take(kept)
    rules: Steering = st.session_state[_RULES]
    return rules


def take(kept: Kept) -> None:
    """Take the kept rules, and forget what was edited."""
    st.session_state[_RULES] = kept.rules
    st.session_state[_OPENED] = kept.revision


def opened_revision() -> int:
    """Give the revision upon which the rules are edited."""
    return int(st.session_state.get(_OPENED, 0))


def saved(revision: int) -> None:
    """Go on upon the revision that a save made."""
    st.session_state[_OPENED] = revision


def change(rules: Sequence[Any]) -> None:
    """Replace the rules being edited."""
    st.session_state[_RULES] = Steering(tuple(rules))


def remove(place: int) -> None:
    """Take out the rule at a place."""
    rules: Steering = st.session_state[_RULES]
    change([rule for at, rule in enumerate(rules.rules) if at != place])


def add(rule: Any) -> None:
    """Add a rule; of blend and diversity the new one replaces the old."""
    rules: Steering = st.session_state[_RULES]
    alone = rule.kind in {"blend", "diversity"}
    kept = [r for r in rules.rules if not (alone and r.kind == rule.kind)]
    change([*kept, rule])


def now() -> datetime:
    """Give the time at which something is done, for records."""
    return datetime.now(UTC)
