"""An experiment's rules of who gets what: overrides, holdouts, what was kept, namespace, hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kindred.experiments.assignment import bucket, choose, old_bucket

Why = Literal["override", "nobody", "holdout", "kept", "blocked", "namespace", "hash", "coverage"]


@dataclass(frozen=True)
class Namespace:
    """A part of all units that experiments share out among them, so that none is in two.

    Parameters
    ----------
    start, end : float
        This experiment's part, ``[start, end)`` of 0 … 1.
    """

    name: str
    start: float
    end: float

    def holds(self, unit: str) -> bool:
        """Whether a unit is in this experiment's part; by hash version 1, as in every SDK."""
        return self.start <= old_bucket(f"__{self.name}", unit) < self.end


@dataclass(frozen=True)
class Holdout:
    """A share of all units that gets no experiment, so that all of them can be judged together."""

    seed: str
    share: float

    def holds(self, unit: str) -> bool:
        """Whether a unit is held out; a larger share only adds to a smaller one."""
        return bucket(self.seed, unit) < self.share


@dataclass(frozen=True)
class Allocation:
    """How an experiment hands out its variations.

    Parameters
    ----------
    seed : str
        Of the hash; most often the experiment's key.
    weights : tuple of float
        Equal unless given.
    coverage : float
        Share of each variation's range that is in.
    overrides : mapping of unit to variation
        For testers; they are no exposure.
    version, oldest : int
        GrowthBook's *bucketVersion* and *minBucketVersion*: what was kept under another version
        counts no more, and units kept under one below `oldest` are in no longer.
    """

    seed: str
    variations: tuple[str, ...]
    weights: tuple[float, ...] = ()
    coverage: float = 1.0
    namespace: Namespace | None = None
    holdouts: tuple[Holdout, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    version: int = 0
    oldest: int = 0


@dataclass(frozen=True)
class Assignment:
    """What a unit gets, and why.

    Parameters
    ----------
    variation : str or None
        None: it is not in the experiment.
    exposed : bool
        Whether seeing it counts.
    """

    variation: str | None
    why: Why
    exposed: bool


def assign(allocation: Allocation, unit: str, kept: Mapping[int, str] | None = None) -> Assignment:
    """Say which variation a unit gets: the same for ever, wherever it is asked.

    Parameters
    ----------
    kept : mapping of version to variation, optional
        What this unit was given before and somebody has kept (sticky buckets): it then keeps its
        variation when weights, coverage or namespace change.

    Notes
    -----
    The order is that of GrowthBook's SDKs, with holdouts before everything that is hashed.

    Examples
    --------
    >>> test = Allocation("feature-exp", ("control", "red", "blue"), (0.3334, 0.3333, 0.3333))
    >>> assign(test, "d123").variation, assign(test, "d123", {0: "blue"}).variation
    ('red', 'blue')
    """
    if allocation.overrides.get(unit) in allocation.variations:
        return Assignment(allocation.overrides[unit], "override", exposed=False)
    if not unit:
        return Assignment(None, "nobody", exposed=False)
    if any(holdout.holds(unit) for holdout in allocation.holdouts):
        return Assignment(None, "holdout", exposed=False)
    before = _kept(allocation, kept or {})
    return before or _hashed(allocation, unit)


def _kept(allocation: Allocation, kept: Mapping[int, str]) -> Assignment | None:
    if any(version < allocation.oldest for version in kept):
        return Assignment(None, "blocked", exposed=False)
    variation = kept.get(allocation.version)
    if variation in allocation.variations:
        return Assignment(variation, "kept", exposed=True)
    return None


def _hashed(allocation: Allocation, unit: str) -> Assignment:
    if allocation.namespace is not None and not allocation.namespace.holds(unit):
        return Assignment(None, "namespace", exposed=False)
    count = len(allocation.variations)
    weights = allocation.weights if len(allocation.weights) == count else (1 / count,) * count
    place = choose(bucket(allocation.seed, unit), weights, allocation.coverage)
    if place < 0:
        return Assignment(None, "coverage", exposed=False)
    return Assignment(allocation.variations[place], "hash", exposed=True)
