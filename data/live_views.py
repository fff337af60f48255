"""Parts of a live profile that are unpacked only when a rule asks for them.

A request asks one rule about one person, who has dozens of traits and events: unpacking all of them
would take longer than the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from kindred.segments.profile import Track

_tracks: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_track: Final = msgspec.msgpack.Decoder(tuple[list[int], list[Mapping[str, Any]]]).decode
_NUMBERS: Final = (int, float)
Value = TypeVar("Value")


class Wants(NamedTuple):
    """What an answer takes of a person.

    Parameters
    ----------
    traits : frozenset of str or None
        None: all of them.
    """

    traits: frozenset[str] | None
    events: bool = False
    clusters: bool = False
    members: bool = False


EVERYTHING: Final = Wants(None, events=True, clusters=True, members=True)


class Later(Mapping[str, Value]):
    """A mapping that is read when somebody first looks into it."""

    __slots__ = ("_found", "_of", "_read")

    def __init__(self, read: Callable[[bytes], Mapping[str, Value]], of: bytes) -> None:
        self._read, self._of = read, of
        self._found: Mapping[str, Value] | None = None

    def _all(self) -> Mapping[str, Value]:
        if self._found is None:
            self._found = self._read(self._of)
        return self._found

    def __getitem__(self, name: str) -> Value:
        """Give a value."""
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self._all())

    def __len__(self) -> int:
        """Count them."""
        return len(self._all())


class Numbers(Mapping[str, float]):
    """Those of the traits that are numbers."""

    __slots__ = ("_traits",)

    def __init__(self, traits: Mapping[str, Any]) -> None:
        self._traits = traits

    def get(self, name: str, default: Any = None) -> Any:
        """Give a number, or what stands for one that is not known."""
        value = self._traits.get(name)
        return value if type(value) in _NUMBERS else default

    def __getitem__(self, name: str) -> float:
        """Give a number."""
        value = self._traits[name]
        if type(value) not in _NUMBERS:
            raise KeyError(name)
        number: float = value
        return number

    def __iter__(self) -> Iterator[str]:
        """Walk the names of traits that are numbers."""
        return (name for name, value in self._traits.items() if type(value) in _NUMBERS)

    def __len__(self) -> int:
        """Count them."""
        return sum(1 for _ in self)


class Tracks(Mapping[str, Track]):
    """A person's events by name, each name's unpacked when it is asked for."""

    __slots__ = ("_named", "_packed", "_unpacked")

    def __init__(self, packed: msgspec.Raw) -> None:
        self._packed = packed
        self._named: Mapping[str, msgspec.Raw] | None = None
        self._unpacked: dict[str, Track] = {}

    def _by_name(self) -> Mapping[str, msgspec.Raw]:
        if self._named is None:
            self._named = _tracks(self._packed)
        return self._named

    def get(self, name: str, default: Any = None) -> Any:
        """Give the events of a name, or what stands for none."""
        found = self._unpacked.get(name)
        if found is not None:
            return found
        raw = self._by_name().get(name)
        if raw is None:
            return default
        found = self._unpacked[name] = Track(*_track(raw))
        return found

    def __getitem__(self, name: str) -> Track:
        """Give the events of a name."""
        found: Track | None = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Walk the names."""
        return iter(self._by_name())

    def __len__(self) -> int:
        """Count the names."""
        return len(self._by_name())
