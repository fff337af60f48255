"""Which places of live state's shelves count, and what to read of them for an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from data.live_views import Wants
from kindred.segments.durations import micros

NOW: Final = b"now"
_MOST_PLANS: Final = 4096


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


class Places:
    """Which places count, as this process last saw, and what follows from it for reading."""

    def __init__(self, raw: bytes | None) -> None:
        self.raw = raw
        self.now = _decode_now(raw) if raw else Now()
        self.shelves = _shelves(self.now)
        shelf = self.now.traits
        self.columns = {name: at for at, name in enumerate(shelf.columns)} if shelf else {}
        self.kinds = dict(zip(shelf.columns, shelf.kinds, strict=False)) if shelf else {}
        self.told = shelf.told if shelf else {}
        self.begun = micros(self.now.events.as_of) if self.now.events else None
        self._plans: dict[Wants, Plan] = {}

    def plan(self, wants: Wants) -> Plan:
        """Tell what to read; worked out once for what a rule asks for."""
        found = self._plans.get(wants)
        if found is None:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            found = self._plans[wants] = Plan(self, wants)
        return found


class Plan:
    """What to read for an answer: of which shelves, and which places of a row of traits.

    Parameters
    ----------
    traits, events, clusters, members : int
        Where each is in what is read, the record of places being first; -1: it is not read.
    """

    def __init__(self, places: Places, wants: Wants) -> None:
        some = wants.traits is None or bool(wants.traits)
        wanted = {"traits": some, "events": some or wants.events, "clusters": wants.clusters}
        wanted["members"] = wants.members
        read = [kind for kind in places.shelves if wanted[kind]]
        self.wants = wants
        self.shelves = [places.shelves[kind] for kind in read]
        self.traits, self.events, self.clusters, self.members = (
            read.index(kind) + 1 if kind in read else -1
            for kind in ("traits", "events", "clusters", "members")
        )
        asked = places.columns if wants.traits is None else wants.traits
        self.picks = [(name, at) for name, at in places.columns.items() if name in asked]


def _shelves(now: Now) -> dict[str, str]:
    """Name the places that count, by what they hold."""
    given = {kind: getattr(now, kind) for kind in ("traits", "clusters", "members", "events")}
    return {kind: f"{kind}-{shelf.place}" for kind, shelf in given.items() if shelf is not None}


_decode_now: Final = msgspec.msgpack.Decoder(Now).decode
