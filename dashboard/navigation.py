"""The table of screens: in which group each stands, what it is called, what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage


@dataclass(frozen=True)
class Screen:
    """One screen as the sidebar names it.

    Parameters
    ----------
    name : str
        Of its file in `pages/`, and of its address.
    icon : str
        Of Material Symbols.
    answers : str
        What it answers, in a sentence, for those who point at it.
    listed : bool
        False: one gets there from another screen, not from the sidebar.
    """

    name: str
    title: str
    icon: str
    answers: str
    listed: bool = True

    def page(self, *, first: bool) -> StreamlitPage:
        """Give it as `st.navigation` takes it; the first is what the bare address shows."""
        return st.Page(
            f"pages/{self.name}.py",
            title=self.title,
            icon=f":material/{self.icon}:",
            help=self.answers,
            default=first,
            visibility="visible" if self.listed else "hidden",
        )


# The groups follow the order of the work.
GROUPS: Final[dict[str, tuple[Screen, ...]]] = {
    "Understand": (
        Screen(
            "overview",
            "Overview",
            "space_dashboard",
            "How many people there are, what they buy, and what changed.",
        ),
        Screen(
            "explore",
            "Explore",
            "scatter_plot",
            "The map of people: who is alike, and what sets them apart.",
        ),
        Screen(
            "person",
            "Person",
            "person_search",
            "One person: traits against everyone, orders, segments, place on the map.",
        ),
    ),
    "Decide": (
        Screen("segments", "Segments", "group", "Which people have a name, and whom each catches."),
        Screen(
            "segment",
            "Segment",
            "group_add",
            "Say whom you mean, see whom that catches, publish it.",
            listed=False,
        ),
        Screen(
            "recommendations",
            "Recommendations",
            "recommend",
            "Who is recommended what, why, and by which rules.",
        ),
        Screen(
            "models",
            "Models",
            "model_training",
            "Which model recommends best, for whom, and which one is live.",
        ),
        Screen(
            "experiments",
            "Experiments",
            "science",
            "What was tried, what came of it, and whether it can be believed.",
        ),
        Screen(
            "experiment",
            "Experiment",
            "science",
            "Set it up, watch its health, read the verdict.",
            listed=False,
        ),
        Screen(
            "experiment_file",
            "Analyse a file",
            "upload",
            "An experiment in a file: from its columns to the verdict.",
            listed=False,
        ),
    ),
    "Deliver": (
        Screen(
            "publications",
            "Publications",
            "publish",
            "What is live, since when and by whom; and the way back.",
        ),
    ),
    "Operate": (
        Screen(
            "data",
            "Data",
            "database",
            "What came in, how fresh it is, and what was set aside and why.",
        ),
        Screen(
            "runs",
            "Runs",
            "manufacturing",
            "What is being computed, what was, and what went wrong.",
        ),
        Screen("settings", "Settings", "settings", "API keys, the workspace and its clock."),
    ),
}


def pages() -> dict[str, list[StreamlitPage]]:
    """Give all screens by their groups, as `st.navigation` takes them."""
    first = next(iter(GROUPS.values()))[0]
    return {
        group: [screen.page(first=screen is first) for screen in screens]
        for group, screens in GROUPS.items()
    }
