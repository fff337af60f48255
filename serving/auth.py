"""Who asks: the API key of a request, and what it may do.

A handler that needs a scope says so, and is given the key::

    @router.get("/v1/segments")
    async def segments(key: Annotated[ApiKey, Security(requires(Scope.EVALUATE))]) -> ...
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPBasic, HTTPBearer

from data.api_keys import ApiKey, Scope
from serving.context import Serving, serving
from serving.errors import ApiError

_UNKNOWN: Final = "This API key is unknown, revoked or expired."
_MISSING: Final = "Send an API key: Authorization: Bearer KEY, X-API-Key: KEY, or Basic KEY: ."
_bearer = HTTPBearer(auto_error=False, description="An API key.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")
_basic = HTTPBasic(auto_error=False, description="An API key as the name, no password.")


def requires(scope: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """Make a dependency that lets a request in whose key may do `scope`."""

    async def dependency(
        request: Request,
        shared: Annotated[Serving, Depends(serving)],
        _bearer: Annotated[object, Depends(_bearer)] = None,
        _header: Annotated[object, Depends(_header)] = None,
    ) -> ApiKey:
        return authenticate(shared, presented(request), scope)

    return dependency


def authenticate(shared: Serving, token: str | None, scope: Scope) -> ApiKey:
    """Recognise a key and see that it may do `scope`.

    Raises
    ------
    ApiError
        401: there is none, or it is not valid. 403: it may not do that.
    """
    challenge = {"WWW-Authenticate": 'Bearer realm="kindred"'}
    if not token:
        raise ApiError(401, "unauthorized", _MISSING, challenge)
    key = shared.recognise(token)
    if key is None:
        raise ApiError(401, "unauthorized", _UNKNOWN, challenge)
    if scope not in key.scopes:
        raise ApiError(403, "forbidden", f"This API key may not {scope}.")
    return key


def presented(request: Request) -> str | None:
    """Find the key in a request's headers: Bearer, Basic's name, or X-API-Key."""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer" and rest:
        return rest.strip()
    if kind.lower() == "basic" and rest:
        try:
            name = base64.b64decode(rest.strip(), validate=True).partition(b":")[0]
            return name.decode("ascii") or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return request.headers.get("x-api-key")
