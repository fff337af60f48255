"""What a rule does, part by part: sizes at every place, a funnel, revenue; what editors look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.segment_columns import Numbers
from data.segment_population import Population
from kindred.segments.bitmap import Bitmap
from kindred.segments.describe import Names, clause
from kindred.segments.editing import Place, plain
from kindred.segments.rules import AllRule, AnyRule, Rule
from kindred.segments.walk import children

REVENUE = "monetary"  # the trait that holds what a person spent


@dataclass(frozen=True)
class Stage:
    """One condition of the outermost group, in its order.

    Parameters
    ----------
    alone : int
        People whom it catches by itself.
    left : int
        People who are in after it and those before it.
    without : int
        People who would be in if it were left out.
    """

    clause: str
    alone: int
    left: int
    without: int


@dataclass(frozen=True)
class Study:
    """What a rule does to a population.

    Parameters
    ----------
    share, revenue_share : float
        Of all people, and of all that was spent; 0 where there is nothing to share.
    revenue : float or None
        What its people spent, in the workspace's currency; None where nobody's is known.
    sizes : mapping of place to int
        How many people every rule in it catches, itself at ``()``.
    funnel : tuple of Stage
        Of `all` each narrows, of `any` each adds; none of other rules.
    narrows : bool
    """

    members: Bitmap
    size: int
    share: float
    revenue: float | None
    revenue_share: float
    sizes: Mapping[Place, int]
    funnel: tuple[Stage, ...]
    narrows: bool


def study(rule: Rule, population: Population, names: Names | None = None) -> Study:
    """Work out what a rule does; leaves that were looked at before cost nothing."""
    with population.lock:
        members = population.members(rule)
        size = len(members)
        total, own = revenue_of(population, members)
        return Study(
            members,
            size,
            size / population.size if population.size else 0.0,
            own,
            own / total if own is not None and total else 0.0,
            _sizes(rule, population),
            _funnel(plain(rule), population, names),
            not isinstance(plain(rule), AnyRule),
        )


def revenue_of(population: Population, members: Bitmap | None) -> tuple[float | None, float | None]:
    """Sum what everybody, and what the members, spent; None where it isn't known."""
    if REVENUE not in (population.context.traits or {}):
        return None, None
    column = population.columns.column(REVENUE)
    if not isinstance(column, Numbers):
        return None, None
    spent = np.nan_to_num(column.values)
    own = None if members is None else float(spent[members.held()].sum())
    return float(spent.sum()), own


def sample(members: Bitmap, count: int, seed: int) -> NDArray[np.int64]:
    """Pick some members' positions, ascending; who is picked stays so while they are members.

    Everybody has a place in a queue that the seed alone decides, and the first members in it are
    picked: an edit that keeps them shows the same people again.
    """
    positions = members.positions()
    if len(positions) <= count:
        return positions
    queue = _mixed(positions.astype(np.uint64) + np.uint64(seed * members.size))
    return np.sort(positions[np.argpartition(queue, count)[:count]])


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix numbers so that their order says nothing.

    Source: Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", mix64.
    """
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _sizes(rule: Rule, population: Population) -> dict[Place, int]:
    found: dict[Place, int] = {}
    waiting: list[tuple[Place, Rule]] = [((), rule)]
    while waiting:
        place, current = waiting.pop()
        found[place] = len(population.members(current))
        below = children(current)
        waiting += [((*place, step), child) for step, (_, child) in enumerate(below)]
    return found


def _funnel(rule: Rule, population: Population, names: Names | None) -> tuple[Stage, ...]:
    if not isinstance(rule, AllRule | AnyRule):
        return ()
    sets = [population.members(part) for part in rule.rules]
    narrows = isinstance(rule, AllRule)

    def joined(chosen: list[Bitmap]) -> Bitmap:
        found = Bitmap.everybody(population.size) if narrows else Bitmap.nobody(population.size)
        for one in chosen:
            found = found & one if narrows else found | one
        return found

    stages, so_far = [], joined([])
    for step, (part, own) in enumerate(zip(rule.rules, sets, strict=True)):
        so_far = so_far & own if narrows else so_far | own
        without = joined(sets[:step] + sets[step + 1 :])
        stages.append(Stage(clause(part, names), len(own), len(so_far), len(without)))
    return tuple(stages)
