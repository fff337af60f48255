"""The API with handlers that return a constant, to be measured against on the same server."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.app import create as create_api

BARE = "/bare"
STARLETTE = "/starlette"
FASTAPI = "/fastapi"
CONSTANT = (
    b'{"key":"events-0","value":true,"reason":"TARGETING_MATCH","variant":"in",'
    b'"metadata":{"version":1,"source":"live"}}'
)
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(CONSTANT)).encode()),
]


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and return the constant, by nothing but ASGI."""
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": CONSTANT})


async def starlette(request: Request) -> Response:
    """Read the body and return the constant, by a route of Starlette's."""
    await request.body()
    return Response(CONSTANT, media_type="application/json")


async def fastapi(request: Request) -> Response:
    """Do the same by a function of FastAPI's."""
    await request.body()
    return Response(CONSTANT, media_type="application/json")


class Chosen:
    """Hands each request to the handler of its path, and all else to the API."""

    def __init__(self, api: ASGIApp, others: dict[str, ASGIApp]) -> None:
        self.api = api
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.others.get(scope["path"], self.api) if scope["type"] == "http" else self.api
        await app(scope, receive, send)


def create() -> ASGIApp:
    """Make all of them."""
    function = FastAPI()
    function.add_api_route(FASTAPI, fastapi, methods=["POST"])
    route = Starlette(routes=[Route(STARLETTE, starlette, methods=["POST"])])
    return Chosen(create_api(), {BARE: bare, STARLETTE: route, FASTAPI: function})
