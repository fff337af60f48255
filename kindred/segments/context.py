"""What one profile can't know and every interpreter is given alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kindred.errors import UserError
from kindred.segments.operators import End
from kindred.segments.rules import PercentileRule, Rule
from kindred.traits.trait import TraitType

Percentile = tuple[str, End, float]  # trait, end, percent


@dataclass(frozen=True)
class Context:
    """Thresholds, lists, segments and runs that rules may refer to.

    Parameters
    ----------
    thresholds : mapping
        The trait's value at which a percentile begins; None where nobody's value is known.
    thresholds_as_of : datetime, optional
        When the thresholds were taken.
    segments : mapping of key to rule
        Of each segment the version that is meant.
    lists : mapping of name to ids
    cluster_runs : frozenset of int
        The runs whose clusters are at hand.
    traits : mapping of name to type, optional
        The traits that exist; where it is given, a rule on any other is refused.
    """

    thresholds: Mapping[Percentile, float | None] = field(default_factory=dict)
    thresholds_as_of: datetime | None = None
    segments: Mapping[str, Rule] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    cluster_runs: frozenset[int] = frozenset()
    traits: Mapping[str, TraitType] | None = None
    compiled: dict[int, tuple[Rule, Any]] = field(
        default_factory=dict, compare=False, repr=False
    )  # by the rule's identity, which the entry keeps alive

    def threshold(self, rule: PercentileRule) -> float | None:
        """Give the value at which a percentile begins, or refuse."""
        key = percentile(rule)
        if key not in self.thresholds:
            raise UserError(
                f"Nobody has worked out the {rule.end} {rule.percent:g} % by {rule.trait!r} yet.",
                "Compute the thresholds of this rule first.",
            )
        return self.thresholds[key]

    def require_trait(self, name: str) -> None:
        """Refuse a trait that does not exist."""
        if self.traits is not None and name not in self.traits:
            raise UserError(f"There is no trait {name!r}.", "Check the name, or compute traits.")

    def require_run(self, run: int) -> None:
        """Refuse the clusters of a run that is not at hand."""
        if run not in self.cluster_runs:
            raise UserError(
                f"The clusters of run {run} are not at hand.",
                f"Use one of {', '.join(map(str, sorted(self.cluster_runs))) or 'no run'}.",
            )

    def ids(self, name: str) -> frozenset[str]:
        """Give the ids on a list, or refuse."""
        if name not in self.lists:
            raise UserError(f"There is no list {name!r}.", "Upload it, or choose another.")
        return self.lists[name]

    def segment(self, key: str, within: tuple[str, ...] = ()) -> Rule:
        """Give a segment's rule, or refuse one that is unknown or leads back to itself."""
        if key in within:
            cycle = " → ".join((*within[within.index(key) :], key))
            raise UserError(f"A segment depends on itself: {cycle}.", "Break the circle.")
        if key not in self.segments:
            raise UserError(f"There is no segment {key!r}.", "Publish it, or choose another.")
        return self.segments[key]


def percentile(rule: PercentileRule) -> Percentile:
    """Name the threshold that a rule needs."""
    return rule.trait, rule.end, float(rule.percent)
