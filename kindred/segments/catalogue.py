"""What rules may speak of: traits, events and their properties, clusters, segments and lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType


@dataclass(frozen=True)
class Catalogue:
    """What there is; None where it is not known, and then not checked.

    Parameters
    ----------
    traits : mapping of name to type
    events : mapping of name to properties
        Each event's properties with their types; None for an event whose properties aren't known.
    clusters : mapping of run to clusters
        The ids of each run's clusters.
    segments : mapping of key to rule
    lists : collection of str
    """

    traits: Mapping[str, TraitType] | None = None
    events: Mapping[str, Mapping[str, TraitType] | None] | None = None
    clusters: Mapping[int, Collection[int]] | None = None
    segments: Mapping[str, Rule] | None = None
    lists: Collection[str] | None = None
