"""An analyst's journey: upload a file, read the verdict, take the report along."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from data.store import open_store
from data.workspace import Workspace, workspace_at
from tests.browser.watched import settle, sideways, visit, watched
from tests.services.dashboard import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("experiments")
    workspace = workspace_at(folder, f"sqlite:///{folder / 'store.sqlite'}")
    open_store(workspace).dispose()
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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """2,000 people a variation, of whom one in ten clicks, or one in seven."""
    rng = np.random.default_rng(8)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["person", "group", "clicked", "spent"])
    for number in range(4_000):
        group = ("control", "new")[number % 2]
        clicked = int(rng.random() < (0.10, 0.145)[number % 2])
        writer.writerow([f"p{number}", group, clicked, round(float(rng.gamma(2, 10)), 2)])
    path = tmp_path / "newsletter.csv"
    path.write_text(out.getvalue())
    return path


def test_from_an_uploaded_file_to_the_report(page: Page, file: Path, tmp_path: Path) -> None:
    visit(page, "/experiments")
    page.get_by_role("button", name="Analyse a file").click()
    settle(page)
    page.locator("input[type=file]").set_input_files(file)
    settle(page)
    expect(page.get_by_role("heading", name="Ship new: it lifts clicked by")).to_be_visible()
    assert sideways(page) == 0

    page.get_by_role("radio", name="Sequential").click()
    settle(page)
    expect(page.get_by_text("look as often as you like")).to_be_visible()

    with page.expect_download() as waited:
        page.get_by_role("button", name="Report (Markdown)").click()
    report = tmp_path / "report.md"
    waited.value.save_as(report)
    told = report.read_text()
    assert told.startswith("# newsletter\n\n**Ship new: it lifts clicked by")
    assert "| clicked | new | as measured |" in told
    with page.expect_download() as waited:
        page.get_by_role("button", name="Picture (PNG)").click()
    waited.value.save_as(tmp_path / "forest.png")
    assert (tmp_path / "forest.png").read_bytes().startswith(b"\x89PNG")

    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_role("textbox", name="Your name").fill("Ann")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/experiment?analysis=1*")
    settle(page)
    expect(page.get_by_role("heading", name="newsletter")).to_be_visible()
