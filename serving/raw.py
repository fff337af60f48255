"""Routes that are answered without FastAPI's machinery, which costs more than the answer itself.

They are documented like all others: each brings its part of the OpenAPI document.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from serving.errors import ApiError

JSON: Final = (b"content-type", b"application/json")
MOST_BYTES: Final = 64 << 10
Headers = Sequence[tuple[bytes, bytes]]
Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


class RawRoute(Route):
    """A route whose handler speaks ASGI itself.

    Parameters
    ----------
    docs : mapping
        Its operation in the OpenAPI document.
    """

    def __init__(self, path: str, answer: Answer, docs: Mapping[str, Any]) -> None:
        super().__init__(path, _Asgi(answer), methods=["POST"], include_in_schema=False)
        self.docs = docs

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Leave word of the route, as FastAPI's own do."""
        match, child = super().matches(scope)
        if match is not Match.NONE:
            child["route"] = self
        return match, child


class _Asgi:
    """Starlette takes a function for a handler of requests, and any other callable for ASGI."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.answer(scope, receive, send)


class Patience:
    """Ends requests whose bodies do not come; one timer for all, since a timer each costs more.

    Parameters
    ----------
    seconds : float
        A body has so long; it may get up to half as long again.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._ended: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def body_of(self, receive: Receive) -> bytes:
        """Read a request's body.

        Raises
        ------
        ApiError
            413: it is too large. 408: it does not come.
        """
        task = asyncio.current_task()
        assert task is not None
        self._waiting[task] = time.monotonic()
        if self._timer is None:
            self._look_later()
        try:
            return await _body(receive)
        except asyncio.CancelledError:
            if task not in self._ended:
                raise  # the process ends
            self._ended.discard(task)
            task.uncancel()
            what = f"The body did not come within {self.seconds:g} s."
            raise ApiError(408, "timeout", what, {"Connection": "close"}) from None
        finally:
            del self._waiting[task]

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.seconds / 2, self._look)

    def _look(self) -> None:
        self._timer = None
        late = time.monotonic() - self.seconds
        for task in [task for task, since in self._waiting.items() if since <= late]:
            self._ended.add(task)
            task.cancel()
        if self._waiting:
            self._look_later()


async def _body(receive: Receive) -> bytes:
    message = await receive()
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body", False) and size <= MOST_BYTES:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return _small(parts[0] if len(parts) == 1 else b"".join(parts))


def _small(body: bytes) -> bytes:
    if len(body) > MOST_BYTES:
        what = f"A question has {MOST_BYTES >> 10} KB at most."
        raise ApiError(413, "too_large", what, {"Connection": "close"})
    return body


async def reply(send: Send, status: int, body: bytes, headers: Headers = (JSON,)) -> None:
    """Send an answer."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def add_raw(app: FastAPI, routes: Sequence[RawRoute], schemas: Mapping[str, Any]) -> None:
    """Add routes before all others, and their operations to the OpenAPI document."""
    app.router.routes[:0] = routes
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            for route in routes:
                document["paths"][route.path.replace(":path", "")] = {"post": dict(route.docs)}
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
