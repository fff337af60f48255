"""A journey through the cold-start studio: each thing that a visitor tells moves the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watched import settle, visit

pytestmark = pytest.mark.browser


def names(page: Page) -> list[str]:
    return page.locator('[role="listitem"] b').all_inner_texts()


def test_a_visitor_becomes_known_step_by_step(page: Page) -> None:
    visit(page, "/recommendations?view=Visitor")
    expect(page.get_by_text("Nothing is told yet")).to_be_visible()
    first = names(page)
    assert len(first) == 10

    page.get_by_role("combobox").first.click()
    page.get_by_role("option").first.click()
    settle(page)
    expect(page.get_by_text("After context")).to_be_visible()

    page.get_by_test_id("stMain").get_by_role("button", name="None of these").locator(
        "xpath=ancestor::*[@data-testid='stElementContainer']/preceding-sibling::*[1]//button"
    ).click()
    settle(page)
    expect(page.get_by_text("After answer 1")).to_be_visible()
    answered = names(page)
    assert answered != first

    clicked = names(page)[0]
    page.get_by_role("button", name="Click").first.click()
    settle(page)
    expect(page.get_by_text("After click 1")).to_be_visible()
    expect(page.get_by_text("items are this visitor’s own by now")).to_be_visible()
    told = page.locator('[data-testid="stMain"]').inner_text()
    assert clicked.lower() in told.lower()  # it stands among the clicks

    page.get_by_role("button", name="Begin anew").click()
    settle(page)
    assert names(page) == first
    expect(page.get_by_role("combobox").first).to_have_value("")
