"""The short way of OFREP's single evaluation, over the wire: whole, in parts, several at once."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from data.api_keys import Scope, revoke_key
from data.live_store import LiveStoreDown
from kindred.segments import rules as r
from serving import protocol
from serving.protocol import Protocol
from serving.quick import Quick
from tests.support.api import Api
from tests.support.served import ACTOR, Town

PATH = "/ofrep/v1/evaluate/flags/"
OFREP_FAULT = {"code", "message", "errorDetails"}
BODY = b'{"context":{"targetingKey":"somebody-secret"}}'


class Wire:
    """A connection on which requests are written and answers read as bytes."""

    def __init__(self, open_socket: socket.socket) -> None:
        self.socket = open_socket
        self.buffer = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """Read one answer: its status and its body."""
        head = self._until(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        lines = [line.lower() for line in head.split(b"\r\n")]
        if status == 100:
            return status, b""
        length = next(int(line.split(b":")[1]) for line in lines if b"content-length" in line)
        while len(self.buffer) < length:
            self.buffer += self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, body

    def value(self) -> Any:
        status, body = self.answer()
        assert status == 200, body
        return json.loads(body)["value"]

    def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self.buffer += self._more()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def _more(self) -> bytes:
        data = self.socket.recv(65536)
        assert data, "the connection was closed"
        return data

    def is_closed(self) -> bool:
        return self.socket.recv(1) == b""


@contextmanager
def wired(api: Api) -> Iterator[Wire]:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Wire(opened)


def question(flag: str, key: str, body: bytes = BODY, *more: str, length: bool = True) -> bytes:
    lines = [f"POST {PATH}{flag} HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", *more]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture(autouse=True)
def no_heads() -> None:
    Protocol._heads.clear()


@pytest.fixture
def key(town: Town, api: Api) -> str:
    town.publish("all", r.AllRule(()))
    town.publish("gold", r.TraitRule("plan", "eq", "gold"))
    made = town.key()
    api.serving.look()
    return made


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Gets the flags that are answered the short way."""
    seen: list[str] = []
    real = Quick.answer

    def noted(self: Quick, flag: str, *rest: Any) -> bytes:
        seen.append(flag)
        return real(self, flag, *rest)

    monkeypatch.setattr(Quick, "answer", noted)
    return seen


def test_a_question_that_comes_whole_is_answered_the_short_way(
    api: Api, key: str, short: list[str]
) -> None:
    with wired(api) as wire:
        for flag, value in (("all", True), ("gold", False), ("all", True)):
            wire.send(question(flag, key))
            assert wire.value() is value
    assert short == ["all", "gold", "all"]


