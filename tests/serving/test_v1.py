"""``/v1/people`` and ``/v1/segments``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data.api_keys import Scope
from data.lake import commit_files
from data.membership_files import MEMBERSHIPS, SCHEMA, Writer
from data.membership_schema import membership_runs, segment_sizes
from kindred.segments import rules as r
from kindred.traits.trait import TraitType
from tests.support.api import Answer, Api
from tests.support.served import SHELVES_OF, Town

GOLD = r.TraitRule("plan", "eq", "gold")
READ = (Scope.READ, Scope.EVALUATE)


def ask(api: Api, town: Town, method: str, path: str, body: Any = None, **kind: Any) -> Answer:
    key = town.key(*([Scope.EVALUATE] if kind else READ), **kind)
    api.serving.look()
    return api.ask(method, path, body, key=key)


def test_a_person_with_traits_and_segments(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.publish("silver", r.TraitRule("plan", "eq", "silver"))
    town.publish("ever", r.EventRule("Order Completed"))
    town.open_shelves(since=datetime.now(UTC) - timedelta(days=30), cluster_run=7)
    town.person("u1", {"plan": "gold"}, members={"gold": 1}, cluster=3)
    found = ask(api, town, "GET", "/v1/people/u1").json
    assert found["traits"] == {"plan": "gold"}
    assert found["cluster"] == {"run": 7, "cluster": 3}
    assert found["traits_as_of"] == "2026-11-01T00:00:00Z"
    assert found["segments"] == [
        {
            "key": "gold",
            "name": "gold",
            "version": 1,
            "since": "2026-11-01T00:00:00Z",
            "source": "live",
        }
    ]
    assert [each["key"] for each in found["unanswered"]] == ["ever"]


def test_who_came_in_since_batch_looked_is_in_without_since_when(town: Town, api: Api) -> None:
    town.publish("viewers", r.EventRule("Product Viewed", within="P1D"))
    town.person("u1", events=[("Product Viewed", datetime.now(UTC) - timedelta(hours=1), {})])
    (found,) = ask(api, town, "GET", "/v1/people/u1").json["segments"]
    assert (found["key"], found["since"], found["source"]) == ("viewers", None, "live")


def test_nobody_has_heard_of_a_stranger(town: Town, api: Api) -> None:
    assert ask(api, town, "GET", "/v1/people/stranger").code == "not_found"


def test_people_are_read_by_keys_that_may(town: Town, api: Api) -> None:
    key = town.key(Scope.EVALUATE)
    api.serving.look()
    for path in ("/v1/people/u1", "/v1/segments/gold/members"):
        assert api.ask("GET", path, key=key).code == "forbidden"
        assert api.ask("GET", path).code == "unauthorized"


def test_the_segments_that_are_live(town: Town, api: Api) -> None:
    town.publish("gold", GOLD, browser=True)
    town.publish("clustered", r.ClusterRule(1, 7))
    found = ask(api, town, "GET", "/v1/segments").json["segments"]
    assert [(each["key"], each["answered"]) for each in found] == [
        ("clustered", "batch"),
        ("gold", "live"),
    ]
    assert found[1]["sentence"] == "People whose plan is “gold”."
    assert found[1]["size"] is None
    seen = ask(api, town, "GET", "/v1/segments", browser=True).json["segments"]
    assert [each["key"] for each in seen] == ["gold"]


@pytest.fixture
def counted(town: Town) -> list[str]:
    """A segment with 25 members, in row groups of 10."""
    town.publish("gold", GOLD)
    ids = sorted(f"u{n}" for n in range(25))
    rows = [{"person_id": i, "since": SHELVES_OF, "version": 1} for i in ids]
    with Writer(town.workspace) as writer:
        file = writer.members("gold", pa.Table.from_pylist(rows, SCHEMA))
    path = town.workspace.lake / file.path
    pq.write_table(pq.read_table(path), path, row_group_size=10)
    with town.engine.begin() as conn:
        now = datetime.now(UTC)
        commit_files(conn, MEMBERSHIPS, [file], why="test", at=now, snapshot="gold", replace=True)
    return ids


@pytest.mark.parametrize("limit", [1, 7, 10, 25, 100])
def test_members_come_page_by_page(town: Town, api: Api, counted: list[str], limit: int) -> None:
    found: list[str] = []
    after = ""
    for _ in range(30):
        path = f"/v1/segments/gold/members?limit={limit}&after={after}"
        page = ask(api, town, "GET", path).json
        assert page["size"] == 25
        assert len(page["members"]) <= limit
        found += [member["id"] for member in page["members"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert found == counted


def note_size(town: Town, key: str, as_of: datetime) -> None:
    """Note that a run worked out a segment's members."""
    town.compute_traits({"plan": TraitType.CATEGORY}, {})
    same = {"as_of": as_of, "dataset_version": 1, "people": 25}
    with town.engine.begin() as conn:
        run = {"id": 1, "follows": 0, "at": as_of, "trait_run_id": 1, "fingerprint": "f"}
        conn.execute(membership_runs.insert().values(**run, **same))
        size = {"key": key, "version": 1, "computed_at": as_of, "size": 25, "backcast": False}
        conn.execute(segment_sizes.insert().values(membership_run_id=1, **size, **same))


