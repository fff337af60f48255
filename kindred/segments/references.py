"""What a rule refers to: whether it is there, and whether segments lead back to themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from kindred.segments.refusal import Problem
from kindred.segments.rules import Rule
from kindred.segments.walk import segments_used


def find_cycle(
    start: str, segments: Mapping[str, Rule], within: tuple[str, ...] = ()
) -> tuple[str, ...] | None:
    """Find a way from a segment back to one already on the way; each segment is seen once."""
    finished: set[str] = set()
    trail: list[str] = list(within)
    waiting: list[tuple[str, Iterator[str]]] = []

    def enter(key: str) -> tuple[str, ...] | None:
        if key in trail:
            return (*trail[trail.index(key) :], key)
        if key not in finished:
            trail.append(key)
            used = segments_used(segments[key]) if key in segments else []
            waiting.append((key, iter(used)))
        return None

    found = enter(start)
    while waiting and found is None:
        rest = waiting[-1][1]
        following = next(rest, None)
        if following is None:
            waiting.pop()
            finished.add(trail.pop())
        else:
            found = enter(following)
    return found


def refuse_unknown(
    path: str, what: str, name: Any, there: Collection[Any] | None
) -> Iterator[Problem]:
    """Refuse a name that is not there, and say which are near; None: what is there is unknown."""
    if there is None or name in there:
        return
    near = get_close_matches(str(name), [str(one) for one in there], 3, 0.5)
    names = near or sorted(str(one) for one in there)[:8]
    if not names:
        accepted = f"There is no {what} yet."
    else:
        accepted = f"{'Did you mean' if near else 'There are'} {', '.join(names)}"
        accepted += "?" if near else "."
    yield Problem(path, f"There is no {what} {name!r}.", accepted)
