"""What live state keeps of a person: the newest, within bounds of number and of bytes."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from data.live_events import MOST_BYTES, MOST_EVENTS, Kept
from data.live_profiles import Seen
from kindred.intake import Event

DAY = int(timedelta(days=1).total_seconds() * 1e6)


def viewed(at: int, text: str = "", name: str = "Seen") -> Event:
    return Event(f"m{at}", "track", "u1", None, at, name, {"url": text} if text else None)


def unpacked(packed: bytes) -> tuple[Seen, list[int]]:
    seen = msgspec.msgpack.decode(packed, type=Seen)
    times = [
        at
        for raw in msgspec.msgpack.decode(seen.tracks, type=dict[str, msgspec.Raw]).values()
        for at in msgspec.msgpack.decode(raw, type=tuple[list[int], list[dict[str, str]]])[0]
    ]
    return seen, sorted(times)


def test_the_newest_thousand_events_are_kept_and_it_is_said_since_when() -> None:
    kept = Kept()
    for at in range(1, MOST_EVENTS + 6):
        kept.add(viewed(at, name=f"Seen {at % 3}"))
    seen, times = unpacked(kept.packed(0))
    assert times == list(range(6, MOST_EVENTS + 6))
    assert seen.since == 6


def test_of_someone_with_long_events_fewer_are_kept_and_it_is_said_since_when() -> None:
    kept = Kept()
    for at in range(1, 101):
        kept.add(viewed(at, "x" * 10_000))
        packed = kept.packed(0)
        assert len(packed) <= MOST_BYTES
    seen, times = unpacked(packed)
    assert times == list(range(seen.since, 101))
    assert len(times) >= 12  # half of what may be kept, at ten thousand bytes each
    kept.add(viewed(seen.since - 1))  # too late: it can't be said any more what else there was
    assert unpacked(kept.packed(0))[1] == times


def test_what_is_a_day_older_than_the_horizon_goes() -> None:
    kept = Kept()
    kept.add(viewed(1))
    kept.add(viewed(3 * DAY))
    assert unpacked(kept.packed(DAY))[1] == [1, 3 * DAY]  # it is looked through now and then
    assert unpacked(kept.packed(2 * DAY))[1] == [3 * DAY]
