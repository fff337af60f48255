"""OFREP, OpenFeature's remote evaluation protocol (0.3): one flag, or all, for one person.

Everything that an answer takes is in memory; no request asks the SQL store.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from data.api_keys import ApiKey
from data.api_keys import Scope as KeyScope
from data.live_views import Wants
from serving.auth import authenticate, presented
from serving.context import Serving
from serving.definitions import Definitions, Held, ask_about
from serving.evaluate_docs import BULK_DOCS, SINGLE_DOCS
from serving.flags import Asked, Failure
from serving.overlay import overlaid, person_of, units_of
from serving.raw import JSON, RawRoute, reply
from serving.streams import event_streams

PREFIX: Final = "/ofrep/v1/evaluate/flags"


class _Question(msgspec.Struct):
    context: Any = None


_read: Final = msgspec.json.Decoder(_Question).decode


def _recognised(scope: Scope) -> tuple[Serving, ApiKey]:
    """See who asks, and that they may."""
    shared: Serving = scope["app"].state.serving
    key = authenticate(shared, presented(Request(scope)), KeyScope.EVALUATE)
    scope.setdefault("state", {})["key"] = key.public_id
    shared.limiter.take(key, 1)
    return shared, key


def _asked(shared: Serving, held: Held, body: bytes, wants: Wants | None = None) -> Asked:
    """Read who is asked about, and what is known of them: all of it, or what an answer takes.

    Raises
    ------
    Failure
        The question can't be read.
    """
    try:
        context = _read(body).context if body else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(
            "PARSE_ERROR", f"The body is no JSON object that can be read: {error}"
        ) from None
    if context is None:
        context = {}
    if not isinstance(context, dict):
        raise Failure("INVALID_CONTEXT", "The context is no object.")
    asked = ask_about(shared, held, person_of(context), wants)
    if len(context) == 1:
        return asked
    profile, given = overlaid(asked.profile, context, held.published.context.traits)
    return msgspec.structs.replace(asked, profile=profile, given=given, units=units_of(context))


def answer_flag(shared: Serving, key: str, browser: bool, body: bytes) -> tuple[int, bytes]:
    """Answer one flag: the status and the body."""
    held = shared.part(Definitions).held
    flag = held.flag(key, browser)
    if flag is None:
        return 404, Failure("FLAG_NOT_FOUND", f"Nothing is published under {key!r}.").body(key)
    try:
        return 200, flag.body(_asked(shared, held, body, flag.wants))
    except Failure as failure:
        return 400, failure.body(key)


async def evaluate_flag(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one flag."""
    shared, api_key = _recognised(scope)
    body = await shared.part(Definitions).patience.body_of(receive)
    key = scope["path_params"]["key"]
    await reply(send, *answer_flag(shared, key, api_key.browser, body))


async def evaluate_flags(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer all flags that the key may know."""
    shared, api_key = _recognised(scope)
    held = shared.part(Definitions).held
    body = await shared.part(Definitions).patience.body_of(receive)
    try:
        asked = _asked(shared, held, body)
    except Failure as failure:
        await reply(send, 400, failure.body())
        return
    answers = []
    for flag in held.flags_for(api_key.browser):
        try:
            answers.append(flag.body(asked))
        except Failure as failure:
            answers.append(failure.body(flag.key))
    answer = b'{"flags":[%b],"eventStreams":%b}' % (b",".join(answers), event_streams(api_key))
    tag = etag(answer)
    headers = (JSON, (b"etag", tag), (b"cache-control", b"private, no-cache"))
    if matches(_header(scope, b"if-none-match"), tag):
        await send({"type": "http.response.start", "status": 304, "headers": headers[1:]})
        await send({"type": "http.response.body", "body": b""})
        return
    await reply(send, 200, answer, headers)


def etag(answer: bytes) -> bytes:
    """Name what an answer says, so that who has it already need not be sent it."""
    return b'"%b"' % hashlib.blake2b(answer, digest_size=12).hexdigest().encode()


def matches(sent: bytes, tag: bytes) -> bool:
    """Tell whether one of the tags that a caller has is this one."""
    given = [part.strip().removeprefix(b"W/") for part in sent.split(b",")]
    return tag in given or b"*" in given


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


ROUTES: Final = (
    RawRoute(PREFIX + "/{key:path}", evaluate_flag, SINGLE_DOCS),
    RawRoute(PREFIX, evaluate_flags, BULK_DOCS),
)
