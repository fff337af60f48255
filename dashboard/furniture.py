"""What every page has: the frame, a head with its question, freshness, empty states, errors."""

from __future__ import annotations

import logging
import secrets
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st
from sqlalchemy import Row

from dashboard.format import ago, day
from dashboard.store import workspace
from dashboard.theme import css, theme_now
from data.workspace import HOME_VARIABLE
from kindred.errors import UserError

log = logging.getLogger(__name__)
_LATER = "say_later"
_ROOT = Path(__file__).parent.parent
_STATIC = _ROOT / "static"


def frame() -> None:
    """Set the tab's icon, the width, the logo and the style, before there is a navigation.

    Streamlit would else take a page's icon for the tab's, and fetch it from the network.
    """
    st.set_page_config(page_title="Kindred", page_icon=str(_STATIC / "mark.svg"), layout="wide")
    st.logo(str(_STATIC / f"logo-{theme_now()}.svg"), size="large")
    st.html(f"<style>{css(theme_now())}</style>")


def tell_error(error: Exception) -> bool:
    """Tell a user's error as it is; for ours, apologise and log it under a short id.

    Returns
    -------
    bool
        True: Streamlit need not show it again.
    """
    if isinstance(error, UserError):
        where = f"`{error.where}`: " if error.where else ""
        st.error(f"{where}{error.what}  \n{error.fix}", icon=":material/error:")
        return True
    fault = secrets.token_hex(4)
    log.error("fault %s", fault, exc_info=error)
    st.error(
        "**Something went wrong on our side.** What you did is not to blame, and no data was lost. "
        f"Reload the page; if it happens again, report fault `{fault}`, under which the details "
        "are in the dashboard's log.",
        icon=":material/sentiment_dissatisfied:",
    )
    return True


def say_later(text: str, icon: str = ":material/check:") -> None:
    """Say something in passing once the next run is over: a rerun may take a toast with it."""
    st.session_state.setdefault(_LATER, []).append((text, icon))


def say_now() -> None:
    """Say what the run before left to be said."""
    for text, icon in st.session_state.pop(_LATER, ()):
        st.toast(text, icon=icon)


def page_head(title: str, question: str) -> None:
    """Open a page with its name and the question it answers."""
    with st.container(gap="xxsmall"):
        st.title(title, anchor=False)
        st.caption(question)


def freshness(
    facts: Row[Any] | None,
    as_of: datetime | None,
    *,
    version: int | None = None,
    computed_at: datetime | None = None,
) -> None:
    """Say how fresh what is shown is, where it comes from, and whether it is simulated."""
    if facts is None:
        return
    told = [f"{facts.source} ({facts.kind})"]
    if as_of is not None:
        told.append(f"as of {day(as_of)} (UTC)")
    if computed_at is not None:
        told.append(f"computed {ago(computed_at, datetime.now(UTC))}")
    if version:
        told.append(f"data set version {version}")
    badge = ":violet-badge[:material/science: Simulated]" if facts.kind == "simulated" else ""
    st.caption(f"{badge} {' · '.join(told)}")


def empty_state(
    title: str, why: str, *, steps: Sequence[str] = (), icon: str = ":material/inbox:"
) -> None:
    """Teach what belongs here and how to get it.

    Parameters
    ----------
    steps : sequence of str
        Commands, in the order in which to type them.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.subheader(title, icon=icon, anchor=False, text_alignment="center")
        st.markdown(why, text_alignment="center")
        for step in steps:
            # Without a language: the colours of code are too pale to be read in the light theme.
            st.code(command(step), language=None, width="content", wrap_lines=True)


def command(step: str) -> str:
    """Write a command as it is typed in Kindred's folder, for this workspace.

    Parameters
    ----------
    step : str
        ``python -m pipelines …``; anything else stays as it is.
    """
    program, _, rest = step.partition(" ")
    if program != "python":
        return step
    python, home = Path(sys.executable), workspace().home
    shown = python.relative_to(_ROOT) if python.is_relative_to(_ROOT) else python
    chosen = "" if home == _ROOT / "var" else f"{HOME_VARIABLE}={shlex.quote(str(home))} "
    return f"{chosen}{shown} {rest}"
