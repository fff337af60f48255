"""The one place where errors become answers: ``{"code", "message"}`` and a status, nothing else.

Some SDKs read these two members of every answer that is no success, and retry for ever on others.
OFREP's clients are told of a failure of ours under OFREP's own name, too.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from kindred.errors import UserError

log = logging.getLogger(__name__)
_OFREP: Final = "/ofrep/"
_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


class ApiError(Exception):
    """An answer that is no success.

    Parameters
    ----------
    code : str
        For programs; documented and never changed.
    message : str
        For people: what happened and what to do.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})


def error_answer(
    status: int,
    code: str,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    path: str = "",
) -> Response:
    """Give an error the one shape it has; `path` is what was asked."""
    said = {"code": code, "message": message}
    if status >= 500 and path.startswith(_OFREP):
        said["errorDetails"] = message
    return Response(msgspec.json.encode(said), status, dict(headers or {}), "application/json")


def busy(message: str, seconds: int = 1, status: int = 429, code: str = "too_many") -> ApiError:
    """Tell a caller to come back later."""
    return ApiError(status, code, message, {"Retry-After": str(seconds)})


def add_handlers(app: FastAPI) -> None:
    """Let every error of `app` be answered in its one shape; `serving.watch` catches faults."""

    @app.exception_handler(ApiError)
    async def _said(request: Request, error: ApiError) -> Response:
        path = request.scope["path"]
        return error_answer(error.status, error.code, error.message, error.headers, path=path)

    @app.exception_handler(UserError)
    async def _users(_: Request, error: UserError) -> Response:
        where = f"{error.where}: " if error.where else ""
        return error_answer(400, "invalid_request", f"{where}{error.what} {error.fix}")

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        return error_answer(400, "invalid_request", "; ".join(map(_told, error.errors()[:3])))

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        code = _CODES.get(error.status_code, "invalid_request")
        return error_answer(error.status_code, code, str(error.detail), error.headers)


def live_state_down(path: str) -> Response:
    """Say that live state does not answer."""
    what = "Live state can't be reached now."
    return error_answer(503, "unavailable", what, {"Retry-After": "2"}, path=path)


def fault(error: BaseException, path: str) -> Response:
    """Answer for a fault of ours, and log it under a short id."""
    name = secrets.token_hex(4)
    log.error("fault %s", name, exc_info=error)
    what = f"This is a fault of ours; it is logged as {name}."
    return error_answer(500, "internal", what, path=path)


def _told(error: Any) -> str:
    where = ".".join(str(part) for part in error.get("loc", ()))
    return f"{where}: {error.get('msg', 'is not valid')}"
