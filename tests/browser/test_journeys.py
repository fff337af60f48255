"""Journeys over the real data: see how it stands, look somebody up, run something, cancel it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.theme import PAPER
from data import runs
from data.audit import Actor
from data.store import open_store
from data.workspace import Workspace
from pipelines.child import environment
from tests.browser.watched import settle, sideways, visit, watched
from tests.services.dashboard import ROOT, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = ("/", "/explore", "/person?person=2375", "/runs")


@contextmanager
def worker(workspace: Workspace) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines", "work"],
        cwd=ROOT,
        env=environment(workspace),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_a_newcomer_sees_how_it_stands_and_looks_somebody_up(page: Page) -> None:
    visit(page, "/")
    people = page.get_by_test_id("stMetric").filter(has_text="People").first
    expect(people).to_contain_text("2,469")
    expect(page.get_by_text("Complete Journey (real)")).to_be_visible()

    page.get_by_role("link", name="Look somebody up").click()
    page.get_by_placeholder("An id, or how it begins").fill("237")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="2375").click()

    expect(page.get_by_role("heading", name="2375")).to_be_visible()
    expect(page.get_by_text(re.compile("Spent .* in 94 orders"))).to_be_visible()
    expect(page.get_by_text(re.compile("94 orders, .* on average")).first).to_be_visible()
    page.wait_for_url(re.compile("person=2375"))


def test_a_person_leads_to_the_cluster_on_the_map(page: Page) -> None:
    visit(page, "/person?person=2375")

    page.get_by_role("link", name="See the cluster on the map").click()

    page.wait_for_url(re.compile("/explore"))
    page.wait_for_selector(".stage[data-painted]")
    assert "cluster=" in page.url


def test_an_id_that_nobody_has_is_told_so(page: Page) -> None:
    visit(page, "/person?person=%3Cscript%3E")

    expect(page.get_by_text("There is nobody whose id is or begins with")).to_be_visible()


def test_a_run_is_asked_for_followed_and_cancelled(page: Page, real_home: Workspace) -> None:
    visit(page, "/runs")
    page.get_by_role("button", name="Summaries").click()
    expect(page.get_by_text("waiting").first).to_be_visible()
    expect(page.get_by_text("No worker is running")).to_be_visible(timeout=30_000)

    with worker(real_home):
        expect(page.get_by_text("Nothing is running, and nothing waits.")).to_be_visible(
            timeout=60_000
        )
        engine = open_store(real_home)
        with engine.begin() as conn:  # settings of its own, so that there is work to be done
            actor, now = Actor("journey"), datetime.now(UTC)
            run_id = runs.enqueue(conn, "clusters", {"seed": 99}, actor=actor, at=now)
        expect(page.get_by_text(f"Run {run_id} · Clusters")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Running for")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("progressbar").first).to_be_visible()

        page.get_by_role("button", name="Cancel").click()

        expect(page.get_by_role("button", name="Try again").first).to_be_visible(timeout=30_000)
        expect(page.get_by_role("paragraph").get_by_text("cancelled")).to_be_visible()
    with engine.connect() as conn:
        assert runs.run(conn, run_id).status == "cancelled"
    engine.dispose()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_scrolls_sideways_in_either_theme(
    chromium: Browser, dashboard_url: str, path: str, width: int
) -> None:
    for theme in ("light", "dark"):
        context = chromium.new_context(
            viewport={"width": width, "height": 844},
            color_scheme="dark" if theme == "dark" else "light",
            base_url=dashboard_url,
        )
        page = context.new_page()
        with watched(page):
            visit(page, path)
            assert sideways(page) == 0
            ground = page.get_by_test_id("stApp").evaluate(
                "e => getComputedStyle(e).backgroundColor"
            )
            assert ground == rgb(PAPER[theme])
        context.close()


def test_fonts_come_from_this_server_and_headers_let_nothing_else_in(
    chromium: Browser, dashboard_url: str
) -> None:
    context = chromium.new_context(base_url=dashboard_url)
    page = context.new_page()
    with watched(page) as asked:
        answer = page.goto("/")
        settle(page)
        page.evaluate("document.fonts.ready.then(() => true)")
    assert any(url.endswith("/app/static/fonts/inter-latin-wght-normal.woff2") for url in asked)
    assert page.evaluate("document.fonts.check('14px Inter')")
    assert answer is not None
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    context.close()


def test_a_link_to_a_page_opened_first_of_all_stands_in_the_frame(
    chromium: Browser, real_home: Workspace
) -> None:
    with served(Path("streamlit_app.py"), real_home.home) as url:
        page = chromium.new_page()
        visit(page, f"{url}/runs")

        expect(page.get_by_text("Understand", exact=True)).to_be_visible()
        assert page.title() == "Runs · Kindred"
        page.close()
