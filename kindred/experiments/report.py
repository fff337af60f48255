"""Everything that is said of an experiment, from its sufficient statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from kindred.experiments import caveats
from kindred.experiments.analysis import (
    Metric,
    Settings,
    adjust_interactions,
    adjust_p_values,
    compare,
    compare_segments,
)
from kindred.experiments.balance import Balance, balance
from kindred.experiments.bayes import Prior
from kindred.experiments.caveats import Caveat
from kindred.experiments.dimensions import level_order
from kindred.experiments.estimates import Summary
from kindred.experiments.moments import Moments
from kindred.experiments.results import Result, SegmentResult, number
from kindred.experiments.srm import SampleRatio, sample_ratio

SUSPICIOUS: Final = 0.001  # p-value below which a split is not the planned one
SMALL_IN_PRACTICE: Final = 0.01  # of an arm's planned size


@dataclass(frozen=True)
class Cell:
    """One metric in one variation, and in one level of a segment column if given.

    Parameters
    ----------
    moments : Moments or Quantile
        The latter for metrics of that kind, which need cells without a segment for the whole.
    """

    segment: str | None
    level: str | None
    variation: str
    metric: str
    moments: Summary


@dataclass(frozen=True)
class Report:
    """An analysis: the health of the data first, then results, then segments.

    Parameters
    ----------
    arms : mapping
        Units of each variation.
    balances : sequence of Balance
        Whether the arms were alike before the experiment, by each covariate.
    prior : Prior
        What Bayesian readings believe beforehand.
    """

    ratio: SampleRatio
    arms: Mapping[str, int]
    results: Sequence[Result]
    segments: Sequence[SegmentResult]
    caveats: Sequence[Caveat]
    balances: Sequence[Balance] = ()
    prior: Prior = field(default_factory=Prior)

    @np.errstate(all="ignore")
    def as_json(self) -> dict[str, Any]:
        """Give the contract's JSON, at full precision."""
        return {
            "srm": {
                "p_value": number(self.ratio.p_value),
                "largest_deviation": number(self.ratio.largest_deviation),
                "largest_relative_deviation": number(self.ratio.largest_relative),
            },
            "arms": dict(self.arms),
            "results": [result.as_json() for result in self.results],
            "segments": [segment.as_json() for segment in self.segments],
            "prior": prior_json(self.prior),
            "pre_period": [balance.as_json() for balance in self.balances],
            "warnings": [
                {"code": c.code, "message": c.message, "where": c.where} for c in self.caveats
            ],
        }


def prior_json(prior: Prior) -> dict[str, Any] | None:
    """Give a prior's fields; none where nothing is believed."""
    if prior.flat:
        return None
    return {
        "mean": prior.mean,
        "standard_deviation": prior.standard_deviation,
        "relative": prior.relative,
    }


@np.errstate(all="ignore")  # what is no number becomes null, and is told where it matters
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
    # A planned arm that nobody is in has rows of its own, which say so.
    arms = dict(arms) | {arm: 0 for arm in ratio.missing if arm != settings.control}
    made = _Made(said)
    by_metric = _by_metric(cells)
    for metric in metrics:
        own = by_metric.get(metric.name, [])
        made.compare(metric, own, arms, settings)
        for column in dict.fromkeys(cell.segment for cell in cells):
            if column is not None:
                made.compare_levels(metric, column, own, arms, settings)
    biased = [one for one in made.balances if one.p_value < SUSPICIOUS]
    said += [caveats.PRE_PERIOD_BIAS.at(one.place) for one in biased]
    return Report(
        ratio,
        arms,
        adjust_p_values(made.results, settings.correction, settings.family),
        adjust_interactions(made.segments, settings.correction),
        said,
        made.balances,
        settings.prior,
    )


@dataclass
class _Made:
    """What was found of one metric after the other."""

    said: list[Caveat]
    results: list[Result] = field(default_factory=list)
    segments: list[SegmentResult] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)

    def compare(
        self, metric: Metric, own: Sequence[Cell], arms: Mapping[str, int], settings: Settings
    ) -> None:
        """Judge a metric over everybody."""
        whole = _added([cell for cell in own if cell.segment == _whole(own)], metric, arms)
        found, noted = compare(metric, whole, settings)
        self.results += found
        self.said += noted
        self.balances += balance(metric, whole, settings.control)

    def compare_levels(
        self,
        metric: Metric,
        column: str,
        own: Sequence[Cell],
        arms: Mapping[str, int],
        settings: Settings,
    ) -> None:
        """Judge a metric at the levels of a segment column."""
        levels = _levels([cell for cell in own if cell.segment == column], metric, arms)
        found, noted = compare_segments(metric, column, levels, settings)
        self.segments += found
        self.said += noted


def _by_metric(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.metric, []).append(cell)
    return found


def _whole(cells: Sequence[Cell]) -> str | None:
    """Name the segment column whose levels make the whole: none, where cells of the whole exist."""
    columns = {cell.segment for cell in cells}
    return None if None in columns or not cells else cells[0].segment


def _health(arms: Mapping[str, int], ratio: SampleRatio, settings: Settings) -> list[Caveat]:
    said = [caveats.UNPLANNED_ARM.at(arm) for arm in ratio.unplanned]
    said += [caveats.MISSING_ARM.at(arm) for arm in ratio.missing]
    if settings.control not in arms:
        there = ", ".join(arms) or "none"
        said.append(caveats.CONTROL_MISSING.at(f"{settings.control} (there are: {there})"))
    elif len(arms) < 2:
        said.append(caveats.ONE_ARM.at(settings.control))
    if ratio.p_value < SUSPICIOUS:
        small = ratio.largest_relative < SMALL_IN_PRACTICE
        kind = caveats.SMALL_DEVIATION if small else caveats.SAMPLE_RATIO
        said.append(kind.at(ratio.worst or ""))
    return said


def _added(cells: Sequence[Cell], metric: Metric, arms: Mapping[str, int]) -> dict[str, Summary]:
    """Add up cells by variation; a variation without any has no units."""
    whole: dict[str, Summary] = {arm: Moments.empty(metric.columns) for arm in arms}
    for cell in cells:
        before = whole[cell.variation]
        if isinstance(before, Moments) and isinstance(cell.moments, Moments):
            whole[cell.variation] = before + cell.moments
        else:
            whole[cell.variation] = cell.moments
    return whole


def _levels(
    cells: Sequence[Cell], metric: Metric, arms: Mapping[str, int]
) -> dict[str, dict[str, Summary]]:
    by_level: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.level is not None:
            by_level.setdefault(cell.level, []).append(cell)
    return {
        name: _added(by_level[name], metric, arms) for name in sorted(by_level, key=level_order)
    }
