"""One person's live state, as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from data.live_places import NOW, Now, Shelf
from data.live_profiles import LiveProfiles, person_key
from data.live_store import META, LiveStore, open_live_store
from data.workspace import Workspace
from kindred.errors import UserError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
encode = msgspec.msgpack.encode


@pytest.fixture
def live_store(workspace: Workspace, live_url: str | None) -> Iterator[LiveStore]:
    opened = open_live_store(workspace, live_url)
    yield opened
    opened.close()


def test_nobody_is_known_in_an_empty_store(live_store: LiveStore) -> None:
    live = LiveProfiles(live_store)
    assert live.person("u1") is None
    assert live.state().traits_as_of is None


def test_a_person_is_read_as_rules_see_them(live_store: LiveStore) -> None:
    columns = ("income", "tags", "vip", "gone")
    now = Now(
        traits=Shelf("a", 1, AT, columns),
        clusters=Shelf("b", 4, AT),
        members=Shelf("a", 2, AT),
        events=Shelf("b", 0, AT),
    )
    key = person_key("u1")
    second = int(AT.timestamp() * 1e6) + 1_000_000
    tracks = {"Product Viewed": [[second], [{"price": 2.5}]]}
    live_store.write(
        [
            (META, NOW, encode(now)),
            ("traits-a", key, encode([7, ["x", "y"], True, None])),
            ("clusters-b", key, encode(3)),
            ("members-a", key, encode([["fans", 2, AT]])),
            ("events-b", key, encode([tracks, {"city": [second, "Rome"]}, 0])),
        ]
    )
    person = LiveProfiles(live_store).person("u1")
    assert person is not None
    profile = person.profile
    assert profile.traits == {"income": 7, "tags": ("x", "y"), "vip": True, "city": "Rome"}
    assert profile.numbers == {"income": 7}
    assert profile.clusters == {4: 3}
    assert profile.events["Product Viewed"].times == [second]
    assert profile.events["Product Viewed"].properties == [{"price": 2.5}]
    assert (person.memberships["fans"].version, person.memberships["fans"].since) == (2, AT)
    assert person.events_since == AT


def test_what_lies_in_the_place_that_does_not_count_is_not_read(live_store: LiveStore) -> None:
    key = person_key("u1")
    live_store.write([("traits-b", key, encode([7]))])
    live = LiveProfiles(live_store)
    assert live.person("u1") is None
    live_store.write([(META, NOW, encode(Now(traits=Shelf("b", 1, AT, ("income",)))))])
    found = live.person("u1")
    assert found is not None
    assert found.profile.traits == {"income": 7}
    assert live.state().trait_names == {"income"}


def test_two_holders_of_a_store_in_one_process_share_it(workspace: Workspace) -> None:
    one, other = open_live_store(workspace), open_live_store(workspace)
    one.write([(META, b"x", b"1")])
    one.close()
    assert other.read([(META, b"x")]) == [b"1"]
    other.close()
    again = open_live_store(workspace)
    assert again.read([(META, b"x"), (META, b"y")]) == [b"1", None]
    again.close()


def test_shelves_are_filled_cleared_and_written_as_one(live_store: LiveStore) -> None:
    live_store.fill("traits-a", ((f"p{n:05}".encode(), b"%d" % n) for n in range(5_000)))
    live_store.write([("traits-a", b"p00001", None), ("events-a", b"p", b"\0\xff")])
    asked = [("traits-a", b"p00000"), ("traits-a", b"p00001"), ("traits-a", b"p04999")]
    assert live_store.read([*asked, ("events-a", b"p")]) == [b"0", None, b"4999", b"\0\xff"]
    live_store.clear("traits-a")
    assert live_store.read([*asked, ("events-a", b"p")]) == [None, None, None, b"\0\xff"]


def test_a_redis_that_is_not_there_is_told(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="Redis does not answer"):
        open_live_store(workspace, "redis://127.0.0.1:1/0")
