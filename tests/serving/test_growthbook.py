"""GrowthBook's SDK endpoints: conditions, groups, what is left out and why, streams."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from data.api_keys import Scope
from data.id_lists import save_list
from kindred.segments import rules as r
from kindred.traits.trait import TraitType
from serving.growthbook import MOST_IDS
from tests.support.api import Api
from tests.support.served import ACTOR, Town

GOLD = r.TraitRule("plan", "eq", "gold")
TYPES = {"plan": TraitType.CATEGORY, "spent": TraitType.NUMBER}


@pytest.fixture(autouse=True)
def traits(town: Town) -> None:
    town.compute_traits(TYPES, {"u1": {"plan": "gold", "spent": 5.0}, "u2": {"spent": 1.0}})


def payload(api: Api, key: str, **headers: str) -> Any:
    api.serving.look()
    return api.ask("GET", f"/api/features/{key}", headers=headers)


def test_a_segment_is_a_feature_with_a_condition(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    found = payload(api, town.key()).json
    assert found["features"] == {
        "gold": {
            "defaultValue": False,
            "rules": [
                {
                    "id": "segment-gold-1",
                    "force": True,
                    "condition": {"plan": {"$type": "string", "$eq": "gold"}},
                }
            ],
        }
    }
    assert found["leftOut"] == []


def test_what_the_language_can_not_say_is_left_out_with_the_reason(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.publish("buyers", r.AllRule((GOLD, r.EventRule("Order Completed"))))
    town.publish("top", r.PercentileRule("spent", "top", 10))
    found = payload(api, town.key()).json
    assert set(found["features"]) == {"gold"}
    assert [(out["key"], out["version"]) for out in found["leftOut"]] == [("buyers", 1), ("top", 1)]
    assert found["leftOut"][0]["reasons"][0]["path"] == "rules[1]"
    assert "What a person did" in found["leftOut"][0]["reasons"][0]["reason"]


def test_a_browser_is_told_what_its_publication_allows_and_never_who_is_on_a_list(
    town: Town, api: Api
) -> None:
    with town.engine.begin() as conn:
        ids = b"\n".join([b"id", b"u1", b"u7"])
        save_list(town.workspace, conn, "VIP", ids, actor=ACTOR, at=datetime.now(UTC))
    town.publish("vip", r.ListRule("vip"), browser=True)
    town.publish("gold", GOLD)
    town.publish("open", GOLD, browser=True)
    seen = payload(api, town.key(browser=True))
    assert set(seen.json["features"]) == {"open"}
    assert "savedGroups" not in seen.json
    assert [out["key"] for out in seen.json["leftOut"]] == ["vip"]
    assert b"u7" not in seen.body
    assert b"gold" not in seen.body.replace(b'"$eq":"gold"', b"")
    told = payload(api, town.key()).json
    assert told["savedGroups"] == {"vip": ["u1", "u7"]}
    assert told["features"]["vip"]["rules"][0]["condition"] == {
        "id": {"$type": "string", "$inGroup": "vip"}
    }


def test_a_long_list_is_not_sent(town: Town, api: Api) -> None:
    with town.engine.begin() as conn:
        ids = b"\n".join(b"u%d" % n for n in range(MOST_IDS + 1))
        save_list(town.workspace, conn, "Long", ids, actor=ACTOR, at=datetime.now(UTC))
    town.publish("long", r.ListRule("long"))
    found = payload(api, town.key()).json
    assert (found["features"], found["savedGroups"]) == ({}, {})
    assert "too many" in found["leftOut"][0]["reasons"][0]["reason"]


def test_a_tag_says_that_nothing_changed(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    key = town.key()
    first = payload(api, key)
    assert first.headers["x-sse-support"] == "enabled"
    tag = first.headers["etag"]
    assert payload(api, key, **{"If-None-Match": tag}).status == 304
    town.publish("gold", r.NotRule(GOLD))
    later = payload(api, key, **{"If-None-Match": tag})
    assert later.status == 200
    assert later.json["dateUpdated"] != first.json["dateUpdated"]


def test_only_a_key_that_may_evaluate_is_told(town: Town, api: Api) -> None:
    assert payload(api, "kd_nobody_knows").code == "unauthorized"
    assert payload(api, town.key(Scope.COLLECT)).code == "forbidden"
    assert api.ask("GET", "/sub/kd_nobody_knows").code == "unauthorized"
    assert api.ask("GET", "/ofrep/v1/streams/x.y").code == "unauthorized"


# --- streams --------------------------------------------------------------------------------


@contextmanager
def listening(api: Api, path: str, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """Open a stream, and read its events one by one."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.getheader("content-type", "").startswith("text/event-stream")

    def events() -> Iterator[dict[str, str]]:
        event: dict[str, str] = {}
        while True:
            line = answer.readline().decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if not line and event:
                yield event
                event = {}
            elif line:
                event[name] = value

    try:
        yield events()
    finally:
        connection.close()


def test_growthbooks_stream_sends_the_features_now_and_when_they_change(
    town: Town, api: Api
) -> None:
    town.publish("gold", GOLD)
    key = town.key()
    api.serving.look()
    with listening(api, f"/sub/{key}") as events:
        first = next(events)
        assert first["event"] == "features"
        assert set(json.loads(first["data"])["features"]) == {"gold"}
        town.publish("silver", r.NotRule(GOLD))
        second = next(events)  # nobody looks but the process itself
        assert set(json.loads(second["data"])["features"]) == {"gold", "silver"}


def test_ofreps_stream_says_when_to_ask_again(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    key = town.key()
    api.serving.look()
    body = {"context": {"targetingKey": "u1"}}
    bulk = api.ask("POST", "/ofrep/v1/evaluate/flags", body, key=key)
    path = bulk.json["eventStreams"][0]["endpoint"]["requestUri"]
    assert key not in path
    with listening(api, path) as events:
        assert next(events) == {"": "open"}
        town.withdraw("gold")
        assert json.loads(next(events)["data"]) == {"type": "refetchEvaluation"}
    with listening(api, path, **{"Last-Event-ID": "1"}) as events:
        assert json.loads(next(events)["data"]) == {"type": "refetchEvaluation"}
