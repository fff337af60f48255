"""A running experiment judged from its days' sufficient statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kindred.experiments import event_caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.cells import add_cells, read_cells, symmetric
from kindred.experiments.definition import Experiment
from kindred.experiments.moments import Moments
from kindred.experiments.over_time import Look, by_days_since, cumulative
from kindred.experiments.report import Cell, Report, report
from kindred.experiments.results import Result


@dataclass(frozen=True)
class Judged:
    """Everything that is said of an experiment.

    Parameters
    ----------
    looks : mapping of metric to (variation to looks)
        The results as of each day, oldest first.
    since : mapping of variation to (days since exposure, result)
        Of the primary metric.
    exposed : sequence of (day, variation, units)
    counts : mapping
        crossed, repeated, bots, late and open: numbers of units.
    """

    report: Report
    looks: Mapping[str, Mapping[str, Sequence[Look]]]
    since: Mapping[str, Sequence[tuple[int, Result]]]
    exposed: Sequence[tuple[str, str, int]]
    counts: Mapping[str, int]


def judge_days(
    experiment: Experiment, days: Mapping[str, Mapping[str, Any]], unknown: int = 0
) -> Judged:
    """Judge an experiment.

    Parameters
    ----------
    days : mapping of day of exposure to what the store keeps of it
    unknown : int
        Exposures to variations that the experiment does not have.
    """
    by_day = {day: read_cells(body["cells"]) for day, body in sorted(days.items())}
    exposed = [(d, v, n) for d, body in sorted(days.items()) for v, n in body["units"].items()]
    arms = {variation.key: 0 for variation in experiment.variations}
    for _, variation, n in exposed:
        arms[variation] += n
    counts: dict[str, int] = {}
    for body in days.values():
        for name, n in body["counts"].items():
            counts[name] = counts.get(name, 0) + n
    cells = add_cells(cell for found in by_day.values() for cell in found)
    metrics, settings = experiment.analysed(), experiment.settings()
    known = _caveats(counts, unknown)
    judged = report(arms, cells, metrics, settings, split=experiment.split, known=known)
    looks = {
        metric.name: cumulative(metric, _whole(by_day, metric.name), settings) for metric in metrics
    }
    since = by_days_since(metrics[0], _since(days, metrics[0].columns), settings)
    return Judged(judged, looks, since, exposed, counts)


def _whole(by_day: Mapping[str, Sequence[Cell]], metric: str) -> dict[str, dict[str, Moments]]:
    """Take the cells of one metric that no segment divides."""
    found: dict[str, dict[str, Moments]] = {}
    for day, cells in by_day.items():
        for cell in cells:
            if cell.metric == metric and cell.segment is None:
                assert isinstance(cell.moments, Moments)
                found.setdefault(day, {})[cell.variation] = cell.moments
    return found


def _since(
    days: Mapping[str, Mapping[str, Any]], columns: Sequence[str]
) -> dict[int, dict[str, Moments]]:
    """Add days up by how long ago the exposure was; covariates say nothing of a single day."""
    total: dict[tuple[int, str], list[Any]] = {}
    for body in days.values():
        for nth, variation, n, sums, upper in body["since"]:
            so_far = total.setdefault(
                (nth, variation), [0, np.zeros(len(sums)), np.zeros(len(upper))]
            )
            so_far[0] += n
            so_far[1] += sums
            so_far[2] += upper
    found: dict[int, dict[str, Moments]] = {}
    for (nth, variation), (n, sums, upper) in total.items():
        k = len(sums)
        one = Moments.of_sums(columns[:k], n, sums, symmetric(k, upper).tolist())
        found.setdefault(nth, {})[variation] = _padded(one, columns)
    return found


def _padded(moments: Moments, columns: Sequence[str]) -> Moments:
    """Give the metric's covariates as constants, which take no part."""
    k, whole = len(moments.columns), len(columns)
    means, comoments = np.zeros(whole), np.zeros((whole, whole))
    means[:k], comoments[:k, :k] = moments.means, moments.comoments
    return Moments(tuple(columns), moments.n, means, comoments)


def _caveats(counts: Mapping[str, int], unknown: int) -> list[Caveat]:
    said = []
    for name, caveat in (
        ("crossed", event_caveats.CROSSED),
        ("bots", event_caveats.BOTS),
        ("repeated", event_caveats.REPEATED),
        ("late", event_caveats.LATE),
        ("open", event_caveats.OPEN_WINDOWS),
    ):
        if counts.get(name):
            said.append(caveat.counting(counts[name], "exposures"))
    if unknown:
        said.append(event_caveats.UNKNOWN_VARIATION.counting(unknown, "exposures"))
    return said
