"""A marketer's journey: pick people on the map, say who they are, publish it, and take it back."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data.audit import history
from data.definitions import publication_history
from data.store import open_store
from data.workspace import Workspace, workspace_at
from tests.browser.watched import settle, sideways, visit, watched
from tests.services.dashboard import served
from tests.support.synthetic_map import build

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = 2_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("segments")
    workspace = workspace_at(folder, f"sqlite:///{folder / 'store.sqlite'}")
    build(workspace, open_store(workspace), PEOPLE)
    return workspace


@pytest.fixture(scope="module")
def address(home: Workspace) -> Iterator[str]:
    with served(Path("streamlit_app.py"), home.home) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=address)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    with watched(opened):
        yield opened
    context.close()


def lasso(page: Page, reach: float) -> int:
    """Draw around the middle of the map; gives how many are picked."""
    page.get_by_role("button", name="Pick with a lasso").click()
    box = page.locator(".stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + reach, y)
    page.mouse.down()
    for step in range(48):
        turn = 2 * math.pi * step / 48
        page.mouse.move(x + reach * math.cos(turn), y + reach * math.sin(turn))
    page.mouse.up()
    page.wait_for_selector(".stage[data-picked]")
    return int(page.locator(".stage").get_attribute("data-picked") or 0)


def people(page: Page) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=re.compile("^People"))


def publish(page: Page, why: str, name: str | None = None) -> Locator:
    """Fill in the dialog and confirm; gives it as it was before."""
    page.get_by_role("button", name="Publish …").click()
    dialog = page.get_by_role("dialog")
    if name:
        dialog.get_by_role("textbox", name="Your name").fill(name)
    dialog.get_by_role("textbox", name="Why is it published?").fill(why)
    return dialog


def test_from_a_lasso_to_a_published_segment_and_back(page: Page, home: Workspace) -> None:
    visit(page, "/explore")
    page.wait_for_selector(".stage[data-painted]")
    picked = lasso(page, 120)

    page.get_by_role("button", name="Make a segment").click()
    expect(page.get_by_text(f"Distilled from {picked:,} people picked on the map")).to_be_visible()
    for quality in ("Precision", "Recall", "F1"):
        expect(page.get_by_test_id("stMetric").filter(has_text=quality)).to_contain_text("%")
    expect(page.get_by_text("As it stands in the editor")).to_be_visible()

    settle(page)
    short = people(page).text_content() or ""
    slider = page.get_by_role("slider", name="From short to exact")
    slider.press("End")
    slider.press("Home")
    expect(people(page)).not_to_have_text(short)
    page.get_by_role("button", name="Undo").click()

    page.get_by_role("textbox", name="Name", exact=True).fill("Those in the middle")
    dialog = publish(page, "To see who comes", "Ann")
    expect(dialog).to_contain_text("It is the first version of this segment")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 1 of “Those in the middle” is live.")).to_be_visible()
    page.wait_for_url(re.compile("segment=those-in-the-middle"))

    before = people(page).text_content() or ""
    page.get_by_role("button", name="Add a condition").last.click()
    page.get_by_role("menuitem", name="A trait", exact=True).or_(
        page.get_by_role("option", name="A trait", exact=True)
    ).click()
    expect(people(page)).not_to_have_text(before)
    dialog = publish(page, "Fewer are better")
    expect(dialog).to_contain_text("against version 1")
    expect(dialog).to_contain_text("Added:")
    dialog.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 2 of “Those in the middle” is live.")).to_be_visible()

    page.get_by_role("tab", name="Versions").click()
    expect(page.get_by_text("How two versions differ")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Added:")).to_be_visible()
    page.get_by_role("button", name="Roll back …").click()
    dialog.get_by_role("textbox", name="Why back?").fill("They were too few")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_text("Version 1 of “Those in the middle” is live again.")).to_be_visible()
    page.get_by_role("tab", name="Rule").click()
    expect(people(page)).to_have_text(before)

    with open_store(home).connect() as conn:
        acts = [(row.action, row.number, row.actor, row.why) for row in publication_history(conn)]
        unverified = {row.verified for row in history(conn)}
    assert acts == [
        ("rolled_back", 1, "Ann", "They were too few"),
        ("published", 2, "Ann", "Fewer are better"),
        ("published", 1, "Ann", "To see who comes"),
    ]
    assert unverified == {False}


@pytest.mark.parametrize("path", ["/segments", "/segment?run=2&cluster=3", "/publications"])
def test_the_screens_fit_a_phone(chromium: Browser, address: str, path: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, base_url=address)
    page = context.new_page()
    with watched(page):
        visit(page, path)
        assert sideways(page) <= 0
    context.close()
