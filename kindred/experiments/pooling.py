"""Arms put together: several variations that are one thing for the question asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from kindred.errors import UserError
from kindred.experiments.moments import Moments

Number = TypeVar("Number", int, float)


def pooled(arms: Mapping[str, Moments], groups: Mapping[str, Sequence[str]]) -> dict[str, Moments]:
    """Add arms up; those that no group names stay as they are.

    As if their people had been given one arm: right where the split was the same all along, else
    pool each span of a constant split by itself (Simpson's paradox).

    Parameters
    ----------
    groups : mapping of name to variations
        A variation is in one group at most.

    Examples
    --------
    >>> one = Moments.of_rows({"value": [1.0, 2.0]})
    >>> both = pooled({"A": one, "B": one, "C": one}, {"B or C": ["B", "C"]})
    >>> {name: moments.n for name, moments in both.items()}
    {'A': 2, 'B or C': 4}
    """
    made: dict[str, Moments] = {}
    names = membership(groups)
    for arm, moments in arms.items():
        name = names.get(arm, arm)
        made[name] = made[name] + moments if name in made else replace(moments)
    return made


def pooled_counts(
    counts: Mapping[str, Number], groups: Mapping[str, Sequence[str]]
) -> dict[str, Number]:
    """Add up sizes of arms, or weights of a split, in the same way."""
    made: dict[str, Number] = {}
    names = membership(groups)
    for arm, number in counts.items():
        name = names.get(arm, arm)
        made[name] = made[name] + number if name in made else number
    return made


def membership(groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Give the group of each variation that is in one."""
    found: dict[str, str] = {}
    for name, members in groups.items():
        for member in members:
            if member in found:
                raise UserError(
                    f"{member!r} is in two groups, {found[member]!r} and {name!r}.",
                    "Put each variation in one.",
                )
            found[member] = name
    return found
