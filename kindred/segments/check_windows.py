"""Check the windows of a rule: lengths of time, and ends that are in order."""

from __future__ import annotations

from collections.abc import Iterator

from kindred.errors import UserError
from kindred.segments.durations import ACCEPTED, ACCEPTED_TIMES, instant, length, micros
from kindred.segments.parse import Problem
from kindred.segments.walk import join
from kindred.segments.windows import HasWindow


def check_duration(path: str, text: str | None) -> Iterator[Problem]:
    """Check a length of time, if there is one."""
    if text is None:
        return
    try:
        length(text)
    except UserError as error:
        yield Problem(path, error.what, error.fix)


def check_window(path: str, leaf: HasWindow) -> Iterator[Problem]:
    """Check `within` and `between`: at most one of them, and no window that is empty."""
    yield from check_duration(join(path, "within"), leaf.within)
    if leaf.between is None:
        return
    here = join(path, "between")
    if leaf.within is not None:
        yield Problem(here, "There are two windows.", "Give 'within' or 'between', not both.")
    ends: list[tuple[bool, int]] = []
    for i, text in enumerate(leaf.between):
        try:
            back = text.startswith("P")
            ends.append((back, -length(text) if back else micros(instant(text))))
        except UserError as error:
            accepted = f"{ACCEPTED_TIMES} Or a time before now: {ACCEPTED}"
            yield Problem(f"{here}[{i}]", error.what, accepted)
    if len(ends) == 2 and ends[0][0] == ends[1][0] and ends[0][1] >= ends[1][1]:
        yield Problem(
            here,
            "The window ends before it begins.",
            "Give the earlier end first; before now, that is the longer time (P60D, P30D).",
        )
