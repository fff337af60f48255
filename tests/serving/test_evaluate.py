"""OFREP: one flag and all of them, as the protocol has it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.workspace import Workspace
from kindred.segments import rules as r
from serving.definitions import Definitions
from serving.settings import Settings
from tests.support.api import Answer, Api, running
from tests.support.served import ACTOR, SHELVES_OF, Town

PREFIX = "/ofrep/v1/evaluate/flags"
GOLD = r.TraitRule("plan", "eq", "gold")
VIEWED = r.EventRule("Product Viewed", within="P7D")
Flag = Callable[..., Answer]


def look(api: Api) -> None:
    """Take over what has changed now, and not in half a second."""
    api.serving.look()


@pytest.fixture
def flag(api: Api, town: Town) -> Flag:
    def ask(key: str, person: Any = "u1", browser: bool = False, **context: Any) -> Answer:
        token = town.key(browser=browser)
        look(api)
        body = {"context": {"targetingKey": person, **context}}
        return api.ask("POST", f"{PREFIX}/{key}", body, key=token)

    return ask


def test_a_segment_is_a_flag(town: Town, flag: Flag) -> None:
    town.publish("gold", GOLD)
    town.person("u1", {"plan": "gold"})
    town.person("u2", {"plan": "free"})
    assert flag("gold").json == {
        "key": "gold",
        "value": True,
        "reason": "TARGETING_MATCH",
        "variant": "in",
        "metadata": {"version": 1, "source": "live", "asOf": "2026-11-01T00:00:00Z"},
    }
    out = flag("gold", "u2").json
    assert (out["value"], out["reason"], out["variant"]) == (False, "DEFAULT", "out")
    assert flag("gold", "never heard of").json["value"] is False


def test_who_is_asked_about_by_either_kind_of_key_header(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    key, body = town.key(), {"context": {"targetingKey": "u1"}}
    look(api)
    by_header = api.ask("POST", f"{PREFIX}/gold", body, {"X-API-Key": key})
    assert by_header.status == 200
    assert api.ask("POST", f"{PREFIX}/gold", body).status == 401
    wrong = town.key(Scope.COLLECT)
    look(api)
    assert api.ask("POST", f"{PREFIX}/gold", body, key=wrong).code == "forbidden"


def test_the_context_stands_over_traits_for_that_answer_only(town: Town, flag: Flag) -> None:
    town.publish("gold", GOLD)
    town.person("u1", {"plan": "free"})
    assert flag("gold", plan="gold").json["value"] is True
    assert flag("gold").json["value"] is False
    town.person("u2", {"plan": "gold"})
    assert flag("gold", "u2", plan=None).json["value"] is False
    assert flag("gold", "u2", page={"url": "/"}, seconds=1.5).json["value"] is True


def test_everybody_is_static(town: Town, flag: Flag) -> None:
    town.publish("all", r.AllRule(()))
    assert flag("all").json["reason"] == "STATIC"


def test_an_event_in_live_state_changes_the_next_answer(town: Town, flag: Flag) -> None:
    town.publish("viewers", VIEWED)
    town.person("u1")
    assert flag("viewers").json["value"] is False
    town.person("u1", events=[("Product Viewed", datetime.now(UTC) - timedelta(seconds=1), {})])
    assert flag("viewers").json["value"] is True


def test_what_only_batch_knows_says_its_age(town: Town, flag: Flag, api: Api) -> None:
    town.open_shelves(since=datetime.now(UTC) - timedelta(days=30))
    town.publish("ever", r.NotRule(r.EventRule("Order Completed")))
    town.person("u1", events=[("Order Completed", datetime.now(UTC) - timedelta(days=2), {})])
    assert flag("ever").json["metadata"] == {
        "version": 1,
        "source": "live",
    }  # what was seen decides
    town.person("u2", members={"ever": 1})
    unknown = flag("ever", "u2")
    assert (unknown.status, unknown.json["errorCode"]) == (400, "GENERAL")
    assert "not been worked out" in unknown.json["errorDetails"]
    count(api, "ever", 1)
    answer = flag("ever", "u2").json
    assert answer["value"] is True
    assert answer["metadata"] == {"version": 1, "source": "batch", "asOf": "2026-11-01T00:00:00Z"}
    town.person("u3")
    assert flag("ever", "u3").json["value"] is False


def test_batch_does_not_answer_for_traits_that_the_caller_gives(
    town: Town, flag: Flag, api: Api
) -> None:
    town.open_shelves(since=datetime.now(UTC) - timedelta(days=30))
    town.publish("both", r.AllRule((GOLD, r.EventRule("Order Completed", "count", "eq", 2))))
    town.person("u1", {"plan": "gold"}, members={"both": 1})
    count(api, "both", 1)
    assert flag("both").json["value"] is True
    assert flag("both", plan="free").json["value"] is False  # that decides alone
    assert flag("both", plan="gold").json["errorCode"] == "GENERAL"


def count(api: Api, key: str, version: int) -> None:
    """Let batch have worked out a segment's members."""
    definitions = api.serving.part(Definitions)
    api.serving.look()
    held = definitions.held
    counted = {key: replace(held.segments[key], counted=version)}
    flags, segments = {**held.flags, **counted}, {**held.segments, **counted}
    definitions.held = replace(held, flags=flags, segments=segments)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "TARGETING_KEY_MISSING"),
        (b"{}", "TARGETING_KEY_MISSING"),
        ({"context": {}}, "TARGETING_KEY_MISSING"),
        ({"context": {"targetingKey": ""}}, "TARGETING_KEY_MISSING"),
        ({"context": {"targetingKey": 7}}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": "x" * 2000}}, "INVALID_CONTEXT"),
        ({"context": []}, "INVALID_CONTEXT"),
        ({"context": {"targetingKey": "u1", "spent": 10**400}}, "INVALID_CONTEXT"),
        (b"{", "PARSE_ERROR"),
        (b"[]", "PARSE_ERROR"),
        (b"\xff\xfe", "PARSE_ERROR"),
        (b'{"context":{"targetingKey":"\xff"}}', "PARSE_ERROR"),
        (b"[" * 20_000, "PARSE_ERROR"),
        (b'{"context":{"targetingKey":"u","a":NaN}}', "PARSE_ERROR"),
    ],
)
def test_a_question_that_can_not_be_read_is_told_why(
    town: Town, api: Api, body: Any, code: str
) -> None:
    town.publish("gold", GOLD)
    key = town.key()
    look(api)
    one, all_ = (api.ask("POST", path, body, key=key) for path in (f"{PREFIX}/gold", PREFIX))
    assert (one.status, one.json["key"], one.json["errorCode"]) == (400, "gold", code)
    assert (all_.status, all_.json["errorCode"]) == (400, code)
    assert one.json["errorDetails"]


