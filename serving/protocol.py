"""uvicorn's HTTP protocol, which answers OFREP's single evaluation as soon as it is read.

A request that asks about one flag and needs nothing of CORS or of other schemes of authorization is
answered when its last byte is read: no task, no messages of ASGI, one write. Everything else is
uvicorn's own way, and so is a request whose body is long in coming.

Clients that keep their connection send the same head again and again. One that was read and
answered is remembered with what it said, byte for byte, and not parsed again.
"""

from __future__ import annotations

import re
from asyncio import TimerHandle
from typing import Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.evaluate import PREFIX
from serving.quick import Quick

STATE: Final = "quick"  # what the application's lifespan leaves for this protocol
MOST_BYTES: Final = 64 << 10  # of a body; longer ones are refused the common way
HOLD_SECONDS: Final = 0.2  # many clients send head and body apart; what takes longer is handed on
_PLAIN: Final = re.compile(PREFIX.encode() + rb"/([!\"$&->@-~]*)")  # without %, ? and #
_BEARER: Final = b"bearer "
_END: Final = b"\r\n\r\n"
_OK: Final = b"HTTP/1.1 200"
MOST_HEADS: Final = 1024  # remembered in a process
LONGEST_HEAD: Final = 2048
_NOT_PLAIN: Final = frozenset({b"origin", b"expect", b"upgrade", b"transfer-encoding"})


class _Asked:
    """A question whose body is being read."""

    __slots__ = ("body", "flag", "later", "token")

    def __init__(self, flag: str, token: str) -> None:
        self.flag = flag
        self.token = token
        self.body = b""
        self.later: TimerHandle | None = None

    def waits_no_more(self) -> None:
        """Forget the time at which it is handed on."""
        if self.later is not None:
            self.later.cancel()
            self.later = None


class _Head(NamedTuple):
    """What a head said: which flag is asked about by whom, and how long the body is."""

    flag: str
    token: str
    length: int


class Protocol(HttpToolsProtocol):
    """Answers plain questions itself, and leaves all others to uvicorn."""

    _heads: Final[dict[bytes, _Head]] = {}  # of questions that were answered

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._quick: Quick | None = self.app_state.get(STATE)
        self._asked: _Asked | None = None
        self._within = False  # a request that the parser has not read to its end
        self._came: tuple[bytes, int] | None = (
            None  # a head at the start of what came, and the rest
        )

    def data_received(self, data: bytes) -> None:
        """Read what came, and wait a little for the rest of a question."""
        start = 0
        while not self._within and self._free():
            end = data.find(_END, start)
            if end < 0:
                break
            head, body = data[start:end], end + len(_END)
            known = self._heads.get(head)
            if known is None or len(data) - body < known.length:
                self._came = head, len(data) - body
                break
            start = body + known.length
            self._answer(known.flag, known.token, data[body:start])
            if start == len(data):
                return
        super().data_received(data[start:] if start else data)
        self._came = None
        asked = self._asked
        if asked is not None and asked.later is None:
            asked.later = self.loop.call_later(HOLD_SECONDS, self._hand_on)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._within = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """See whether the request is a plain question."""
        if self._quick is not None:
            plain = _PLAIN.fullmatch(self.url)
            if plain is not None:
                self._asked = self._question(plain[1])
        if self._asked is None:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        asked = self._asked
        if asked is None:
            super().on_body(body)
            return
        asked.body += body
        if len(asked.body) > MOST_BYTES:
            self._hand_on()

    def on_message_complete(self) -> None:
        """Answer, if it is a plain question."""
        self._within = False
        asked = self._asked
        if asked is None:
            super().on_message_complete()
            return
        self._asked = None
        asked.waits_no_more()
        if self._answer(asked.flag, asked.token, asked.body):
            self._remember(asked)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a question that did not come whole."""
        asked, self._asked = self._asked, None
        if asked is not None:
            asked.waits_no_more()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End, once what is under way is answered."""
        if self._asked is not None:
            self._hand_on()
        super().shutdown()

    def _free(self) -> bool:
        """Tell whether a question may be answered at once."""
        return (
            self._quick is not None
            and (self.cycle is None or self.cycle.response_complete)  # answers keep the order
            and not self.flow.write_paused  # who does not read is waited for
            and self.limit_concurrency is None
            and not self.root_path
        )

    def _answer(self, flag: str, token: str, body: bytes) -> bool:
        """Answer a question; tells whether well."""
        assert self._quick is not None
        lines = Lines.of(self.server_state.default_headers)
        said = self._quick.answer(flag, token, body, lines)
        self.transport.write(said)
        self.on_response_complete()
        return said.startswith(_OK)

    def _remember(self, asked: _Asked) -> None:
        """Keep what a head said, where head and body were all that came.

        The same bytes between two requests can't mean anything else; whether the key is still valid
        is asked each time.
        """
        head, rest = self._came or (b"", 0)
        if 0 < rest == len(asked.body) and len(head) <= LONGEST_HEAD:
            if len(self._heads) >= MOST_HEADS:
                self._heads.clear()
            self._heads[head] = _Head(asked.flag, asked.token, rest)

    def _question(self, flag: bytes) -> _Asked | None:
        """Make it a question about a flag; nothing where it must go the common way."""
        if (
            not self._free()
            or self.parser.get_method() != b"POST"
            or self.parser.get_http_version() != "1.1"
            or not self.parser.should_keep_alive()
            or self.parser.should_upgrade()
        ):
            return None
        token = _token(self.headers)
        return None if token is None else _Asked(flag.decode(), token)

    def _hand_on(self) -> None:
        """Let uvicorn's own way go on from here."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        asked.waits_no_more()
        super().on_headers_complete()
        if asked.body:
            super().on_body(asked.body)


class Lines(dict[int, bytes]):
    """The first line of answers with the server's own headers, such as the date, by status."""

    _newest: Lines | None = None

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        super().__init__()
        self.headers = headers
        self._own = b"".join(b"%b: %b\r\n" % pair for pair in headers)

    @classmethod
    def of(cls, headers: list[tuple[bytes, bytes]]) -> Lines:
        """Give those with these headers, which uvicorn makes anew every second."""
        found = cls._newest
        if found is None or found.headers is not headers:
            found = cls._newest = cls(headers)
        return found

    def __missing__(self, status: int) -> bytes:
        """Write a line when it is first asked for."""
        line = self[status] = STATUS_LINE[status] + self._own
        return line


def _token(headers: list[tuple[bytes, bytes]]) -> str | None:
    bearer: bytes | None = None
    named: bytes | None = None
    for name, value in headers:
        if name == b"authorization":
            if bearer is not None or value[:7].lower() != _BEARER:
                return None
            bearer = value[7:]
        elif name == b"x-api-key":
            if named is not None:
                return None
            named = value
        elif name in _NOT_PLAIN:
            return None
    token = named if bearer is None else bearer
    return None if token is None else token.decode("latin-1").strip()
