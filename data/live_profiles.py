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
from kindred.segments.profile import Profile, Track
from kindred.traits.told import told_value

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


class Happenings(msgspec.Struct, array_like=True):
    """A person's recent events by name, times ascending, and what they told of themselves."""

    tracks: dict[str, tuple[list[int], list[dict[str, Any]]]] = msgspec.field(default_factory=dict)
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
    events_since : datetime or None
        Every event of theirs from here on is in the profile; None: events are not known at all.
    """

    profile: Profile
    memberships: Mapping[str, Belonging]
    events_since: datetime | None


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
        self._known: tuple[bytes | None, Now] = (None, Now())

    def person(self, person_id: str) -> LivePerson | None:
        """Read what is known of a person; none where nobody has heard of them."""
        key = person_key(person_id)
        raw, *values = self._store.read([(META, NOW), *((shelf, key) for shelf in _PLACES)])
        if not any(values):
            return None
        now = self._now(raw)
        found = dict(zip(_PLACES, values, strict=True))
        happened = _read(found, "events", now.events, _decode_happenings)
        traits = _traits(now.traits, _read(found, "traits", now.traits, _decode))
        members = _read(found, "members", now.members, _decode)
        cluster = _read(found, "clusters", now.clusters, _decode)
        if traits is None and members is None and happened is None:
            return None
        traits = traits or {}
        if happened and happened.told:
            traits.update(told_traits(happened.told, now.traits))
        since = _since(now, happened)
        run = now.clusters.run if now.clusters else 0
        profile = Profile(
            person_id,
            traits,
            {name: value for name, value in traits.items() if type(value) in (int, float)},
            {name: Track(*track) for name, track in happened.tracks.items()} if happened else {},
            {} if cluster is None else {run: cluster},
        )
        return LivePerson(profile, {m[0]: Belonging(*m) for m in members or ()}, since)

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
            self._known = (raw, _decode_now(raw) if raw else Now())
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


def _read(found: Mapping[str, bytes | None], kind: str, shelf: Shelf | None, decode: Any) -> Any:
    raw = found[f"{kind}-{shelf.place}"] if shelf else None
    return decode(raw) if raw is not None else None


def _traits(shelf: Shelf | None, row: Any) -> dict[str, Any] | None:
    if shelf is None or row is None:
        return None
    return {
        name: tuple(value) if type(value) is list else value
        for name, value in zip(shelf.columns, row, strict=True)
        if value is not None
    }


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


def _since(now: Now, happened: Happenings | None) -> datetime | None:
    """A person without any event on the shelf has none since its beginning."""
    if now.events is None:
        return None
    own = datetime.fromtimestamp(happened.since / 1e6, UTC) if happened else now.events.as_of
    return max(own, now.events.as_of)


_PLACES: Final = tuple(
    f"{kind}-{place}" for kind in ("traits", "clusters", "members", "events") for place in "ab"
)
_decode: Final = msgspec.msgpack.Decoder().decode
_decode_now: Final = msgspec.msgpack.Decoder(Now).decode
_decode_happenings: Final = msgspec.msgpack.Decoder(Happenings).decode
