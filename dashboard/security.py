"""Headers that keep a browser from loading or leaking anything beyond this server."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


def _inline_scripts() -> str:
    """Name the scripts inside Streamlit's own index page by their hashes."""
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    hashes = [hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(_text(index))]
    return " ".join(f"'sha256-{base64.b64encode(found).decode()}'" for found in hashes)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


# Scripts of inline components are modules behind blob: addresses; Streamlit styles by attributes.
POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' blob: {_inline_scripts()}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: data: blob:",
        "worker-src 'self' blob:",
        "frame-src 'self' blob: data:",
        "frame-ancestors 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "object-src 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """Middleware that adds :data:`HEADERS` to every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; HTTP answers get the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)
