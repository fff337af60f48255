"""Routes of FastAPI's whose bodies come within limits of size and time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message

from serving.body import read_body
from serving.context import Serving


class Limited(APIRoute):
    """A route that reads the body itself before FastAPI would, which sets no limit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Make the handler."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def limited(request: Request) -> Response:
            shared: Serving = request.app.state.serving
            body = await read_body(request, shared.settings.patience)

            async def again() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await handle(Request(request.scope, again))

        return limited
