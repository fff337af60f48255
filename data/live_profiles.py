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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec

from data.live_places import NOW, Places, Plan
from data.live_store import META, Address, LiveStore
from data.live_views import EVERYTHING, Later, Numbers, Tracks, Wants
from kindred.segments.profile import Profile, Track
from kindred.traits.told import told_value

PULSE: Final = b"pulse"
LONGEST_KEY: Final = 480  # LMDB takes 511 bytes
_EMPTY: Final = msgspec.Raw(msgspec.msgpack.encode({}))
_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
_NOW: Final[Address] = (META, NOW)
_MEMBERS: Final = Wants(frozenset(), members=True)


class Seen(msgspec.Struct, array_like=True):
    """A person's recent events by name, and what they told of themselves, both still packed."""

    tracks: msgspec.Raw = _EMPTY
    told: msgspec.Raw = _EMPTY
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


class LivePerson(msgspec.Struct, frozen=True):
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
        self._places = Places(None)

    def person(self, person_id: str) -> LivePerson | None:
        """Read what is known of a person; none where nobody has heard of them."""
        places, plan, found = self._read(person_key(person_id), EVERYTHING)
        if not _heard_of(plan, found):
            return None
        members = _belongings(found[plan.members])
        return _person(person_id, places, plan, found, members)

    def glance(self, person_id: str, wants: Wants) -> LivePerson | None:
        """Read of a person what one answer takes, which is quicker than all of it.

        Memberships are read when they are looked into, as they then are. None is given where
        nobody has heard of the person and that matters: where events are asked about.
        """
        key = person_key(person_id)
        places, plan, found = self._read(key, wants)
        if wants.events and found[plan.events] is None:
            _, whole, all_of_them = self._read(key, EVERYTHING)
            if not _heard_of(whole, all_of_them):
                return None
        return _person(person_id, places, plan, found, Later(self._belongings, key))

    def _belongings(self, key: bytes) -> dict[str, Belonging]:
        _, plan, found = self._read(key, _MEMBERS)
        return _belongings(found[plan.members])

    def _read(self, key: bytes, wants: Wants) -> tuple[Places, Plan, list[bytes | None]]:
        """Read what the places that count hold of a person, all as it was at one moment."""
        while True:
            places = self._places
            plan = places.plan(wants)
            found = self._store.read([_NOW, *[(shelf, key) for shelf in plan.shelves]])
            if found[0] == places.raw:
                found.append(None)  # where a plan's places point to that it does not read
                return places, plan, found
            self._take(found[0])  # other places count than when this process last looked

    def state(self) -> LiveState:
        """Say how fresh live state is."""
        raw, pulse = self._store.read([(META, NOW), (META, PULSE)])
        now = self._take(raw).now
        return LiveState(
            now.traits.as_of if now.traits else None,
            now.members.as_of if now.members else None,
            now.events.as_of if now.events else None,
            _decode(pulse) if pulse else None,
            now.clusters.run if now.clusters else None,
            frozenset(now.traits.columns if now.traits else ()),
        )

    def _take(self, raw: bytes | None) -> Places:
        """Take over the record of places, which changes a few times a day."""
        places = self._places
        if raw != places.raw:
            places = self._places = Places(raw)
        return places


def _heard_of(plan: Plan, found: Sequence[bytes | None]) -> bool:
    """Tell whether anything was found: who is on none of these shelves is nobody."""
    return any(found[at] is not None for at in (plan.traits, plan.events, plan.members))


def _person(
    person_id: str,
    places: Places,
    plan: Plan,
    found: Sequence[bytes | None],
    members: Mapping[str, Belonging],
) -> LivePerson:
    row, happened, cluster = found[plan.traits], found[plan.events], found[plan.clusters]
    traits = {} if row is None else _traits(plan.picks, _decode(row))
    events: Mapping[str, Track] = _NOTHING
    since = places.begun  # a person without any event on the shelf has none since its beginning
    if happened is not None:
        seen = _decode_seen(happened)
        events = Tracks(seen.tracks)
        if len(seen.told) > 1:
            _lay_told(traits, _decode_told(seen.told), places, plan.wants.traits)
        if since is not None and seen.since > since:
            since = seen.since
    run = places.now.clusters
    clusters = _NOTHING if cluster is None or run is None else {run.run: _decode(cluster)}
    profile = Profile(person_id, traits, Numbers(traits), events, clusters)
    return LivePerson(profile, members, since)


def _belongings(members: bytes | None) -> dict[str, Belonging]:
    return {} if members is None else {m[0]: Belonging(*m) for m in _decode(members)}


def person_key(person_id: str) -> bytes:
    """Give the key of a person; an id that is too long goes by its digest.

    Examples
    --------
    >>> person_key("u42"), len(person_key("x" * 500))
    (b'u42', 33)
    """
    key = person_id.encode("utf-8", "surrogatepass")
    return key if 0 < len(key) <= LONGEST_KEY else b"\0" + hashlib.blake2b(key).digest()[:32]


def _traits(picks: Sequence[tuple[str, int]], row: list[Any]) -> dict[str, Any]:
    traits = {}
    for name, at in picks:
        value = row[at]
        if value is not None:
            traits[name] = tuple(value) if type(value) is list else value
    return traits


def _lay_told(
    traits: dict[str, Any],
    told: Mapping[str, tuple[int, Any]],
    places: Places,
    wanted: frozenset[str] | None,
) -> None:
    """Lay what a person told over their traits: under the trait's name and in its type.

    A name that no trait has yet is a trait of its own, of the type that the value speaks for.
    """
    names, kinds = places.told, places.kinds
    for name, (_, value) in told.items():
        column = names.get(name, name)
        if wanted is None or column in wanted:
            typed = told_value(value, kinds.get(column))
            if typed is not None:
                traits[column] = typed


_decode: Final = msgspec.msgpack.Decoder().decode
_decode_told: Final = msgspec.msgpack.Decoder(dict[str, tuple[int, Any]]).decode
_decode_seen: Final = msgspec.msgpack.Decoder(Seen).decode
