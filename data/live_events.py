"""What live state makes of events: a person's recent ones by name, and what they told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

import msgspec

from data.live_profiles import person_key
from data.live_store import META, Change, LiveStore
from kindred.intake import Event

HORIZON: Final = timedelta(days=90)
MOST_EVENTS: Final = 1_000  # a person; older ones go first
MOST_BYTES: Final = 256 << 10  # a person, packed; who sends long events is kept fewer of them
MOST_TOLD: Final = 50
_SLACK: Final = 86_400_000_000  # microseconds past the horizon before a person is looked through
_LONG_NUMBER: Final = re.compile(r"\d{16}")  # may be beyond what is exact
_EXACT: Final = 1 << 53
_ENDLESS: Final = 1 << 1023

Track = tuple[list[int], list[msgspec.Raw]]


class Kept(msgspec.Struct, array_like=True):
    """:class:`data.live_profiles.Seen`, whose properties stay as they are encoded."""

    tracks: dict[str, Track] = msgspec.field(default_factory=dict)
    told: dict[str, tuple[int, msgspec.Raw]] = msgspec.field(default_factory=dict)
    since: int = 0

    def add(self, event: Event) -> None:
        """Take an event in, at its place in time."""
        at = event.timestamp or 0
        if at < self.since:
            return
        if event.event is not None:
            self.happened(event.event, at, members(event.properties))
        if event.type == "identify" and event.traits:
            self.tell(at, _json(event.traits))

    def add_stored(
        self, event: str | None, at: int, properties: str | None, told: str | None
    ) -> None:
        """Take an event of the lake in, whose members are JSON texts."""
        if event is not None:
            self.happened(event, at, _json(properties) if properties else {})
        if told:
            try:
                self.tell(at, _json(told))
            except (msgspec.MsgspecError, AttributeError):
                return  # an import may hold anything in traits

    def happened(self, name: str, at: int, properties: Mapping[str, Any]) -> None:
        """Keep something that happened."""
        track = self.tracks.get(name)
        if track is None:
            track = self.tracks[name] = ([], [])
        times, kept = track
        place = len(times)
        while place and times[place - 1] > at:  # late ones are few, and not very late
            place -= 1
        times.insert(place, at)
        kept.insert(place, msgspec.Raw(_encode(properties)))

    def tell(self, at: int, traits: Mapping[str, Any]) -> None:
        """Keep what a person told, the newest value of each name."""
        for name, value in traits.items():
            known = self.told.get(name)
            if value is None or (known is None and len(self.told) >= MOST_TOLD):
                continue
            if known is None or known[0] <= at:
                self.told[name] = (at, msgspec.Raw(_encode(exact(value))))

    def packed(self, horizon: int) -> bytes:
        """Pack what is to be kept: nothing that is older than the horizon, and not too much."""
        self.trim(horizon)
        packed = _encode(self)
        if len(packed) <= MOST_BYTES:
            return packed
        self._shorten(MOST_BYTES // 2)
        return _encode(self)

    def trim(self, horizon: int) -> None:
        """Let go of what is older than the horizon, and of the oldest where there is too much."""
        old, events = False, 0
        for times, _ in self.tracks.values():
            old = old or times[0] < horizon - _SLACK
            events += len(times)
        if old:
            self._cut(horizon)
        if events > MOST_EVENTS:
            every = sorted(at for times, _ in self.tracks.values() for at in times)
            self._cut(every[-MOST_EVENTS])

    def _shorten(self, most: int) -> None:
        """Keep the newest events that take `most` bytes together."""
        every = sorted(
            (
                (at, len(memoryview(raw)))
                for times, kept in self.tracks.values()
                for at, raw in zip(times, kept, strict=True)
            ),
            reverse=True,
        )
        for at, size in every:
            most -= size
            if most < 0:
                self._cut(at + 1)
                return

    def _cut(self, start: int) -> None:
        self.since = max(self.since, start)
        for name, (times, kept) in list(self.tracks.items()):
            gone = sum(at < start for at in times)
            if gone == len(times):
                del self.tracks[name]
            elif gone:
                self.tracks[name] = (times[gone:], kept[gone:])


def apply_events(
    store: LiveStore,
    place: str,
    events: Iterable[Event],
    positions: Mapping[str, int],
    *,
    horizon: int,
) -> int:
    """Take events in, and how far in the log they reach, all or nothing; gives the bytes written.

    Parameters
    ----------
    place : str
        Of the shelf ``events``: *a* or *b*.
    horizon : int
        Microseconds since 1970; nothing older need be kept.
    """
    shelf = f"events-{place}"
    by_person: dict[bytes, list[Event]] = {}
    for event in events:
        by_person.setdefault(person_key(event.person), []).append(event)
    found = store.read([(shelf, key) for key in by_person])
    changes: list[Change] = []
    written = 0
    for (key, own), raw in zip(by_person.items(), found, strict=True):
        kept = _decode(raw) if raw is not None else Kept()
        for event in own:
            kept.add(event)
        changes.append((shelf, key, packed := kept.packed(horizon)))
        written += len(packed)
    changes.append((META, positions_key(place), _encode(dict(positions))))
    store.write(changes)
    return written


def live_positions(store: LiveStore, place: str) -> dict[str, int]:
    """Give how far each segment of the log is in the live state."""
    (raw,) = store.read([(META, positions_key(place))])
    found: dict[str, int] = msgspec.msgpack.decode(raw) if raw else {}
    return found


def positions_key(place: str) -> bytes:
    """Name the record of positions of a place."""
    return f"positions-{place}".encode()


def members(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give an event's properties as it was sent: typed members, and the others beside them."""
    if not properties:
        return {}
    typed = {k: v for k, v in properties.items() if v is not None and k != "other"}
    other = properties.get("other")
    return {**_json(other), **typed} if other else typed


def exact(value: Any) -> Any:
    """Bring whole numbers that are too large to be exact to the numbers that rules compare."""
    if isinstance(value, dict):
        return {name: exact(member) for name, member in value.items()}
    if isinstance(value, list):
        return [exact(member) for member in value]
    if type(value) is int and abs(value) > _EXACT:
        return float(value) if abs(value) < _ENDLESS else None
    return value


def _json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(text)
    return exact(found) if _LONG_NUMBER.search(text) else found


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Kept).decode
