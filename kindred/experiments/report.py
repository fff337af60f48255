"""Everything that is said of an experiment, from its sufficient statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kindred.experiments import caveats
from kindred.experiments.analysis import (
    Metric,
    Settings,
    adjust_p_values,
    compare,
    compare_segments,
)
from kindred.experiments.caveats import Caveat
from kindred.experiments.moments import Moments
from kindred.experiments.results import Result, SegmentResult, number
from kindred.experiments.srm import SampleRatio, sample_ratio

SUSPICIOUS: Final = 0.001  # p-value below which a split is not the planned one
SMALL_IN_PRACTICE: Final = 0.005  # half a percentage point


@dataclass(frozen=True)
class Cell:
    """Moments of one metric in one variation, and in one level of a segment column if given."""

    segment: str | None
    level: str | None
    variation: str
    metric: str
    moments: Moments


@dataclass(frozen=True)
class Report:
    """An analysis: the health of the data first, then results, then segments.

    Parameters
    ----------
    arms : mapping
        Units of each variation.
    """

    ratio: SampleRatio
    arms: Mapping[str, int]
    results: Sequence[Result]
    segments: Sequence[SegmentResult]
    caveats: Sequence[Caveat]

    def as_json(self) -> dict[str, Any]:
        """Give the contract's JSON, at full precision."""
        return {
            "srm": {
                "p_value": number(self.ratio.p_value),
                "largest_deviation": number(self.ratio.largest_deviation),
            },
            "arms": dict(self.arms),
            "results": [result.as_json() for result in self.results],
            "segments": [segment.as_json() for segment in self.segments],
            "warnings": [
                {"code": c.code, "message": c.message, "where": c.where} for c in self.caveats
            ],
        }


def report(
    arms: Mapping[str, int],
    cells: Sequence[Cell],
    metrics: Sequence[Metric],
    settings: Settings,
    *,
    split: Mapping[str, float] | None = None,
    known: Sequence[Caveat] = (),
) -> Report:
    """Judge an experiment.

    Parameters
    ----------
    arms : mapping of variation to units
    cells : sequence of Cell
        Cells of several levels of one segment column add up to the whole.
    split : mapping of variation to weight, optional
        As planned; equal weights unless given.
    known : sequence of Caveat
        What was found while the data were read.
    """
    weights = split or dict.fromkeys(arms, 1.0)
    ratio = sample_ratio(arms, weights)
    said = [*known, *_health(arms, ratio, settings)]
    columns = list(dict.fromkeys(cell.segment for cell in cells))
    results: list[Result] = []
    segments: list[SegmentResult] = []
    for metric in metrics:
        own = [cell for cell in cells if cell.metric == metric.name]
        whole = _added([cell for cell in own if cell.segment == columns[0]], metric, arms)
        found, noted = compare(metric, whole, settings)
        results += found
        said += noted
        for column in columns:
            if column is not None:
                levels = _levels([cell for cell in own if cell.segment == column], metric, arms)
                by_level, noted = compare_segments(metric, column, levels, settings)
                segments += by_level
                said += noted
    return Report(ratio, arms, adjust_p_values(results, settings.correction), segments, said)


def _health(arms: Mapping[str, int], ratio: SampleRatio, settings: Settings) -> list[Caveat]:
    said = [caveats.UNPLANNED_ARM.at(arm) for arm in ratio.unplanned]
    if settings.control not in arms:
        there = ", ".join(arms) or "none"
        said.append(caveats.CONTROL_MISSING.at(f"{settings.control} (there are: {there})"))
    elif len(arms) < 2:
        said.append(caveats.ONE_ARM.at(settings.control))
    if ratio.p_value < SUSPICIOUS:
        small = ratio.largest_deviation < SMALL_IN_PRACTICE
        kind = caveats.SMALL_DEVIATION if small else caveats.SAMPLE_RATIO
        said.append(kind.at(ratio.worst or ""))
    return said


def _added(cells: Sequence[Cell], metric: Metric, arms: Mapping[str, int]) -> dict[str, Moments]:
    """Add up cells by variation; a variation without any has no units."""
    whole = {arm: Moments.empty(metric.columns) for arm in arms}
    for cell in cells:
        whole[cell.variation] = whole[cell.variation] + cell.moments
    return whole


def _levels(
    cells: Sequence[Cell], metric: Metric, arms: Mapping[str, int]
) -> dict[str, dict[str, Moments]]:
    names = sorted({cell.level for cell in cells if cell.level is not None})
    return {
        name: _added([cell for cell in cells if cell.level == name], metric, arms) for name in names
    }
