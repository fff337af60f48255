"""The way of the question that sites ask on every request: one flag, from a server.

It is answered in front of middleware and routes, which together cost more than the answer. What
they would do is done here: the key and its rate, a limit on the body, metrics, faults. Whatever is
not plain (a browser's request, another scheme of authorization) goes the common way and is answered
by the same function.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from data.api_keys import Scope as KeyScope
from serving.auth import authenticate
from serving.errors import ApiError, error_answer, fault
from serving.evaluate import PREFIX, answer_flag
from serving.metrics import REQUESTS, SECONDS
from serving.raw import body_of, reply

_START: Final = f"{PREFIX}/"
_ROUTE: Final = f"{PREFIX}/{{key:path}}"
_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_BEARER: Final = b"bearer "


class Quick:
    """Answers one flag for a server; hands everything else on.

    Parameters
    ----------
    most_waiting : int
        Requests under way here; more go the common way, which tells them to come back.
    """

    def __init__(self, app: ASGIApp, most_waiting: int) -> None:
        self.app = app
        self.most_waiting = most_waiting
        self.under_way = 0
        self._seconds = SECONDS.labels(_ROUTE)
        self._counts = {s: REQUESTS.labels("POST", _ROUTE, str(s)) for s in (200, 400, 404)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on."""
        token = self._token(scope)
        if token is None or self.under_way >= self.most_waiting:
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        self.under_way += 1
        try:
            status = await self._answer(scope, receive, send, token)
        finally:
            self.under_way -= 1
        counted = self._counts.get(status) or REQUESTS.labels("POST", _ROUTE, str(status))
        counted.inc()
        self._seconds.observe(time.perf_counter() - began)

    def _token(self, scope: Scope) -> str | None:
        """Find the key of a plain question; none where it is not one."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        if not scope["path"].startswith(_START):
            return None
        token: bytes | None = None
        for name, value in scope["headers"]:
            if name == b"origin":
                return None
            if name == b"authorization":
                token = value[7:] if value[:7].lower() == _BEARER else None
                if token is None:
                    return None
            elif name == b"x-api-key" and token is None:
                token = value
        return None if token is None else token.decode("latin-1").strip()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, token: str) -> int:
        shared = scope["app"].state.serving
        try:
            key = authenticate(shared, token, KeyScope.EVALUATE)
            shared.limiter.take(key, 1)
            async with asyncio.timeout(shared.settings.patience):
                body = await body_of(receive)
            status, answer = answer_flag(shared, scope["path"][len(_START) :], key.browser, body)
        except ApiError as error:
            said = error_answer(error.status, error.code, error.message, error.headers)
            await said(scope, receive, send)
            return error.status
        except TimeoutError:
            said = error_answer(408, "timeout", "The body did not come.", {"Connection": "close"})
            await said(scope, receive, send)
            return 408
        except Exception as error:
            await fault(error)(scope, receive, send)
            return 500
        await reply(send, status, answer, _HEADERS)
        return status
