"""Take the pictures of docs/screenshots: every screen, both themes, both widths.

``python -m tests.browser.take_screenshots [HOME [SCREEN …]]`` takes them, or those named, over the
workspace in HOME, else ``KINDRED_HOME``, else ``var/``: one that ``make run`` has filled.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, sync_playwright

from data.workspace import workspace_at
from tests.browser.watched import settle, visit, watched
from tests.services import browser
from tests.services.dashboard import ROOT, served

FOLDER: Final = ROOT / "docs" / "screenshots"
PAGES: Final = {
    "overview": "/",
    "explore": "/explore",
    "person": "/person?person=2375",
    "segments": "/segments",
    "segment-distilled": "/segment?run=1&cluster=2",
    "segment-people": "/segment?segment=loyal&tab=Who+they+are",
    "segment-versions": "/segment?segment=loyal&tab=Versions",
    "recommendations": "/recommendations?person=2375",
    "models": "/models",
    "experiments": "/experiments",
    "experiment": "/experiment?analysis=2",
    "publications": "/publications",
    "data": "/data",
    "runs": "/runs",
}
SIZES: Final = {1440: 900, 390: 844}
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
# A map, a chart or a table is drawn; of versions their comparison stands, of lists their switch.
PAINTED: Final = (
    ".stage[data-painted], canvas, svg.marks, .st-key-versions_compared, .st-key-steered"
)


def take(chromium: Browser, url: str, name: str, path: str) -> None:
    """Take one screen in every theme and width; an error in the console ends it."""
    for theme in THEMES:
        for width, height in SIZES.items():
            context = chromium.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme, base_url=url
            )
            page = context.new_page()
            with watched(page):
                visit(page, path)
                page.locator(PAINTED).first.wait_for(state="attached")
                settle(page)
                page.wait_for_timeout(800)  # charts fade in
                file = FOLDER / f"{name}-{theme}-{width}.png"
                page.screenshot(path=file)
                print(file.relative_to(ROOT))
            context.close()


def main() -> None:
    """Serve the dashboard, and take every screen, or those that are named after the workspace."""
    workspace = workspace_at(sys.argv[1] if len(sys.argv) > 1 else None)
    named = sys.argv[2:] or PAGES
    executable = browser.executable()
    if executable is None:
        sys.exit("There is no Chromium. Install one, or name it: CHROMIUM=/path/to/it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with served(Path("streamlit_app.py"), workspace.home) as url, sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=executable, args=list(browser.ARGUMENTS))
        for name in named:
            take(chromium, url, name, PAGES[name])
        chromium.close()


if __name__ == "__main__":
    main()
