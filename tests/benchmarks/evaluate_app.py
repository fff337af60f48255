"""The API with bare handlers to be measured against on the same server, before it and in it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.app import create as create_api

BARE = "/bare"
FASTAPI = "/fastapi"
ROUTED = "/routed"
CONSTANT = (
    b'{"key":"events-0","value":true,"reason":"TARGETING_MATCH","variant":"in",'
    b'"metadata":{"version":1,"source":"live"}}'
)


class Bare:
    """Answers one path with a constant, before any middleware; hands all else on."""

    def __init__(self, app: ASGIApp, fastapi: ASGIApp) -> None:
        self.app = app
        self.fastapi = fastapi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != BARE:
            other = scope["type"] == "http" and scope["path"] == FASTAPI
            await (self.fastapi if other else self.app)(scope, receive, send)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(CONSTANT)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": CONSTANT})


async def routed() -> Response:
    """Return the constant as any handler of the API would: behind its middleware and routes."""
    return Response(CONSTANT, media_type="application/json")


def create() -> ASGIApp:
    """Make all of them: the API, a bare FastAPI, and what hands to either or answers itself."""
    api, fastapi = create_api(), FastAPI()
    api.add_api_route(ROUTED, routed, methods=["POST"])
    fastapi.add_api_route(FASTAPI, routed, methods=["POST"])
    return Bare(api, fastapi)
