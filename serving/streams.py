"""Server-sent events: word that what is published has changed, as OFREP and GrowthBook send it.

A browser's EventSource can't send an API key, so OFREP's stream is opened by a ticket that its
answers carry: it names the key, is signed with the key's digest, and opens nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Response
from starlette.responses import StreamingResponse

from data.api_keys import ApiKey
from serving.collect_docs import errors
from serving.context import Serving, serving
from serving.definitions import Definitions
from serving.errors import ApiError, busy

router = APIRouter(tags=["evaluate"])
HEARTBEAT_SECONDS: Final = 15.0  # proxies close what is silent for longer
INACTIVITY_SECONDS: Final = 120
MOST_STREAMS: Final = 400  # in one process
_PURPOSE: Final = b"kindred ofrep stream 1"
_encode: Final = msgspec.json.encode


def ticket(key: ApiKey) -> str:
    """Give what opens the stream of a key."""
    signed = hmac.new(key.digest.encode(), _PURPOSE, hashlib.sha256).hexdigest()[:40]
    return f"{key.public_id}.{signed}"


def event_streams(key: ApiKey) -> bytes:
    """Tell OFREP's clients where they hear of changes, on whatever host they asked."""
    stream = {
        "type": "sse",
        "endpoint": {"requestUri": f"/ofrep/v1/streams/{ticket(key)}"},
        "inactivityDelaySec": INACTIVITY_SECONDS,
    }
    return _encode([stream])


@router.get(
    "/ofrep/v1/streams/{ticket}",
    summary="Hear when the answers may have changed (OFREP)",
    response_class=Response,
    responses={
        200: {
            "description": "Events; each says to ask again.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 7\ndata: {"type":"refetchEvaluation"}\n\n',
                }
            },
        },
        **errors(400, 401, 503),
    },
)
async def ofrep_stream(
    shared: Annotated[Serving, Depends(serving)],
    given: Annotated[str, Path(alias="ticket", examples=["0123456789.5f2c"])],
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Send an event whenever what is published has changed.

    Whoever comes back with the number of an older event is told at once.
    """
    key = shared.keys.get(given.partition(".")[0])
    known = ticket(key) if key is not None else ""
    if not hmac.compare_digest(known.encode(), given.encode()):
        raise ApiError(401, "unauthorized", "This ticket opens no stream; ask for the flags anew.")

    def told(number: int) -> bytes:
        return b'id: %d\ndata: {"type":"refetchEvaluation"}\n\n' % number

    return stream(shared, told, missed=last_event_id is not None)


def stream(shared: Serving, told: Callable[[int], bytes], *, missed: bool) -> StreamingResponse:
    """Send what `told` gives for every new state of what is published; at once if one was missed.

    Raises
    ------
    ApiError
        503: so many streams are open already.
    """
    open_streams = shared.part(Definitions).streams
    if len(open_streams) >= MOST_STREAMS:
        raise busy("So many streams are open already.", 10, 503, "overloaded")
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(shared, told, missed), media_type="text/event-stream", headers=headers
    )


async def _events(
    shared: Serving, told: Callable[[int], bytes], missed: bool
) -> AsyncIterator[bytes]:
    definitions, mine = shared.part(Definitions), object()
    definitions.streams.add(mine)
    try:
        number = definitions.held.number
        yield told(number) if missed else b": open\n\n"
        while not shared.stopping:
            if not await definitions.changed(number, HEARTBEAT_SECONDS):
                yield b": still here\n\n"
            elif not shared.stopping:
                number = definitions.held.number
                yield told(number)
    finally:
        definitions.streams.discard(mine)
