"""The table of screens: all that there are, each once, in the four groups of the work."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from dashboard.navigation import GROUPS

PAGES = Path(__file__).parents[2] / "pages"


def test_every_screen_stands_in_one_group_and_has_its_file() -> None:
    files = Counter(file.stem for file in PAGES.glob("*.py") if file.stem != "__init__")

    assert Counter(screen.name for group in GROUPS.values() for screen in group) == files


def test_the_groups_follow_the_work_and_none_is_empty_in_the_sidebar() -> None:
    listed = {
        group: [screen.title for screen in screens if screen.listed]
        for group, screens in GROUPS.items()
    }

    assert list(listed) == ["Understand", "Decide", "Deliver", "Operate"]
    assert all(listed.values())
    assert listed["Understand"][0] == "Overview"  # what the bare address shows
