"""The API as a whole: health, the one shape of errors, and who may ask."""

from __future__ import annotations

import pytest

from data.api_keys import Scope
from data.live_store import LiveStoreDown
from tests.serving.conftest import MakeKey
from tests.support.api import Api


def test_it_is_alive_and_ready(api: Api) -> None:
    assert api.ask("GET", "/healthz").json == {"status": "ok"}
    assert api.ask("GET", "/readyz").json["status"] == "ready"


def test_what_is_not_there_is_said_in_the_one_shape(api: Api) -> None:
    unknown, wrong = api.ask("GET", "/nowhere"), api.ask("DELETE", "/healthz")
    assert (unknown.status, unknown.code) == (404, "not_found")
    assert (wrong.status, wrong.code) == (405, "method_not_allowed")


def test_only_pages_of_this_machine_may_ask_unless_others_are_named(api: Api) -> None:
    here = api.ask("GET", "/healthz", headers={"Origin": "http://localhost:3000"})
    there = api.ask("GET", "/healthz", headers={"Origin": "https://shop.example"})
    assert here.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "access-control-allow-origin" not in there.headers


def test_live_state_that_can_not_be_reached_is_told(
    api: Api, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: object) -> None:
        raise LiveStoreDown

    token = make_key(Scope.READ)[1]
    monkeypatch.setattr(api.serving.store, "read", away)
    answer = api.ask("GET", "/v1/people/u1", key=token)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"


def test_a_fault_of_ours_is_told_under_a_name_and_without_its_text(
    api: Api, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("somebody-secret")

    token = make_key(Scope.READ)[1]
    monkeypatch.setattr(api.serving.store, "read", broken)
    answer = api.ask("GET", "/v1/people/u1", key=token)
    assert (answer.status, answer.code) == (500, "internal")
    assert "somebody-secret" not in answer.json["message"]
