"""Collect, spoken to as SDKs speak: what is taken in, what is refused and how that is said."""

from __future__ import annotations

import base64
import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from data.api_keys import Scope, revoke_key
from data.audit import Actor
from data.collect_log import log_folder, segments
from data.workspace import Workspace
from serving.collect import BATCHES, MOST_EVENTS, SINGLE
from serving.collect_reading import MOST_EVENT_BYTES
from serving.settings import Settings
from tests.serving.conftest import MakeKey
from tests.support.api import Api, running
from tests.support.collected import events, frames, refusals

SECOND = 1_000_000


def viewed(number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": "u1",
        "anonymousId": None,
        "messageId": f"m{number}",
        **more,
    }


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@pytest.mark.parametrize("path", SINGLE)
def test_every_path_takes_its_kind_of_event(
    api: Api, write_key: str, workspace: Workspace, path: str
) -> None:
    body = {"userId": "u1", "event": "Seen", "messageId": path}
    answer = api.ask("POST", f"/v1/{path}", body, key=write_key)
    assert (answer.status, answer.json) == (200, {"success": True})
    (event,) = events(workspace)
    assert (event.type, event.message_id, event.user_id) == (SINGLE[path], path, "u1")


@pytest.mark.parametrize("path", BATCHES)
def test_a_batch_is_taken_in_order(
    api: Api, write_key: str, workspace: Workspace, path: str
) -> None:
    batch = [viewed(1), {"type": "identify", "userId": "u1", "traits": {"age": 7}}]
    assert api.ask("POST", f"/v1/{path}", {"batch": batch}, key=write_key).status == 200
    (frame,) = frames(workspace)
    first, second = frame.events
    assert (first.message_id, second.type, second.traits) == ("m1", "identify", '{"age":7}')
    assert second.message_id  # made here, since it brought none


