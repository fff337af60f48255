"""Which column of an experiment's file means what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kindred.experiments.analysis import Metric
from kindred.experiments.estimates import MetricKind
from kindred.experiments.winsor import Winsor


@dataclass(frozen=True)
class FileMetric:
    """A metric and the columns of the file that it is made of.

    Parameters
    ----------
    columns : tuple of str
        The file's columns, in the order of ``metric.columns``.
    winsor : Winsor, optional
        Percentiles beyond which a unit's value is drawn in; for means.
    """

    metric: Metric
    columns: tuple[str, ...]
    winsor: Winsor | None = None

    @property
    def core(self) -> tuple[str, ...]:
        """Columns that the metric itself is made of."""
        return self.columns[: len(self.columns) - len(self.metric.covariates)]

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns from before the experiment."""
        return self.columns[len(self.core) :]


@dataclass(frozen=True)
class Layout:
    """Which column of the file means what; without `unit` a row is a unit.

    Parameters
    ----------
    pools : mapping of name to variations
        Arms that are read as one.
    """

    variation: str
    metrics: tuple[FileMetric, ...]
    unit: str | None = None
    segments: tuple[str, ...] = ()
    pools: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """All columns that the file must have."""
        named = [self.variation, *([self.unit] if self.unit else []), *self.segments]
        return list(dict.fromkeys([*named, *(c for m in self.metrics for c in m.columns)]))

    @property
    def summed(self) -> list[tuple[int, FileMetric]]:
        """Metrics that come of sums, with their places."""
        return [
            (i, m) for i, m in enumerate(self.metrics) if m.metric.kind is not MetricKind.QUANTILE
        ]

    @property
    def quantiles(self) -> list[FileMetric]:
        """Metrics that come of all events."""
        return [m for m in self.metrics if m.metric.kind is MetricKind.QUANTILE]
