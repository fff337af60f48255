"""One person as rules see them: traits, events by name in the order of time, clusters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kindred.segments.durations import micros


@dataclass(frozen=True)
class Happened:
    """Something a person did.

    Parameters
    ----------
    at : datetime
        Aware; when it happened, whenever it was heard of.
    message_id : str, optional
        Of events that share one, the earliest counts.
    """

    event: str
    at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)
    message_id: str | None = None


@dataclass(frozen=True)
class Track:
    """A person's events of one name: times in microseconds, ascending, and their properties."""

    times: list[int]
    properties: list[Mapping[str, Any]]


NOTHING = Track([], [])


@dataclass(frozen=True)
class Profile:
    """What is known of one person; made by :meth:`of`, which puts values in order.

    Parameters
    ----------
    traits : mapping
        Numbers, texts, flags, aware times or tuples; what is unknown is not in it.
    numbers : mapping
        Those of the traits that are numbers.
    clusters : mapping of run to cluster
    """

    person_id: str
    traits: Mapping[str, Any]
    numbers: Mapping[str, float]
    events: Mapping[str, Track]
    clusters: Mapping[int, int]

    @classmethod
    def of(
        cls,
        person_id: str,
        traits: Mapping[str, Any] | None = None,
        events: Iterable[Happened] = (),
        clusters: Mapping[int, int] | None = None,
    ) -> Profile:
        """Take what is known, in any order: late events find their place, repeated ones go.

        Raises
        ------
        ValueError
            A time has no zone.
        """
        known = {}
        for name, value in (traits or {}).items():
            clean = clean_value(value)
            if clean is not None:
                known[name] = clean
        numbers = {name: value for name, value in known.items() if type(value) in (int, float)}
        return cls(person_id, known, numbers, _tracks(events), dict(clusters or {}))


def clean_value(value: Any) -> Any:
    """Bring a value to the types that rules compare; None for what is unknown."""
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= 1 << 53 else float(value)
    if isinstance(value, datetime):
        micros_or_error(value)
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(item for item in map(clean_value, value) if item is not None)
    item = getattr(value, "item", None)  # a NumPy scalar
    return clean_value(item()) if callable(item) else None


def micros_or_error(moment: datetime) -> int:
    """Count a time's microseconds; a time without a zone is nobody's."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be compared: {moment!r}")
    return micros(moment)


def _tracks(events: Iterable[Happened]) -> dict[str, Track]:
    placed = sorted(
        ((micros_or_error(e.at), n, e) for n, e in enumerate(events)), key=lambda p: p[:2]
    )
    heard: set[str] = set()
    tracks: dict[str, Track] = {}
    for at, _, event in placed:
        if event.message_id is not None:
            if event.message_id in heard:
                continue
            heard.add(event.message_id)
        track = tracks.setdefault(event.event, Track([], []))
        track.times.append(at)
        track.properties.append(event.properties)
    return tracks