def test_the_key_is_found_in_every_place_where_sdks_put_it(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    assert api.ask("POST", "/v1/track", viewed(1), basic(write_key)).status == 200
    assert api.ask("POST", "/v1/track", viewed(2), {"X-API-Key": write_key}).status == 200
    assert api.ask("POST", "/v1/t", viewed(3, writeKey=write_key)).status == 200
    body = {"batch": [viewed(4)], "writeKey": write_key}
    assert api.ask("POST", "/v1/batch", body).status == 200
    assert [event.message_id for event in events(workspace)] == ["m1", "m2", "m3", "m4"]


def test_gzip_is_told_by_its_bytes_and_the_content_type_does_not_matter(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    for number, (kind, packed) in enumerate(
        [
            ("application/x-www-form-urlencoded", True),
            ("text/plain", False),
            ("application/json", True),
        ]
    ):
        plain = json.dumps({"batch": [viewed(number)]}).encode()
        raw = gzip.compress(plain, mtime=0) if packed else plain
        headers = {"Content-Type": kind, **basic(write_key)}
        assert api.ask("POST", "/v1/batch", raw, headers).status == 200
    assert len(events(workspace)) == 3


def test_of_a_partly_bad_batch_the_good_go_in_and_the_bad_are_told_and_kept(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    bad = [
        ({"type": "track", "event": "x"}, "it names nobody"),
        ({"type": "hover", "userId": "u"}, "its type is none of the six"),
        (viewed(9, event=None), "a track event has no name"),
        (viewed(9, timestamp="soon"), "it has no timestamp that can be read"),
        (viewed(9, timestamp="1985-01-01"), "its timestamp lies before 1990"),
        (viewed(9, timestamp="2099-01-01"), "its timestamp lies in the future"),
        (viewed(9, properties={"revenue": "much"}), "its revenue is no finite number"),
        (viewed(9, messageId=" "), "it has no messageId"),
        (7, "it is no JSON object"),
        (viewed(9, properties={"long": "x" * MOST_EVENT_BYTES}), "it is larger than 32 KB"),
    ]
    batch = [viewed(1), *(event for event, _ in bad), viewed(2)]
    answer = api.ask("POST", "/v1/batch", {"batch": batch}, key=write_key)
    assert answer.status == 200
    assert answer.json["success"] is True
    assert answer.json["rejected"] == len(bad)
    assert answer.json["reasons"] == [
        {"index": place, "reason": reason} for place, (_, reason) in enumerate(bad, 1)
    ]
    assert [event.message_id for event in events(workspace)] == ["m1", "m2"]
    kept = refusals(workspace)
    assert [refused.reason for refused in kept] == [reason for _, reason in bad]
    assert json.loads(kept[0].example) == bad[0][0]


def test_a_batch_of_which_nothing_is_good_is_an_error(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    answer = api.ask("POST", "/v1/track", {"event": "x"}, key=write_key)
    assert (answer.status, answer.code) == (400, "invalid_event")
    assert "it names nobody" in answer.json["message"]
    answer = api.ask("POST", "/v1/batch", {"batch": [{"event": "x"}] * 2}, key=write_key)
    assert (answer.status, answer.code) == (400, "invalid_event")
    assert len(refusals(workspace)) == 3


def test_a_clock_that_is_years_off_is_put_right(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    # Sent ten seconds after it happened, by a clock that stands in 2001.
    sent = datetime(2001, 1, 1, 0, 0, 10, tzinfo=UTC)
    happened = (sent - timedelta(seconds=10)).isoformat()
    batch = {"batch": [viewed(1, timestamp=happened)], "sentAt": sent.isoformat()}
    assert api.ask("POST", "/v1/batch", batch, key=write_key).status == 200
    single = viewed(2, originalTimestamp=happened, sentAt=sent.isoformat())
    assert api.ask("POST", "/v1/track", single, key=write_key).status == 200
    for frame in frames(workspace):
        (event,) = frame.events
        assert event.timestamp == frame.received_at - 10 * SECOND


def test_an_event_without_a_time_happened_when_it_was_received(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    before = time.time_ns() // 1000
    assert api.ask("POST", "/v1/track", viewed(), key=write_key).status == 200
    (event,) = events(workspace)
    assert event.timestamp is not None
    assert before <= event.timestamp <= time.time_ns() // 1000


BAD_BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty": (b"", 400, "invalid_json"),
    "torn": (b'{"batch": [', 400, "invalid_json"),
    "a list": (b"[]", 400, "invalid_json"),
    "no batch": (b"{}", 400, "invalid_json"),
    "batch of another type": (b'{"batch": {}}', 400, "invalid_json"),
    "not a number of JSON": (b'{"batch": [NaN]}', 400, "invalid_event"),
    "invalid UTF-8 outside": (b'{"batch": [], "writeKey": "\xff"}', 400, "invalid_json"),
    "invalid UTF-8 inside": (b'{"batch": [{"userId": "\xff"}]}', 400, "invalid_event"),
    "very deep": (b'{"batch": [' + b"[" * 50_000, 400, "invalid_json"),
    "deep inside": (
        b'{"batch": [{"userId": "u", "type": "page", "properties": '
        + b'{"a": ' * 64
        + b"1"
        + b"}" * 64
        + b"}]}",
        400,
        "invalid_event",
    ),
    "damaged gzip": (b"\x1f\x8b" + b"x" * 50, 400, "invalid_gzip"),
    "torn gzip": (gzip.compress(b'{"batch": []}' * 99, mtime=0)[:-20], 400, "invalid_gzip"),
    "gzip bomb": (gzip.compress(b" " * (400 << 20), 9, mtime=0), 413, "too_large"),
    "bomb of many members": (gzip.compress(b" " * (1 << 20), mtime=0) * 9, 413, "too_large"),
    "more members than anybody needs": (gzip.compress(b"", mtime=0) * 100, 400, "invalid_gzip"),
    "a context for each of too many": (
        json.dumps({"batch": [{}] * 600, "context": {"a": "x" * 30_000}}).encode(),
        413,
        "too_large",
    ),
    "a context larger than an event": (
        json.dumps({"batch": [{}], "context": {"a": "x" * 33_000}}).encode(),
        413,
        "too_large",
    ),
    "a context too deep": (
        b'{"batch": [{"userId": "u", "type": "page"}], "context": '
        + b'{"a": ' * 65
        + b"1"
        + b"}" * 66,
        400,
        "invalid_json",
    ),
    "too large": (b" " * ((4 << 20) + 1), 413, "too_large"),
    "too many events": (
        json.dumps({"batch": [{}] * (MOST_EVENTS + 1)}).encode(),
        400,
        "too_many_events",
    ),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_an_error_with_a_code(api: Api, write_key: str, name: str) -> None:
    body, status, code = BAD_BODIES[name]
    answer = api.ask("POST", "/v1/batch", body, key=write_key)
    assert (answer.status, answer.code) == (status, code)
    assert api.ask("POST", "/v1/batch", {"batch": [viewed()]}, key=write_key).status == 200


def test_odd_values_do_no_harm(api: Api, write_key: str, workspace: Workspace) -> None:
    odd: list[Any] = [None, True, 0, -1, 10**40, 1.5, 1e300, "", " ", "\0", "\U0001f600", [], {}]
    batch = [
        viewed(n, **{member: value})
        for n, (member, value) in enumerate(
            (member, value)
            for member in ("userId", "timestamp", "properties", "context", "traits", "event")
            for value in [*odd, {"price": 10**400}, {"products": [None, {"price": "x"}, 3]}]
        )
    ]
    assert api.ask("POST", "/v1/batch", {"batch": batch}, key=write_key).status == 200
    for value in odd:
        single = {**viewed(), "sentAt": value, "writeKey": write_key, "context": value}
        assert api.ask("POST", "/v1/track", single).status == 200
    assert len(events(workspace)) + len(refusals(workspace)) == len(batch) + len(odd)


ODD_EVENTS: dict[str, tuple[bytes, str | None]] = {
    "half a surrogate pair, as browsers cut texts": (rb'{"event":"a\ud83d","userId":"u"}', None),
    "the other half": (rb'{"event":"x","userId":"u","properties":{"\ude00":"\ude00"}}', None),
    "halves in the wrong order": (rb'{"event":"\ude00\ud83d","userId":"u"}', None),
    "NaN, as Python writes it": (b'{"event":"x","userId":"u","properties":{"price":NaN}}', None),
    "a number beyond all": (b'{"event":"x","userId":"u","properties":{"price":1e999}}', None),
    "an integer beyond 64 bits": (b'{"event":"x","userId":%d}' % 10**40, None),
    "NUL": (rb'{"event":"\u0000","userId":"a\u0000"}', None),
    "a key twice": (b'{"event":"x","userId":"u","userId":"v"}', None),
    "revenue that is none": (
        b'{"event":"x","userId":"u","properties":{"revenue":-Infinity}}',
        "its revenue is no finite number",
    ),
    "invalid UTF-8": (b'{"event":"x","userId":"\xed\xa0\xbd"}', "it is not valid UTF-8"),
    "a thousand levels": (
        b'{"event":"x","userId":"u","traits":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_001,
        "it is nested deeper than 64 levels",
    ),
    "twenty thousand levels": (
        b'{"event":"x","userId":"u","traits":' + b"[" * 9_000 + b"]" * 9_000 + b"}",
        "it is nested deeper than 64 levels",
    ),
    "none": (b"NaN", "it is no JSON object"),
}


@pytest.mark.parametrize("name", ODD_EVENTS)
def test_one_odd_event_costs_a_batch_none_of_its_good_ones(
    api: Api, write_key: str, workspace: Workspace, name: str
) -> None:
    odd, reason = ODD_EVENTS[name]
    good = [json.dumps(viewed(number)).encode() for number in (1, 2)]
    body = b'{"batch":[' + b",".join([good[0], odd.replace(b"{", b'{"type":"track",', 1), good[1]])
    answer = api.ask("POST", "/v1/batch", body + b"]}", key=write_key)
    assert answer.status == 200
    assert answer.json.get("reasons", []) == ([{"index": 1, "reason": reason}] if reason else [])
    taken = [event.message_id for event in events(workspace)]
    assert (taken[0], taken[-1]) == ("m1", "m2")
    assert len(taken) == (2 if reason else 3)
    single = api.ask("POST", "/v1/track", odd, key=write_key)
    assert single.status == (400 if reason else 200)


def test_what_is_only_nearly_json_is_kept_as_it_was_meant(
    api: Api, write_key: str, workspace: Workspace
) -> None:
    properties = rb'{"price":NaN,"title":"a\ud83d","ok":"\ud83d\ude00","path":"c:\\ud83d"}'
    body = b'\xef\xbb\xbf{"event":"x","userId":"u","properties":' + properties + b"}"
    assert api.ask("POST", "/v1/track", body, key=write_key).status == 200
    (event,) = events(workspace)
    assert event.properties is not None
    assert json.loads(event.properties["other"]) == {"ok": "\U0001f600", "path": "c:\\ud83d"}
    assert event.properties["title"] == "a\ufffd"
    assert "price" not in event.properties


def test_who_has_no_valid_key_is_not_let_in(
    api: Api, make_key: MakeKey, engine: Engine, workspace: Workspace
) -> None:
    other = make_key(Scope.EVALUATE)[1]
    revoked, token = make_key(Scope.COLLECT)
    with engine.begin() as conn:
        revoke_key(conn, revoked.public_id, actor=Actor("ann"), at=datetime.now(UTC))
    api.serving.look()
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Authorization": "Basic %%%"}, 401),
        (basic(token), 401),
        (basic(other), 403),
    ):
        answer = api.ask("POST", "/v1/track", viewed(), headers)
        assert answer.status == status
        assert answer.code in ("unauthorized", "forbidden")
    assert api.ask("POST", "/v1/t", viewed(writeKey=7)).status == 401
    assert frames(workspace) == []


def test_a_key_that_sends_too_much_is_told_when_to_come_back(
    workspace: Workspace, api: Api, make_key: MakeKey
) -> None:
    token = make_key(Scope.COLLECT, rate=10)[1]
    full = {"batch": [viewed(n) for n in range(20)]}
    assert api.ask("POST", "/v1/batch", full, key=token).status == 200
    answer = api.ask("POST", "/v1/batch", full, key=token)
    assert (answer.status, answer.code) == (429, "too_many")
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert len(events(workspace)) == 20


def test_when_too_many_requests_are_under_way_others_are_told_to_come_back(
    workspace: Workspace, engine: Engine
) -> None:
    with running(workspace, Settings(most_waiting=0)) as api:
        answer = api.ask("POST", "/v1/track", viewed())
        assert (answer.status, answer.code) == (503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert api.ask("GET", "/healthz").status == 200


def test_a_disk_that_refuses_is_told_and_collecting_goes_on_after_it(
    api: Api, write_key: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("data.collect_log.os.fdatasync", full)
        answer = api.ask("POST", "/v1/track", viewed(1), key=write_key)
        assert (answer.status, answer.code) == (503, "storage_unavailable")
        assert "retry-after" in answer.headers
    assert api.ask("POST", "/v1/track", viewed(2), key=write_key).status == 200
    assert events(workspace)[-1].message_id == "m2"


def test_a_full_disk_acknowledges_nothing_and_leaves_no_file_a_request(
    api: Api, write_key: str, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    folder = log_folder(workspace)
    with monkeypatch.context() as patch:
        patch.setattr("data.collect_log.os.write", full)
        for number in range(5):
            answer = api.ask("POST", "/v1/batch", {"batch": [viewed(number)]}, key=write_key)
            assert (answer.status, answer.code) == (503, "storage_unavailable")
            assert int(answer.headers["retry-after"]) > 0
    assert len(segments(folder)) <= 1
    again = {"batch": [viewed(number) for number in range(5)]}
    assert api.ask("POST", "/v1/batch", again, key=write_key).status == 200
    assert [event.message_id for event in events(workspace)] == [f"m{n}" for n in range(5)]


def test_analytics_next_is_told_to_send_here(api: Api, write_key: str) -> None:
    answer = api.ask("GET", f"/v1/projects/{write_key}/settings")
    segment = answer.json["integrations"]["Segment.io"]
    assert segment["apiKey"] == write_key
    assert segment["apiHost"] == f"127.0.0.1:{api.port}/v1"
    assert segment["protocol"] == "http"
    assert api.ask("GET", "/v1/projects/unknown/settings").status == 401


def test_metrics_count_and_name_nobody(api: Api, write_key: str, make_key: MakeKey) -> None:
    api.ask("POST", "/v1/batch", {"batch": [viewed(), {"userId": "secret-user"}]}, key=write_key)
    api.ask("GET", f"/v1/projects/{write_key}/settings")
    assert api.ask("GET", "/metrics", key=write_key).status == 403
    text = api.ask("GET", "/metrics", key=make_key(Scope.ADMIN)[1]).body.decode()
    assert 'kindred_events_total{outcome="accepted"}' in text
    assert 'route="/v1/projects/{key}/settings"' in text
    assert "secret-user" not in text
    assert write_key not in text
