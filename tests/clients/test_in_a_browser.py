"""A real page in Chromium, with analytics-next, OpenFeature's web provider and GrowthBook's SDK."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from kindred.segments import rules as r
from tests.browser.watched import watched
from tests.clients import node_env
from tests.clients.arrived import events_of
from tests.support.api import Api
from tests.support.served import Town

pytestmark = pytest.mark.browser
PAGE = (
    '<!doctype html><title>A site</title><link rel="icon" href="data:,">'
    '<script src="site.js"></script>'
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, node: None) -> Iterator[str]:
    """A site of another origin than the API's; gives its address."""
    folder: Path = tmp_path_factory.mktemp("site")
    node_env.bundle("site.mjs", folder / "site.js")
    (folder / "index.html").write_text(PAGE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, site: str, api: Api, keys: dict[str, str]) -> Iterator[Page]:
    """The site, opened by a visitor."""
    context = chromium.new_context()
    opened = context.new_page()
    with watched(opened):
        opened.goto(site)
        opened.evaluate("([api, key]) => start(api, key, 'visitor')", [api.url, keys["page"]])
        yield opened
    context.close()


def value(page: Page, flag: str) -> Any:
    return page.evaluate("(name) => site.flag(name, false).value", flag)


def test_a_page_sends_events_and_asks_what_to_show(
    page: Page, api: Api, town: Town, keys: dict[str, str]
) -> None:
    assert value(page, "gold") is False
    details = page.evaluate("() => site.flag('gold', true)")
    assert (details["reason"], details["variant"]) == ("DEFAULT", "out")
    hidden = page.evaluate("() => site.flag('hero', true)")
    assert hidden["errorCode"] == "FLAG_NOT_FOUND"  # not published for browsers
    assert page.evaluate("() => site.feature('gold')") is True  # by the attributes of the page
    assert page.evaluate("() => site.features()") == ["gold"]

    page.evaluate("() => site.identify({ plan: 'gold' })")
    page.evaluate("() => site.track('Product Viewed', { price: 4.5 })")
    found = events_of(api, "visitor")
    assert {"identify", "track"} <= set(found)
    assert found["track"][0].event == "Product Viewed"
    assert found["track"][0].anonymous_id == page.evaluate("() => site.anonymousId()")

    # What the deliverer does with the two events, and the page's next question.
    town.person("visitor", told={"plan": "gold"})
    page.evaluate("() => site.ask()")  # answered from the provider's cache, then from here
    page.wait_for_function("() => site.flag('gold', false).value === true", timeout=10_000)


def test_a_page_hears_of_a_publication_by_itself(page: Page, town: Town) -> None:
    assert page.evaluate("() => site.flag('opened', false).errorCode") == "FLAG_NOT_FOUND"
    town.publish("opened", r.AllRule(()), browser=True)
    page.wait_for_function("() => site.flag('opened', false).value === true", timeout=10_000)
    page.wait_for_function("() => site.features().includes('opened')", timeout=10_000)
    town.withdraw("opened")
    page.wait_for_function(
        "() => site.flag('opened', false).errorCode === 'FLAG_NOT_FOUND'", timeout=10_000
    )
