"""A journey through Models: another model is made live, and the one before it again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watched import settle, visit

pytestmark = pytest.mark.browser
SAID = re.compile(r"(.+) of training \d+ is live")
HEADER, ROW, OF_TWO_LINES = 32, 31, 58  # pixels


def live(page: Page) -> str:
    """Read which model the page says is live."""
    found = SAID.search(page.get_by_text(SAID).first.inner_text())
    assert found is not None
    return found.group(1).removeprefix("Version ")


def press(page: Page, table: str, row: int, height: int = ROW) -> None:
    """Press a row of a table, the first one being 0; tables are painted, so by its place."""
    painted = page.locator(f".st-key-{table} .dvn-scroller")
    painted.scroll_into_view_if_needed()
    painted.click(position={"x": 17, "y": HEADER + height * (row + 0.5)})
    settle(page)


def test_another_model_is_promoted_and_rolled_back(page: Page) -> None:
    visit(page, "/models")
    before = live(page)
    offered = page.locator(".st-key-promote button")
    for row in range(4):  # some are live already, of some only the figures were kept
        press(page, "models_table", row)
        if offered.count():
            break
    named = offered.inner_text().split("\n")[-1].removeprefix("Let ").removesuffix(" be live")
    assert named != before

    offered.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("is recommended what")).to_be_visible()
    dialog.get_by_role("textbox", name="Your name").fill("Ann")
    dialog.get_by_role("textbox", name="Why is it published?").fill("to see it work")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(dialog).to_be_hidden()
    settle(page)
    assert live(page) == named

    press(page, "models_history", 1, OF_TWO_LINES)
    page.get_by_role("button", name="Roll back to version").click()
    dialog.get_by_role("textbox", name="Why back?").fill("it was worse")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(dialog).to_be_hidden()
    settle(page)
    assert live(page) == before
