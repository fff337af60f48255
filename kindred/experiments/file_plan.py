"""How an experiment in a file is to be judged, as it is kept beside its sufficient statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.bayes import Prior
from kindred.experiments.definition import Belief, Method


@dataclass(frozen=True)
class FilePlan:
    """Metrics, the primary one first, and how they are judged.

    Parameters
    ----------
    split : mapping of variation to weight
        As planned; equal where empty.
    unit : str
        What was randomised, for people: the column, or "row".
    labels : mapping
        How people call the variations.
    prior : Belief or None
        What the Bayesian reading believes beforehand; none: nothing.
    """

    control: str
    metrics: tuple[Metric, ...]
    split: Mapping[str, float] = field(default_factory=dict)
    alpha: float = 0.05
    method: Method = "fixed"
    unit: str = "row"
    hypothesis: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    prior: Belief | None = None

    def settings(self) -> Settings:
        """Give how it is judged, as the statistics take it."""
        prior = self.prior.prior if self.prior else Prior()
        return Settings(self.control, self.alpha, prior=prior)


@cache
def _adapter() -> TypeAdapter[FilePlan]:
    return TypeAdapter(FilePlan)


def plan_json(plan: FilePlan) -> dict[str, Any]:
    """Write a plan.

    Examples
    --------
    >>> read_plan(plan_json(FilePlan("a", ()))) == FilePlan("a", ())
    True
    """
    written: dict[str, Any] = _adapter().dump_python(plan, mode="json")
    return written


def read_plan(written: Mapping[str, Any]) -> FilePlan:
    """Read what :func:`plan_json` wrote."""
    return _adapter().validate_python(dict(written))
