"""Segment's and RudderStack's SDKs, unmodified but for their host: all that they send arrives."""

from __future__ import annotations

import json

from tests.clients import node_env, python_env
from tests.clients.arrived import KINDS, events_of
from tests.support.api import Api


def test_segments_python_sdk(api: Api, keys: dict[str, str], python_sdks: None) -> None:
    assert python_env.run("segment_sdk.py", api.url, keys["server"]) == {"failed": []}
    found = events_of(api, "python-1", "anon-2")
    assert sorted(found) == KINDS
    assert json.loads(found["identify"][0].traits or "") == {"plan": "gold", "city": "Köln"}
    events = {event.event: event for event in found["track"]}
    assert set(events) == {"Product Viewed", "Product Added"}
    assert events["Product Added"].anonymous_id == "anon-2"
    assert all(event.message_id and event.timestamp for group in found.values() for event in group)


def test_rudderstacks_python_sdk(api: Api, keys: dict[str, str], python_sdks: None) -> None:
    assert python_env.run("rudder_sdk.py", api.url, keys["server"]) == {"failed": []}
    found = events_of(api, "rudder-py-1")
    assert sorted(found) == KINDS
    assert (found["track"][0].properties or {})["revenue"] == 20


def test_segments_node_sdk(api: Api, keys: dict[str, str], node: None) -> None:
    assert node_env.run("segment.mjs", api.url, keys["server"]) == [{"failed": []}]
    found = events_of(api, "node-1", "anon-2")
    assert sorted(found) == KINDS
    assert json.loads(found["identify"][0].traits or "") == {"plan": "gold", "city": "Köln"}


def test_rudderstacks_node_sdk(api: Api, keys: dict[str, str], node: None) -> None:
    assert node_env.run("rudder.mjs", api.url, keys["server"]) == [{"failed": []}]
    found = events_of(api, "rudder-1")
    assert sorted(found) == KINDS
    assert (found["track"][0].properties or {})["order_id"] == "o1"
