"""Routes that are answered without FastAPI's machinery, which costs more than the answer itself.

They are documented like all others: each brings its part of the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
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


async def body_of(receive: Receive) -> bytes:
    """Read a request's body.

    Raises
    ------
    ApiError
        413: it is too large.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return _small(body)
    parts, size = [body], len(body)
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            break
    return _small(b"".join(parts))


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
