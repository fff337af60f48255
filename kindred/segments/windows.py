"""Windows of time: half-open, of fixed length, ending at or before `as_of`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from kindred.segments.durations import instant, length, micros

EVER: Final = -(1 << 62)  # before any event, in microseconds since 1970


class HasWindow(Protocol):
    """What says `within`, `between` or neither."""

    @property
    def within(self) -> str | None:
        """Length of a window that ends now."""

    @property
    def between(self) -> tuple[str, str] | None:
        """Ends of a window."""


Window = tuple[int, int]  # from, until (not in it), in microseconds since 1970


def window(leaf: HasWindow) -> Callable[[int], Window]:
    """Give the window of a leaf as a function of now; nothing at or after now is ever in it."""
    if leaf.within is not None:
        back = length(leaf.within)
        return lambda now: (now - back, now)
    if leaf.between is None:
        return lambda now: (EVER, now)
    first, last = (_end(text) for text in leaf.between)
    return lambda now: (first(now), min(last(now), now))


def _end(text: str) -> Callable[[int], int]:
    if text.startswith("P"):
        back = length(text)
        return lambda now: now - back
    fixed = micros(instant(text))
    return lambda _: fixed
