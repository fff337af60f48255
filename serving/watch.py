"""Around every request: a limit on how many, metrics, a line of log, and faults caught."""

from __future__ import annotations

import logging
import time
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.live_store import LiveStoreDown
from serving.errors import error_answer, fault, live_state_down
from serving.metrics import REQUESTS, SECONDS, UNDER_WAY

log = logging.getLogger("serving.access")
GONE: Final = 499  # as others log it: the caller went away
_UNLIMITED: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Watch:
    """Middleware around all of the API."""

    def __init__(self, app: ASGIApp, most_waiting: int) -> None:
        self.app = app
        self.most_waiting = most_waiting
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, unless too many are under way."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        self.under_way += 1
        UNDER_WAY.inc()
        try:
            if self.under_way > self.most_waiting and scope["path"] not in _UNLIMITED:
                what, soon = "Too many requests are under way.", {"Retry-After": "1"}
                answer = error_answer(503, "overloaded", what, soon, path=scope["path"])
                await answer(scope, receive, watched)
            else:
                await self.app(scope, receive, watched)
        except ClientDisconnect:
            status = GONE
        except LiveStoreDown:
            if not status:
                await live_state_down(scope["path"])(scope, receive, watched)
        except Exception as error:
            answer = fault(error, scope["path"])
            if not status:
                await answer(scope, receive, watched)
        finally:
            self.under_way -= 1
            UNDER_WAY.dec()
            self._told(scope, status, time.perf_counter() - began)

    def _told(self, scope: Scope, status: int, seconds: float) -> None:
        # The route as it is declared: an address may hold an id or a key.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if route != "unmatched" else "any"
        REQUESTS.labels(method, route, str(status)).inc()
        SECONDS.labels(route).observe(seconds)
        log_request(method, route, status, seconds, scope.get("state", {}).get("key"))


def log_request(method: str, route: str, status: int, seconds: float, key: str | None) -> None:
    """Write a line of log: which route, how it ended, by which key; never who is asked about."""
    level = logging.ERROR if status >= 500 else logging.INFO
    if not log.isEnabledFor(level):
        return
    told = {
        "method": method,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 2),
        "key": key,
    }
    log.log(level, "request", extra={"told": told})
