"""The page that the browser loads first: Streamlit's own, with what is ours said from the start.

Streamlit's says "Streamlit", loads a font that no screen uses, is white in the dark, and looks for
its server at each part of the address in turn, which the console tells as two errors on every
screen but the first.
"""

from __future__ import annotations

import functools
import html
from pathlib import Path
from typing import Final

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from dashboard.navigation import GROUPS, Screen
from dashboard.theme import PAPER

THEIRS: Final = Path(streamlit.__file__).parent / "static" / "index.html"
# The server is where the page's own scripts are, below whatever prefix a proxy may add.
HERE: Final = 'window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href }'
_FONT: Final = ('<link\n      rel="preload"', "/>")  # from where to where


def routes() -> list[Route]:
    """Give the addresses of all screens, each answered by its page."""
    screens = [screen for group in GROUPS.values() for screen in group]
    return [_route("/", screens[0]), *(_route(f"/{screen.name}", screen) for screen in screens)]


@functools.cache
def page(title: str) -> str:
    """Write the page of a screen.

    What is not found in Streamlit's page (of another version) stays as it is there.
    """
    text = THEIRS.read_text(encoding="utf-8")
    begin = text.find(_FONT[0])
    if begin >= 0:
        end = text.index(_FONT[1], begin) + len(_FONT[1])
        text = text[:begin] + text[end:]
    dark = f"@media (prefers-color-scheme: dark) {{ html {{ background: {PAPER['dark']} }} }}"
    said = f"<title>{html.escape(title)} · Kindred</title>"
    ours = f"{said}\n    <style>{dark}</style>\n    <script>{HERE}</script>"
    return text.replace("<title>Streamlit</title>", ours).replace(
        "./favicon.png", "./app/static/mark.svg"
    )


def _route(path: str, screen: Screen) -> Route:
    def answer(_request: Request) -> HTMLResponse:
        return HTMLResponse(page(screen.title), headers={"Cache-Control": "no-cache"})

    return Route(path, answer, methods=["GET"])
