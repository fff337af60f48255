"""Fixtures of journeys: a small real workspace, made once, and a dashboard over it in Chromium.

- ``real_home``: the Complete Journey imported, and all that follows computed, by the real jobs;
- ``dashboard_url``: the address of a dashboard over it;
- ``page``: a page 1440 wide whose test fails on an error in the console, or on a request that
  leaves this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from data.workspace import Workspace, workspace_at
from pipelines.child import environment
from tests.browser.watched import watched
from tests.services.dashboard import ROOT, served

PATIENCE = 20_000  # milliseconds to expect something for: machines are busy at times
GIVEN = "KINDRED_JOURNEYS_HOME"  # a workspace that is there already, to save a minute


@pytest.fixture(scope="session", autouse=True)
def patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = Path(os.environ.get(GIVEN) or tmp_path_factory.mktemp("journeys"))
    workspace = workspace_at(folder, f"sqlite:///{folder / 'store.sqlite'}")
    for arguments in (["import", "completejourney"], ["refresh"]):
        subprocess.run(
            [sys.executable, "-m", "pipelines", *arguments],
            cwd=ROOT,
            env=environment(workspace),
            check=True,
            capture_output=True,
        )
    return workspace


@pytest.fixture(scope="session")
def dashboard_url(real_home: Workspace) -> Iterator[str]:
    with served(Path("streamlit_app.py"), real_home.home) as url:
        yield url


@pytest.fixture
def page(chromium: Browser, dashboard_url: str) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=dashboard_url)
    opened = context.new_page()
    with watched(opened):
        yield opened
    context.close()