def test_what_is_not_published_is_not_found(town: Town, flag: Flag) -> None:
    town.publish("gold", GOLD)
    missing = flag("nothing")
    assert (missing.status, missing.json["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert missing.json["key"] == "nothing"
    assert flag("gold", browser=True).json["errorCode"] == "FLAG_NOT_FOUND"
    town.publish("open", GOLD, browser=True)
    assert flag("open", browser=True).status == 200


def test_publish_roll_back_and_withdraw_change_the_answer(town: Town, flag: Flag) -> None:
    town.person("u1", {"plan": "gold"})
    town.publish("gold", GOLD)
    assert flag("gold").json["value"] is True
    town.publish("gold", r.TraitRule("plan", "eq", "silver"))
    assert flag("gold").json["value"] is False
    assert flag("gold").json["metadata"]["version"] == 2
    town.roll_back("gold", 1)
    assert flag("gold").json["value"] is True
    town.withdraw("gold")
    assert flag("gold").status == 404


def test_outside_its_validity_nothing_is_published(town: Town, flag: Flag, api: Api) -> None:
    now = datetime.now(UTC)
    town.publish("later", GOLD, valid_from=now + timedelta(hours=1))
    town.publish("soon", GOLD, valid_until=now + timedelta(seconds=0.4))
    assert flag("later").status == 404
    definitions = api.serving.part(Definitions)
    assert definitions.held.published.until is not None
    while datetime.now(UTC) < now + timedelta(seconds=0.4):
        pass
    assert flag("soon").status == 404  # with no news at all


def test_all_flags_at_once_with_a_tag(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.publish("viewers", VIEWED, browser=True)
    town.person("u1", {"plan": "gold"})
    key, body = town.key(), {"context": {"targetingKey": "u1"}}
    look(api)
    found = api.ask("POST", PREFIX, body, key=key)
    assert [(f["key"], f["value"]) for f in found.json["flags"]] == [
        ("gold", True),
        ("viewers", False),
    ]
    stream = found.json["eventStreams"][0]
    assert stream["type"] == "sse"
    tag = found.headers["etag"]
    again = api.ask("POST", PREFIX, body, {"If-None-Match": f'"other", {tag}'}, key)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    town.person("u1", {"plan": "free"})
    assert api.ask("POST", PREFIX, body, {"If-None-Match": tag}, key).status == 200
    page = town.key(browser=True)
    look(api)
    seen = api.ask("POST", PREFIX, body, key=page).json["flags"]
    assert [f["key"] for f in seen] == ["viewers"]


def test_pages_may_read_the_tag(town: Town, api: Api) -> None:
    town.publish("open", GOLD, browser=True)
    headers = {"Origin": "http://localhost:3000"}
    body = {"context": {"targetingKey": "u1"}}
    key = town.key(browser=True)
    look(api)
    found = api.ask("POST", PREFIX, body, headers, key)
    assert "etag" in found.headers["access-control-expose-headers"].lower()


def test_a_rule_that_can_not_be_answered_says_so(town: Town, flag: Flag) -> None:
    town.publish("clustered", r.ClusterRule(1, 7))
    said = flag("clustered")
    assert (said.status, said.json["errorCode"]) == (400, "GENERAL")
    assert "clusters of run 7" in said.json["errorDetails"]
    town.open_shelves(cluster_run=7)
    town.person("u1", cluster=1)
    answer = flag("clustered").json
    assert (answer["value"], answer["metadata"]["asOf"]) == (True, f"{SHELVES_OF:%Y-%m-%dT%XZ}")


def test_a_key_may_ask_only_so_often(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    with town.engine.begin() as conn:
        _, key = create_key(
            conn, "slow", [Scope.EVALUATE], actor=ACTOR, at=datetime.now(UTC), rate=1
        )
    look(api)
    body = {"context": {"targetingKey": "u1"}}
    answers = [api.ask("POST", f"{PREFIX}/gold", body, key=key) for _ in range(4)]
    assert answers[-1].code == "too_many"
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_body_that_does_not_come_is_not_waited_for_for_ever(
    town: Town, workspace: Workspace, engine: Engine
) -> None:
    town.publish("gold", GOLD)
    key = town.key()
    with running(workspace, Settings(patience=0.2)) as api, socket.socket() as slow:
        slow.connect(("127.0.0.1", api.port))
        slow.settimeout(10)
        head = f"POST {PREFIX}/gold HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        slow.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        answer = slow.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"timeout"' in answer


@pytest.mark.parametrize("path", [f"{PREFIX}/gold", PREFIX])
def test_a_question_that_is_too_long_is_refused(town: Town, api: Api, path: str) -> None:
    key = town.key()
    look(api)
    body = {"context": {"targetingKey": "u1", "long": "x" * (70 << 10)}}
    assert api.ask("POST", path, body, key=key).code == "too_large"


def test_both_ways_to_a_flag_answer_alike(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.person("u1", {"plan": "gold"})
    key, origin = town.key(), {"Origin": "http://localhost:3000"}
    look(api)
    for name, body in (
        ("gold", {"context": {"targetingKey": "u1"}}),
        ("gold", {"context": {"targetingKey": "u1", "plan": None}}),
        ("gold", b"{"),
        ("nothing", {"context": {"targetingKey": "u1"}}),
        ("", {"context": {"targetingKey": "u1"}}),
        ("a/b", {"context": {"targetingKey": "u1"}}),
    ):
        quick = api.ask("POST", f"{PREFIX}/{name}", body, key=key)
        common = api.ask("POST", f"{PREFIX}/{name}", body, origin, key)
        assert (quick.status, quick.body) == (common.status, common.body)
        assert "access-control-allow-origin" in common.headers
        for header in ("content-type", "cache-control", "x-content-type-options"):
            assert quick.headers[header] == common.headers[header]
    for wrong in ("kd_x_y", ""):
        quick = api.ask("POST", f"{PREFIX}/gold", {}, {"X-API-Key": wrong})
        common = api.ask("POST", f"{PREFIX}/gold", {}, {"X-API-Key": wrong, **origin})
        assert (quick.status, quick.code) == (common.status, common.code) == (401, "unauthorized")
