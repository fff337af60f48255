"""The way of the question that sites ask on every request: one flag, from a server.

It is answered in front of middleware and routes, which together cost more than the answer. What
they would do is done here: the key and its rate, metrics, log, faults. `serving.protocol` decides
which requests are plain enough; all others go the common way, to the same function.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from data.api_keys import Scope as KeyScope
from data.live_store import LiveStoreDown
from serving.auth import authenticate
from serving.context import Serving
from serving.errors import ApiError, error_answer, fault, live_state_down
from serving.evaluate import PREFIX, answer_flag
from serving.metrics import Tally
from serving.watch import log, log_request

ROUTE: Final = f"{PREFIX}/{{key:path}}"
_HEADERS: Final = (
    b"content-type: application/json\r\n"
    b"cache-control: no-store\r\n"
    b"x-content-type-options: nosniff\r\n"
)


class Quick:
    """Answers one flag for a server."""

    def __init__(self, shared: Serving) -> None:
        self._shared = shared
        self._tally = Tally("POST", ROUTE)
        shared.before_counts.append(self._tally.tell)
        self._log = log

    def answer(self, flag: str, token: str, body: bytes, lines: Mapping[int, bytes]) -> bytes:
        """Answer, as bytes that go over the wire.

        Parameters
        ----------
        token : str
            The API key that was sent.
        lines : mapping of status to bytes
            The answer's first line and the server's own headers.
        """
        began = time.perf_counter()
        key_id, shared = None, self._shared
        try:
            key = authenticate(shared, token, KeyScope.EVALUATE)
            key_id = key.public_id
            shared.limiter.take(key, 1)
            status, said = answer_flag(shared, flag, key.browser, body)
        except ApiError as error:
            refused = error_answer(error.status, error.code, error.message, error.headers)
            status, raw = refused.status_code, _written(refused, lines)
        except LiveStoreDown:
            refused = live_state_down(ROUTE)
            status, raw = refused.status_code, _written(refused, lines)
        except Exception as error:
            refused = fault(error, ROUTE)
            status, raw = refused.status_code, _written(refused, lines)
        else:
            raw = b"%b%bcontent-length: %d\r\n\r\n%b" % (lines[status], _HEADERS, len(said), said)
        seconds = time.perf_counter() - began
        self._tally.count(status, seconds)
        if status >= 500 or self._log.isEnabledFor(20):
            log_request("POST", ROUTE, status, seconds, key_id)
        return raw


def _written(answer: Response, lines: Mapping[int, bytes]) -> bytes:
    told = {b"x-content-type-options": b"nosniff", b"cache-control": b"no-store"}
    headers = {**told, **dict(answer.raw_headers)}
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers.items())
    return b"%b%b\r\n%b" % (lines[answer.status_code], head, bytes(answer.body))
