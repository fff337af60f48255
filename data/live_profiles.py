"""Live state as serving reads it: one person's traits, recent events, clusters and memberships.

**How evaluate uses it.** Open once a process, and ask per request; a read takes microseconds
(embedded) or one round trip (Redis), so it may be called from a coroutine as it is::

    live = LiveProfiles(open_live_store(workspace))
    person = live.person("u42")            # None: nobody has heard of them
    if person is not None:
        belongs(person.profile, rule, context, as_of)
        person.memberships.get("vip")      # what batch last found: version, since when
    live.state()                           # how old what is known by batch is

A rule whose event leaves look no further back than ``person.events_since`` is answered from
``profile`` at once; one that looks further back is known by batch only, so its answer is
``memberships`` with ``state().memberships_as_of`` beside it. Traits that people told of themselves
are as new as the last event; computed traits are those of ``state().traits_as_of``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from data.live_store import META, LiveStore
from data.live_views import Numbers, Tracks
from kindred.segments.durations import micros
from kindred.segments.profile import Profile, Track
from kindred.traits.told import told_value
from kindred.traits.trait import TraitType

NOW: Final = b"now"
PULSE: Final = b"pulse"
LONGEST_KEY: Final = 480  # LMDB takes 511 bytes
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Shelf(msgspec.Struct, frozen=True, array_like=True):
    """Which place of a shelf counts, what filled it, and the time its content is of."""

    place: str
    run: int
    as_of: datetime
    columns: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  # of the columns, as data.traits declares them
    told: dict[str, str] = {}  # the column of what people told under another name


class Now(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which places count; one small record that readers look at first."""

    traits: Shelf | None = None
    clusters: Shelf | None = None
    members: Shelf | None = None
    events: Shelf | None = None


class Seen(msgspec.Struct, array_like=True):
    """A person's recent events by name, as they are packed, and what they told of themselves."""

    tracks: dict[str, msgspec.Raw] = msgspec.field(default_factory=dict)
    told: dict[str, tuple[int, Any]] = msgspec.field(default_factory=dict)
    since: int = 0  # microseconds; every event from here on is held


@dataclass(frozen=True)
class Belonging:
    """Being in a segment, as batch last found.

    Parameters
    ----------
    since : datetime
        As of the run at which the person joined.
    """

    segment: str
    version: int
    since: datetime


@dataclass(frozen=True)
class LivePerson:
    """What is known of one person right now.

    Parameters
    ----------
    profile : Profile
        Traits, recent events and clusters, as rules read them.
    memberships : mapping of segment's key to Belonging
        What batch last found.
    since : int or None
        Every event of theirs from here on, in microseconds since 1970, is in the profile; None:
        events are not known at all.
    """

    profile: Profile
    memberships: Mapping[str, Belonging]
    since: int | None

    @property
    def events_since(self) -> datetime | None:
        """Every event of theirs from here on is in the profile."""
        return None if self.since is None else datetime.fromtimestamp(self.since / 1e6, UTC)


@dataclass(frozen=True)
class LiveState:
    """How fresh live state is; None where there is nothing yet.

    Parameters
    ----------
    delivered_at : datetime or None
        When the deliverer last looked for events and found none that waits.
    cluster_run : int or None
        The run that ``profile.clusters`` is of.
    """

    traits_as_of: datetime | None = None
    memberships_as_of: datetime | None = None
    events_since: datetime | None = None
    delivered_at: datetime | None = None
    cluster_run: int | None = None
    trait_names: frozenset[str] = field(default_factory=frozenset)


