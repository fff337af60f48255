"""Watch a page for errors and for requests that leave the machine; wait until it is idle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@contextmanager
def watched(page: Page) -> Iterator[list[str]]:
    """Collect a page's faults and requests; at the end there must be no fault.

    Gives the list of addresses that were asked for, which grows.
    """
    faults: list[str] = []
    asked: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        address = str(message.location.get("url", ""))
        if message.type == "error":
            faults.append(f"console: {message.text} ({address})")

    def on_request(request: Request) -> None:
        asked.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.hostname != "127.0.0.1":
            faults.append(f"a request left the machine: {request.url}")

    page.on("pageerror", lambda error: faults.append(f"page: {error}"))
    page.on("console", on_console)
    page.on("request", on_request)
    yield asked
    assert faults == []


def visit(page: Page, path: str) -> None:
    """Open a page of the dashboard and wait until it is drawn."""
    page.goto(path)
    page.locator("h1").first.wait_for(timeout=30_000)
    settle(page)


def settle(page: Page) -> None:
    """Wait until the script is not running, and was not for a moment."""
    for _ in range(40):
        page.wait_for_selector(IDLE, timeout=60_000)
        page.wait_for_timeout(250)
        if page.locator(IDLE).count():
            return
    raise AssertionError("the page does not come to rest")


def sideways(page: Page) -> int:
    """Say by how many pixels the page or its main area scrolls sideways."""
    return int(
        page.evaluate(
            """() => Math.max(...[document.documentElement,
              ...document.querySelectorAll('[data-testid="stMain"]')]
              .map(e => e.scrollWidth - e.clientWidth))"""
        )
    )
