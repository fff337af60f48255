"""Journeys on Explore: a marketer picks people, learns what sets them apart, and tells others."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from data.map_reads import map_clusters, map_runs
from data.store import open_store
from data.workspace import Workspace, workspace_at
from tests.services.dashboard import served
from tests.support.synthetic_map import build

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PEOPLE = 2_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("explore")
    workspace = workspace_at(folder, f"sqlite:///{folder / 'store.sqlite'}")
    build(workspace, open_store(workspace), PEOPLE)
    return workspace


@pytest.fixture(scope="module")
def address(home: Workspace) -> Iterator[str]:
    with served(Path("streamlit_app.py"), home.home) as url:
        yield f"{url}/explore"


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.set_default_timeout(20_000)
    open_map(page, address)
    yield page
    context.close()
    assert faults == []


def open_map(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(".stage[data-painted]")


def headline(page: Page) -> str:
    return page.locator(".kindred-group").inner_text()


def draw(page: Page, reach: float, key: str | None = None, shift: float = 0) -> None:
    box = page.locator(".stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 + shift, box["y"] + box["height"] / 2
    if key:
        page.keyboard.down(key)
    page.mouse.move(x + reach, y)
    page.mouse.down()
    for step in range(48):
        turn = 2 * math.pi * step / 48
        page.mouse.move(x + reach * math.cos(turn), y + reach * math.sin(turn))
    page.mouse.up()
    if key:
        page.keyboard.up(key)


def told_and_shown(page: Page) -> int:
    """Wait until the panel tells as many as the map shows, and give that number."""
    page.wait_for_selector(".stage[data-picked]")
    shown = int(page.locator(".stage").get_attribute("data-picked") or -1)
    what = "1 person picked" if shown == 1 else f"{shown:,} people picked"
    expect(page.locator(".kindred-group")).to_have_text(what)
    return shown


def test_a_lasso_picks_people_and_the_panel_says_as_many_and_what_sets_them_apart(
    page: Page,
) -> None:
    page.get_by_role("button", name="Pick with a lasso").click()
    draw(page, 120)
    first = told_and_shown(page)
    assert 0 < first < PEOPLE
    expect(page.get_by_role("tab", name="What sets them apart")).to_be_visible()
    draw(page, 60, "Shift", shift=190)
    more = told_and_shown(page)
    assert more > first
    draw(page, 40, "Alt")
    assert told_and_shown(page) < more


def test_a_link_shows_others_the_same_people_and_place(page: Page, chromium: Browser) -> None:
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Pick with a box").click()
    draw(page, 150)
    told_and_shown(page)
    draw(page, 100)
    mine = told_and_shown(page)
    page.wait_for_url(re.compile("view="))
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    other = context.new_page()
    open_map(other, page.url)
    assert told_and_shown(other) == mine
    context.close()


def test_a_link_that_is_broken_is_told_so_and_shows_everyone(page: Page, address: str) -> None:
    open_map(page, f"{address}?picked=!!!")
    expect(page.get_by_text("This selection cannot be read")).to_be_visible()
    expect(page.locator(".kindred-group")).to_have_text("Everyone")


def test_a_cluster_pressed_in_the_list_comes_near_and_is_told_of(page: Page) -> None:
    row = page.locator(".clusters button").first
    name = row.locator(".name").inner_text()
    row.click()
    expect(page.locator(".kindred-group")).to_contain_text(name)
    page.wait_for_url(re.compile(r"cluster=\d+"))
    page.reload()
    page.wait_for_selector(".stage[data-painted]")
    expect(page.locator(".kindred-group")).to_contain_text(name)


def test_a_new_name_for_a_cluster_is_kept(page: Page, home: Workspace) -> None:
    row = page.locator(".clusters button").nth(1)
    found = row.locator(".name").inner_text()
    row.click()
    expect(page.locator(".kindred-group")).to_contain_text(found)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Night owls")
    page.get_by_role("textbox", name="Your name").filter(visible=True).fill("Ann")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("Night owls")
    expect(page.get_by_label("Name", exact=True)).to_have_count(0)
    page.reload()
    expect(row).to_contain_text("Night owls")
    with open_store(home).connect() as conn:
        named = {c.name: c.named_by for c in map_clusters(conn, map_runs(conn)[0].id)}
    assert named["Night owls"] == "Ann"


def test_a_note_is_written_while_the_map_still_moves(page: Page) -> None:
    note = page.get_by_label(re.compile("^Note on"))
    for row in (2, 3):
        pressed = page.locator(".clusters button").nth(row)
        pressed.click()  # the map flies there, then tells where
        expect(page.locator(".kindred-group")).to_contain_text(
            pressed.locator(".name").inner_text()
        )
        page.get_by_role("button", name="Add a note").click()
        note.fill(f"Seen in row {row}.")
        page.wait_for_url(re.compile(r"cluster=\d+"))
        expect(note).to_have_value(f"Seen in row {row}.")
        page.keyboard.press("Escape")
        expect(note).to_have_count(0)
    page.get_by_role("tab", name="Distributions").click()
    expect(page.get_by_text("Outlined: those picked.")).to_be_visible()
    expect(note).to_have_count(0)
    page.get_by_role("button", name="Add a note").click()
    note.fill("They buy at night.")
    page.get_by_role("textbox", name="Your name").filter(visible=True).fill("Ann")
    page.get_by_role("button", name="Put it on the map").click()
    expect(note).to_have_count(0)
    open_map(page, page.url)
    page.get_by_role("button", name="Add a note").click()
    expect(page.get_by_text("They buy at night.")).to_be_visible()
    page.get_by_role("button", name="Take it off").last.click()
    page.get_by_role("textbox", name="Your name").filter(visible=True).last.fill("Ann")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("They buy at night.")).to_have_count(0)


def test_people_are_picked_and_let_go_by_keyboard_alone(page: Page) -> None:
    page.locator(".stage").focus()
    page.keyboard.press("b")
    for key in ("ArrowLeft", "ArrowUp"):
        for _ in range(6):
            page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(10):
            page.keyboard.press(f"Shift+{key}")
    page.keyboard.press("Enter")
    assert told_and_shown(page) > 0
    page.keyboard.press("Escape")
    expect(page.locator(".kindred-group")).to_have_text("Everyone")


def test_a_person_is_told_of_when_pressed(page: Page) -> None:
    page.locator(".clusters button").first.click()
    page.locator(".stage").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=re.compile(r"^p\d{7}$")).first).to_be_visible()


def test_colours_can_mean_a_trait_and_the_link_says_so(page: Page) -> None:
    page.get_by_label("Colour by").first.click()
    page.get_by_role("option", name="Days since the last order").click()
    expect(page.locator(".legend")).to_contain_text("days")
    page.wait_for_url(re.compile("colour=recency"))


def test_the_map_works_at_the_width_of_a_phone(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = context.new_page()
    open_map(page, address)
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    assert stage["width"] <= 390
    page.get_by_role("button", name="Pick with a box").click()
    expect(page.get_by_role("button", name="Add to the selection")).to_be_visible()
    context.close()


def test_the_density_view_says_in_words_what_the_map_shows(page: Page) -> None:
    page.get_by_text("Density", exact=True).click()
    expect(page.get_by_text(re.compile(f"Map of {PEOPLE:,} people"))).to_be_visible()
