"""The way of the question that sites ask on every request: one flag, from a server.

It is answered in front of middleware and routes, which together cost more than the answer. What
they would do is done here: the key and its rate, a limit on the body, metrics, log, faults.
Whatever is not plain (a browser's request, another scheme of authorization) goes the common way and
is answered by the same function.
"""

from __future__ import annotations

import time
from typing import Final

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from data.api_keys import Scope as KeyScope
from data.live_store import LiveStoreDown
from serving.auth import authenticate
from serving.context import Serving
from serving.definitions import Definitions
from serving.errors import ApiError, error_answer, fault, live_state_down
from serving.evaluate import PREFIX, answer_flag
from serving.metrics import REQUESTS, SECONDS
from serving.raw import reply
from serving.watch import GONE, log_request

_START: Final = f"{PREFIX}/"
_ROUTE: Final = f"{PREFIX}/{{key:path}}"
_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)
_BEARER: Final = b"bearer "


class Quick:
    """Answers one flag for a server.

    Parameters
    ----------
    most_waiting : int
        Requests under way here; more go the common way, which tells them to come back.
    """

    def __init__(self, app: FastAPI, most_waiting: int) -> None:
        self.app = app
        self.most_waiting = most_waiting
        self.under_way = 0
        self._seconds = SECONDS.labels(_ROUTE)
        self._counts = {s: REQUESTS.labels("POST", _ROUTE, str(s)) for s in (200, 400, 404)}

    def takes(self, scope: Scope) -> str | None:
        """Give the API key of a question that is to be answered here; none where it is not."""
        if scope["type"] != "http" or self.under_way >= self.most_waiting:
            return None
        return _token(scope)

    async def answer(self, scope: Scope, receive: Receive, send: Send, token: str) -> None:
        """Answer."""
        began = time.perf_counter()
        self.under_way += 1
        try:
            status = await self._answered(scope, receive, send, token)
        finally:
            self.under_way -= 1
        counted = self._counts.get(status) or REQUESTS.labels("POST", _ROUTE, str(status))
        counted.inc()
        seconds = time.perf_counter() - began
        self._seconds.observe(seconds)
        log_request(scope, _ROUTE, status, seconds)

    async def _answered(self, scope: Scope, receive: Receive, send: Send, token: str) -> int:
        shared: Serving = self.app.state.serving
        try:
            key = authenticate(shared, token, KeyScope.EVALUATE)
            scope.setdefault("state", {})["key"] = key.public_id
            shared.limiter.take(key, 1)
            body = await shared.part(Definitions).patience.body_of(receive)
            status, answer = answer_flag(shared, scope["path"][len(_START) :], key.browser, body)
        except ApiError as error:
            said = error_answer(error.status, error.code, error.message, error.headers)
        except LiveStoreDown:
            said = live_state_down()
        except ClientDisconnect:
            return GONE
        except Exception as error:
            said = fault(error)
        else:
            await reply(send, status, answer, _HEADERS)
            return status
        await said(scope, receive, send)
        return said.status_code


def _token(scope: Scope) -> str | None:
    if scope["method"] != "POST" or not scope["path"].startswith(_START):
        return None
    token: bytes | None = None
    for name, value in scope["headers"]:
        if name == b"origin":
            return None
        if name == b"authorization":
            if value[:7].lower() != _BEARER:
                return None
            token = value[7:]
        elif name == b"x-api-key" and token is None:
            token = value
    return None if token is None else token.decode("latin-1").strip()
