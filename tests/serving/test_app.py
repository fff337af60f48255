"""The API as a whole: health, the one shape of errors, and who may ask."""

from __future__ import annotations

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