def test_questions_sent_together_are_answered_in_their_order(
    api: Api, key: str, short: list[str]
) -> None:
    alive = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with wired(api) as wire:
        wire.send(question("all", key) + question("gold", key) + alive + question("all", key))
        assert [wire.value(), wire.value()] == [True, False]
        assert wire.answer() == (200, b'{"status":"ok"}')
        assert wire.value() is True
    assert short == ["all", "gold"]  # the last one waited for what was asked before it


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Gets what is parsed."""
    seen: list[bytes] = []
    real = HttpToolsProtocol.data_received

    def noted(self: HttpToolsProtocol, data: bytes) -> None:
        seen.append(data)
        real(self, data)

    monkeypatch.setattr(HttpToolsProtocol, "data_received", noted)
    return seen


def test_a_head_that_was_answered_is_parsed_once(api: Api, key: str, parsed: list[bytes]) -> None:
    other = BODY.replace(b"somebody", b"somebodi")
    for _ in range(2):  # another connection knows it, too
        with wired(api) as wire:
            for body in (BODY, other):
                wire.send(question("all", key, body))
                assert wire.value() is True
    assert parsed == [question("all", key)]


def test_of_several_that_come_together_only_what_is_new_is_parsed(
    api: Api, key: str, parsed: list[bytes]
) -> None:
    known, new = question("all", key), question("gold", key)
    with wired(api) as wire:
        wire.send(known)
        assert wire.value() is True
        for times in (3, 20):
            wire.send(known * times + new + known)
            assert [wire.value() for _ in range(times + 2)] == [True] * times + [False, True]
    assert parsed == [known, new + known, new + known]


def test_a_head_that_was_answered_means_the_same_in_all_that_comes(api: Api, key: str) -> None:
    asked = question("all", key)
    alive = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with wired(api) as wire:
        for times in (2, 2, 1, 2, 1):
            wire.send(asked * times)
            assert [wire.value() for _ in range(times)] == [True] * times
        wire.send(alive + asked)
        assert [wire.answer()[0], wire.value()] == [200, True]
        for parts in ((asked[:-9], asked[-9:]), (asked[:40], asked[40:-9], asked[-9:])):
            for part in parts:
                wire.send(part)
                api.ask("GET", "/healthz")  # it has been read by now
            assert wire.value() is True


@pytest.mark.parametrize("path", [PATH + "gold", "/v1/track"])
def test_what_looks_like_a_question_inside_of_a_request_is_none(
    api: Api, key: str, path: str
) -> None:
    asked = question("all", key)
    head = f"POST {path} HTTP/1.1\r\nX-API-Key: {key}\r\nContent-Length: {len(asked)}\r\n"
    with wired(api) as wire:
        wire.send(asked)
        assert wire.value() is True
        for begun in ("Host: x\r\n\r\n", "Host: "):  # in the body, and in the head
            wire.send(f"{head}{begun}".encode())
            api.ask("GET", "/healthz")  # it has been read by now
            wire.send(asked)
            assert wire.answer()[0] in {400, 403}


def test_what_was_refused_is_not_remembered(api: Api, key: str, parsed: list[bytes]) -> None:
    refused = (question("none", key), question("all", "kd_none_none"))
    with wired(api) as wire:
        for asked in refused * 2:
            wire.send(asked)
            assert wire.answer()[0] in {401, 404}
    assert parsed == [*refused, *refused]


def test_heads_are_remembered_up_to_a_number(
    api: Api, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "MOST_HEADS", 3)
    with wired(api) as wire:
        for number in range(10):
            wire.send(question("all", key, BODY, f"X-Number: {number}"))
            assert wire.value() is True
            assert len(Protocol._heads) <= 3
        wire.send(question("all", key, BODY, "X-Long: " + "x" * protocol.LONGEST_HEAD))
        assert wire.value() is True
    assert max(len(head) for head in Protocol._heads) <= protocol.LONGEST_HEAD


@pytest.mark.parametrize("cut", [40, -len(BODY), -len(BODY) + 9, -1])
@pytest.mark.parametrize("patient", [True, False])
def test_a_question_may_come_in_parts(
    api: Api,
    key: str,
    short: list[str],
    monkeypatch: pytest.MonkeyPatch,
    cut: int,
    patient: bool,
) -> None:
    monkeypatch.setattr(protocol, "HOLD_SECONDS", 60.0 if patient else 0.0)
    whole = question("gold", key)
    with wired(api) as wire:
        wire.send(whole[:cut])
        api.ask("GET", "/healthz")  # it has been read by now, and is handed on if that is due
        api.ask("GET", "/healthz")
        wire.send(whole[cut:])
        assert wire.value() is False
        wire.send(question("all", key))
        assert wire.value() is True
    in_head = cut > 0  # no question yet that could be handed on
    assert short == (["gold", "all"] if patient or in_head else ["all"])


def test_a_question_whose_rest_never_comes_leaves_nothing(api: Api, key: str) -> None:
    with wired(api) as wire:
        wire.send(question("gold", key)[:-1])
        api.ask("GET", "/healthz")
    with wired(api) as wire:
        wire.send(question("all", key))
        assert wire.value() is True


@pytest.mark.parametrize(
    ("flag", "more"),
    [
        ("g%6Fld", ()),
        ("gold?x=1", ()),
        ("gold", ("Origin: http://localhost:3000",)),
        ("gold", ("Expect: 100-continue",)),
        ("gold", ("Authorization: Bearer other",)),
        ("gold", ("Connection: close",)),
    ],
)
def test_what_is_not_plain_goes_the_common_way(
    api: Api, key: str, short: list[str], flag: str, more: tuple[str, ...]
) -> None:
    with wired(api) as wire:
        wire.send(question(flag, key, BODY, *more))
        status, body = wire.answer()
        if status == 100:
            status, body = wire.answer()
        assert (status, json.loads(body)["value"]) == (200, False)
        if "Connection: close" in more:
            assert wire.is_closed()
    assert short == []


def test_a_body_in_chunks_goes_the_common_way(api: Api, key: str, short: list[str]) -> None:
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    sent = question("gold", key, chunks, "Transfer-Encoding: chunked", length=False)
    with wired(api) as wire:
        wire.send(sent)
        assert wire.value() is False
    assert short == []


def test_a_body_that_is_too_long_is_refused(api: Api, key: str, short: list[str]) -> None:
    with wired(api) as wire:
        wire.send(question("gold", key, b" " * (70 << 10)))
        status, body = wire.answer()
    assert (status, json.loads(body)["code"], short) == (413, "too_large", [])


def test_a_key_that_was_revoked_opens_nothing_any_more(api: Api, town: Town, key: str) -> None:
    with wired(api) as wire:
        wire.send(question("all", key))
        assert wire.value() is True
        with town.engine.begin() as conn:
            revoke_key(conn, key.split("_")[1], actor=ACTOR, at=datetime.now(UTC))
        api.serving.look()
        wire.send(question("all", key))
        assert wire.answer()[0] == 401


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(LiveStoreDown, 503, "unavailable"), (RuntimeError, 500, "internal")],
)
def test_faults_are_told_without_their_text(
    api: Api,
    key: str,
    short: list[str],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    status: int,
    code: str,
) -> None:
    def broken(_: object) -> None:
        raise error("somebody-secret")

    monkeypatch.setattr(api.serving.store, "read", broken)
    for more in ({}, {"Origin": "http://localhost:3000"}):  # both ways
        answer = api.ask("POST", f"{PATH}gold", BODY, more, key=key)
        said = answer.json
        assert (answer.status, said["code"], set(said)) == (status, code, OFREP_FAULT)
        assert said["errorDetails"] == said["message"]
        assert "somebody-secret" not in said["message"]
    assert short == ["gold"]


def test_it_is_counted_and_logged_without_who_was_asked_about(
    api: Api, town: Town, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    counted = 'kindred_requests_total{method="POST",route="%s{key:path}",status="%s"}'
    admin = town.key(Scope.ADMIN)
    api.serving.look()

    def count(status: str) -> float:
        lines = api.ask("GET", "/metrics", key=admin).body.decode().splitlines()
        found = [line for line in lines if line.startswith(counted % (PATH, status))]
        return float(found[0].split()[-1]) if found else 0.0

    def observed() -> float:
        lines = api.ask("GET", "/metrics", key=admin).body.decode().splitlines()
        start = f'kindred_request_seconds_count{{route="{PATH}{{key:path}}"}}'
        return float(next((x for x in lines if x.startswith(start)), "0").split()[-1])

    before, seen = (count("200"), count("404")), observed()
    with caplog.at_level(logging.INFO, "serving.access"):
        for _ in range(3):
            api.ask("POST", f"{PATH}all", BODY, key=key)
        api.ask("POST", f"{PATH}nothing", BODY, key=key)
    assert (count("200"), count("404")) == (before[0] + 3, before[1] + 1)
    assert observed() == seen + 4
    told = [record.told for record in caplog.records if hasattr(record, "told")]
    asked = [line for line in told if line["route"] == PATH + "{key:path}"]
    assert [line["status"] for line in asked] == [200, 200, 200, 404]
    assert {line["key"] for line in asked} == {key.split("_")[1]}
    assert "somebody-secret" not in caplog.text
