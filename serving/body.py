"""A request's body: read within limits of size and time, and unpacked without trust."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from fastapi import Request

from serving.errors import ApiError

MOST_BYTES: Final = 4 << 20  # as it comes, and unpacked: Rudder's SDKs batch that far
MOST_DRAINED: Final = 4 * MOST_BYTES  # read and dropped: a sender cut off mid-way sees no answer
MOST_MEMBERS: Final = 64  # of gzip, in one body: each copies what follows it
_GZIP: Final = b"\x1f\x8b"
_LARGE: Final = "The body is larger than 4 MB; send smaller batches."
_GZIP_WINDOW: Final = 31


async def read_body(request: Request, patience: float) -> bytes:
    """Read the body, and unpack it where it begins as gzip does, whatever the headers say.

    Raises
    ------
    ApiError
        413: it is too large. 408: it does not come. 400: it can't be unpacked.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > MOST_DRAINED:
        raise ApiError(413, "too_large", _LARGE, {"Connection": "close"})
    try:
        async with asyncio.timeout(patience):
            body = await _within_limit(request)
    except TimeoutError:
        raise ApiError(
            408,
            "timeout",
            f"The body did not come within {patience:.0f} s.",
            {"Connection": "close"},
        ) from None
    return unpacked(body) if body[:2] == _GZIP else body


async def _within_limit(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_DRAINED:
            raise ApiError(413, "too_large", _LARGE, {"Connection": "close"})
        if size <= MOST_BYTES:
            parts.append(part)
    if size > MOST_BYTES:
        raise ApiError(413, "too_large", _LARGE)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpacked(body: bytes) -> bytes:
    """Unpack gzip, never further than the limit.

    Raises
    ------
    ApiError
        It is damaged, or grows beyond the limit.
    """
    parts, left, rest = [], MOST_BYTES, body
    try:
        while rest[:2] == _GZIP:  # one member may follow another
            inflate = zlib.decompressobj(_GZIP_WINDOW)
            part = inflate.decompress(rest, left + 1)
            left -= len(part)
            if left < 0:
                raise ApiError(413, "too_large", _LARGE)
            if not inflate.eof:
                raise ApiError(400, "invalid_gzip", "The gzip data ends early.")
            parts.append(part)
            rest = inflate.unused_data
            if len(parts) > MOST_MEMBERS:
                what = f"The gzip data has more than {MOST_MEMBERS} members."
                raise ApiError(400, "invalid_gzip", what)
    except zlib.error:
        raise ApiError(400, "invalid_gzip", "The gzip data is damaged.") from None
    return b"".join(parts)