class LiveProfiles:
    """Reads live state."""

    def __init__(self, store: LiveStore) -> None:
        self._store = store
        self._known: tuple[bytes | None, Now, dict[str, str]] = (None, Now(), {})

    def person(self, person_id: str) -> LivePerson | None:
        """Read what is known of a person; none where nobody has heard of them."""
        now, found = self._read(person_key(person_id))
        row, members, happened = found.get("traits"), found.get("members"), found.get("events")
        if row is None and members is None and happened is None:
            return None
        traits = {} if row is None else _traits(now.traits, _decode(row))
        events: Mapping[str, Track] = {}
        seen = None
        if happened is not None:
            seen = _decode_seen(happened)
            events = Tracks(seen.tracks)
            if seen.told:
                traits.update(told_traits(seen.told, now.traits))
        cluster = found.get("clusters")
        clusters = (
            {} if cluster is None or not now.clusters else {now.clusters.run: _decode(cluster)}
        )
        profile = Profile(person_id, traits, Numbers(traits), events, clusters)
        belongs = {} if members is None else {m[0]: Belonging(*m) for m in _decode(members)}
        return LivePerson(profile, belongs, _since(now, seen))

    def _read(self, key: bytes) -> tuple[Now, dict[str, bytes | None]]:
        """Read what the places that count hold of a person, all as it was at one moment."""
        while True:
            known, now, shelves = self._known
            asked = [(META, NOW), *[(shelf, key) for shelf in shelves.values()]]
            raw, *values = self._store.read(asked)
            if raw == known:
                return now, dict(zip(shelves, values, strict=True))
            self._now(raw)  # other places count than when this process last looked

    def state(self) -> LiveState:
        """Say how fresh live state is."""
        raw, pulse = self._store.read([(META, NOW), (META, PULSE)])
        now = self._now(raw)
        return LiveState(
            now.traits.as_of if now.traits else None,
            now.members.as_of if now.members else None,
            now.events.as_of if now.events else None,
            _decode(pulse) if pulse else None,
            now.clusters.run if now.clusters else None,
            frozenset(now.traits.columns if now.traits else ()),
        )

    def _now(self, raw: bytes | None) -> Now:
        """Decode the record of places, which changes a few times a day."""
        if raw != self._known[0]:
            now = _decode_now(raw) if raw else Now()
            self._known = (raw, now, _shelves(now))
        return self._known[1]


def person_key(person_id: str) -> bytes:
    """Give the key of a person; an id that is too long goes by its digest.

    Examples
    --------
    >>> person_key("u42"), len(person_key("x" * 500))
    (b'u42', 33)
    """
    key = person_id.encode("utf-8", "surrogatepass")
    return key if 0 < len(key) <= LONGEST_KEY else b"\0" + hashlib.blake2b(key).digest()[:32]


def _traits(shelf: Shelf | None, row: list[Any]) -> dict[str, Any]:
    if shelf is None:
        return {}
    traits = dict(zip(shelf.columns, row, strict=True))
    if None in row:
        traits = {name: value for name, value in traits.items() if value is not None}
    if not shelf.kinds or TraitType.LIST in shelf.kinds:
        lists = [name for name, value in traits.items() if type(value) is list]
        traits.update({name: tuple(traits[name]) for name in lists})
    return traits


def told_traits(told: Mapping[str, tuple[int, Any]], shelf: Shelf | None) -> dict[str, Any]:
    """Give what a person told as traits: under the trait's name and in its type.

    A name that no trait has yet is a trait of its own, of the type that the value speaks for.
    """
    kinds = dict(zip(shelf.columns, shelf.kinds, strict=False)) if shelf else {}
    names = shelf.told if shelf else {}
    found = {}
    for name, (_, value) in told.items():
        column = names.get(name, name)
        typed = told_value(value, kinds.get(column))
        if typed is not None:
            found[column] = typed
    return found


def _since(now: Now, seen: Seen | None) -> int | None:
    """A person without any event on the shelf has none since its beginning."""
    if now.events is None:
        return None
    begun = micros(now.events.as_of)
    return begun if seen is None else max(seen.since, begun)


def _shelves(now: Now) -> dict[str, str]:
    """Name the places that count, by what they hold."""
    given = {kind: getattr(now, kind) for kind in ("traits", "clusters", "members", "events")}
    return {kind: f"{kind}-{shelf.place}" for kind, shelf in given.items() if shelf is not None}


_decode: Final = msgspec.msgpack.Decoder().decode
_decode_now: Final = msgspec.msgpack.Decoder(Now).decode
_decode_seen: Final = msgspec.msgpack.Decoder(Seen).decode
