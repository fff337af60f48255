"""Documentation: every link leads somewhere, every decision is listed, each word stands once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")
DECISIONS = ROOT / "docs" / "decisions"


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """Give a page without its code, in which brackets mean other things."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """Give the names of a page's headings, as GitHub makes them."""
    code = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", code, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{named(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{named(page)}: {link}"


def test_every_decision_is_listed_under_its_title() -> None:
    listed = {
        file: title
        for title, file in re.findall(
            r"\[(.+?)\]\((\d{4}-.+?\.md)\)", (DECISIONS / "README.md").read_text()
        )
    }
    titles = {
        file.name: file.read_text().splitlines()[0].removeprefix("# ")
        for file in DECISIONS.glob("0*.md")
    }

    assert listed == titles


def test_the_glossary_has_each_word_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text()
    words = Counter(
        word.lower().replace("-", " ") for word in re.findall(r"^\| \*\*(.+?)\*\*", text, re.M)
    )

    assert len(words) > 50
    assert [word for word, times in words.items() if times > 1] == []