def test_members_say_how_old_they_are(town: Town, api: Api, counted: list[str]) -> None:
    path = "/v1/segments/gold/members?limit=1"
    assert ask(api, town, "GET", path).json["as_of"] is None  # nobody noted it
    note_size(town, "gold", SHELVES_OF)
    assert ask(api, town, "GET", path).json["as_of"] == "2026-11-01T00:00:00Z"


def test_members_that_nobody_worked_out(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    assert ask(api, town, "GET", "/v1/segments/gold/members").code == "not_counted"
    assert ask(api, town, "GET", "/v1/segments/nothing/members").code == "not_found"


def test_a_profile_is_judged_by_what_is_sent_alone(town: Town, api: Api) -> None:
    town.publish("gold", GOLD)
    town.publish("viewers", r.EventRule("Product Viewed", within="P1D"))
    town.publish("ever", r.EventRule("Order Completed"))
    town.publish("clustered", r.ClusterRule(1, 7))
    town.person("u1", {"plan": "gold"})
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    profile = {"id": "u1", "events": [{"event": "Product Viewed", "timestamp": at}]}
    found = ask(api, town, "POST", "/v1/segments/evaluate", {"profile": profile}).json
    found = found["segments"]
    by_key = {each["key"]: each.get("in", each.get("error")) for each in found}
    assert by_key.pop("clustered").startswith("The clusters of run 7")
    assert by_key == {"gold": False, "viewers": True, "ever": False}
    some = {"profile": {"traits": {"plan": "gold"}}, "segments": ["gold", "nothing"]}
    one, other = ask(api, town, "POST", "/v1/segments/evaluate", some).json["segments"]
    assert one == {"key": "gold", "version": 1, "in": True}
    assert "error" in other


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profile": []},
        {"profile": {"events": [{"event": "x"}]}},
        {"profile": {"events": [{"event": "x", "timestamp": "2026-11-01T00:00:00"}]}},
        {"profile": {}, "more": 1},
        b"{",
        b"\xff",
    ],
)
def test_a_profile_that_can_not_be_read(town: Town, api: Api, body: Any) -> None:
    answer = ask(api, town, "POST", "/v1/segments/evaluate", body)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_person_whose_id_has_a_slash(town: Town, api: Api) -> None:
    town.person("https://id.example/7", {"plan": "gold"})
    path = "/v1/people/https%3A%2F%2Fid.example%2F7"
    assert ask(api, town, "GET", path).json["id"] == "https://id.example/7"
    assert ask(api, town, "GET", f"{path}/recommendations").code == "no_model"


@pytest.mark.parametrize(
    ("profile", "where"),
    [
        ({"traits": {"spent": 10**400}}, "profile.traits.spent"),
        (
            {"events": [{"event": "x", "timestamp": "0001-01-01T00:00:00+14:00"}]},
            "profile.events.0.timestamp",
        ),
        (
            {"events": [{"event": "x", "timestamp": "9999-12-31T23:59:59-14:00"}]},
            "profile.events.0.timestamp",
        ),
        (
            {
                "events": [
                    {
                        "event": "Order Completed",
                        "timestamp": "2026-11-01T00:00:00Z",
                        "properties": {"revenue": 10**400},
                    }
                ]
            },
            "profile.events.0.properties.revenue",
        ),
    ],
)
def test_numbers_and_times_beyond_all_measure_are_refused(
    town: Town, api: Api, profile: Any, where: str
) -> None:
    town.publish("spent", r.TraitRule("spent", "gte", 5))
    town.publish("sum", r.EventRule("Order Completed", "sum", "gt", 5, "revenue"))
    said = ask(api, town, "POST", "/v1/segments/evaluate", {"profile": profile})
    assert (said.status, said.code) == (400, "invalid_request")
    assert said.json["message"].startswith(f"{where}: ")


def test_a_profile_of_more_than_four_megabytes_is_refused(town: Town, api: Api) -> None:
    body = b'{"profile":{"id":"u1"}}' + b" " * (4 << 20)
    said = ask(api, town, "POST", "/v1/segments/evaluate", body)
    assert (said.status, said.code) == (413, "too_large")
