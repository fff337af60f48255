"""Collect: Segment's HTTP tracking API, so that SDKs which speak it work by naming another host.

A request is answered once its events are durable in the log; the deliverer moves them on. What may
not go in is kept beside the rest with the reason, so that *Data* can show it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from data.api_keys import ApiKey, Scope
from data.collect_log import Frame, Refused, encode_frame
from data.collect_writer import LogBroken, LogFull
from kindred import intake
from kindred.intake import Event
from kindred.sent_values import instant_of
from serving.auth import authenticate, presented
from serving.body import read_body
from serving.collect_docs import SETTINGS_DOCS, batch_docs, single_docs
from serving.collect_reading import BAD_JSON, MOST_EVENT_BYTES, begin, read_object, sorted_out
from serving.context import Serving, serving
from serving.errors import ApiError, busy
from serving.mending import mended, shallow
from serving.metrics import EVENTS, REFUSALS

Given = TypeVar("Given")
router = APIRouter(tags=["collect"])
MOST_EVENTS: Final = 2_500
MOST_SPREAD: Final = 16 << 20  # bytes of a batch's context, once it stands in each event
SINGLE: Final[Mapping[str, str]] = {
    **{kind: kind for kind in ("identify", "track", "page", "screen", "group", "alias")},
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
BATCHES: Final = ("batch", "import", "b")


class _Batch(msgspec.Struct):
    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815 -- the specification's own names
    writeKey: Any = None  # noqa: N815
    context: msgspec.Raw = msgspec.Raw()


class _Keyed(msgspec.Struct):
    writeKey: Any = None  # noqa: N815
    sentAt: Any = None  # noqa: N815


_batch: Final = msgspec.json.Decoder(_Batch).decode
_keyed: Final = msgspec.json.Decoder(_Keyed).decode
_json: Final = msgspec.json.Encoder().encode


def _now() -> int:
    return time.time_ns() // 1000


async def _take_batch(request: Request, shared: Annotated[Serving, Depends(serving)]) -> Response:
    """Take many events in; those that may not go in are told of, the others are kept."""
    key, body = await _arrived(request, shared)
    given, _ = await _decoded(shared, key, body, _batch, "an object with a list “batch”")
    key = key or _from_body(request, shared, given.writeKey)
    if len(given.batch) > MOST_EVENTS:
        raise ApiError(
            400, "too_many_events", f"A batch holds {MOST_EVENTS:,} events at most; send several."
        )
    context = await _context(shared, key, given)
    return await _take(shared, key, given.batch, given.sentAt, context, None)


def _take_single(kind: str) -> Callable[..., Awaitable[Response]]:
    async def take(request: Request, shared: Annotated[Serving, Depends(serving)]) -> Response:
        key, body = await _arrived(request, shared)
        given, body = await _decoded(shared, key, body, _keyed, "an object")
        key = key or _from_body(request, shared, given.writeKey)
        return await _take(shared, key, [msgspec.Raw(body)], given.sentAt, None, kind)

    take.__doc__ = f"Take one {kind} event in."
    return take


async def _arrived(request: Request, shared: Serving) -> tuple[ApiKey | None, bytes]:
    """Read a body, whose sender is known before it is read wherever a header says who."""
    key = None
    token = presented(request)
    if token is not None:
        key = authenticate(shared, token, Scope.COLLECT)
        request.state.key = key.public_id
    try:
        return key, await read_body(request, shared.settings.patience)
    except ApiError as error:
        if key is not None and error.status != 408:
            await _keep(shared, key, [], [Refused(f"the body: {error.code}", "")])
        raise


def _from_body(request: Request, shared: Serving, given: Any) -> ApiKey:
    key = authenticate(shared, given if isinstance(given, str) else None, Scope.COLLECT)
    request.state.key = key.public_id
    return key


async def _decoded(
    shared: Serving,
    key: ApiKey | None,
    body: bytes,
    decode: Callable[[bytes], Given],
    wanted: str,
) -> tuple[Given, bytes]:
    """Decode a body, also one that is only nearly JSON; gives it as it was read, too."""
    try:
        return decode(body), body
    except BAD_JSON as error:
        # What is in a list of good events and is odd itself is judged on its own, later.
        deep = isinstance(error, RecursionError)
        with contextlib.suppress(*BAD_JSON):
            if not isinstance(error, UnicodeDecodeError):
                other = await asyncio.to_thread(shallow if deep else mended, body)
                return decode(other), other
        why = "it is nested too deeply" if deep else str(error)
        if key is not None:
            reason = "the body is not the JSON it should be"
            await _keep(shared, key, [], [Refused(reason, begin(body))])
        raise ApiError(400, "invalid_json", f"The body should be {wanted}: {why}.") from None


async def _context(shared: Serving, key: ApiKey, given: _Batch) -> dict[str, Any] | None:
    """Read the context that stands for all events of a batch, each of which is kept with it."""
    raw = bytes(given.context)
    try:
        context = read_object(raw) if raw else {}
    except BAD_JSON:
        return None  # of another type
    error = None
    if len(raw) > MOST_EVENT_BYTES or len(raw) * len(given.batch) > MOST_SPREAD:
        what = "The batch's context is too large for so many events; send smaller ones."
        error = ApiError(413, "too_large", what)
    elif intake.is_deep(context):
        what = f"The batch's context is nested deeper than {intake.MOST_LEVELS} levels."
        error = ApiError(400, "invalid_json", what)
    if error is not None:
        await _keep(shared, key, [], [Refused(f"the context: {error.code}", begin(raw))])
        raise error
    return context


async def _take(
    shared: Serving,
    key: ApiKey,
    sent: list[msgspec.Raw],
    sent_at: Any,
    context: Mapping[str, Any] | None,
    kind: str | None,
) -> Response:
    shared.limiter.take(key, max(len(sent), 1))
    now = _now()
    events, refused, places = sorted_out(sent, now, instant_of(sent_at), context, kind)
    if events or refused:
        await _keep(shared, key, events, refused, now)
    if refused and not events:
        told = refused[0].reason if len(sent) == 1 else f"all {len(sent)}: {refused[0].reason}"
        raise ApiError(400, "invalid_event", f"Not taken in: {told}.")
    answer: dict[str, Any] = {"success": True}
    if refused:
        first = zip(places[:20], refused, strict=False)
        answer["rejected"] = len(refused)
        answer["reasons"] = [{"index": place, "reason": each.reason} for place, each in first]
    return Response(_json(answer), media_type="application/json")


async def _keep(
    shared: Serving, key: ApiKey, events: list[Event], refused: list[Refused], now: int = 0
) -> None:
    """Wait until it is durable.

    Raises
    ------
    ApiError
        503: the disk does not follow, or refuses.
    """
    frame = encode_frame(Frame(key.public_id, now or _now(), events, refused))
    try:
        await shared.log.append(frame)
    except LogFull:
        raise busy("More comes than the disk can take.", 2, 503, "overloaded") from None
    except LogBroken:
        raise busy("The events can't be kept now.", 10, 503, "storage_unavailable") from None
    EVENTS.labels("accepted").inc(len(events))
    for each in refused:
        EVENTS.labels("refused").inc()
        REFUSALS.labels(each.reason).inc()


@router.get("/v1/projects/{key}/settings", **SETTINGS_DOCS)
async def project_settings(
    key: str, request: Request, shared: Annotated[Serving, Depends(serving)]
) -> dict[str, Any]:
    """Tell analytics-next where to send events, and that there is nothing else to load."""
    authenticate(shared, key, Scope.COLLECT)
    here = request.url
    everything = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{here.netloc}/v1",
                "protocol": here.scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
            }
        },
        "plan": {"track": everything, "identify": everything, "group": everything},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


for _path, _kind in SINGLE.items():
    router.add_api_route(
        f"/v1/{_path}", _take_single(_kind), methods=["POST"], **single_docs(_path, _kind)
    )
for _path in BATCHES:
    router.add_api_route(f"/v1/{_path}", _take_batch, methods=["POST"], **batch_docs(_path))
