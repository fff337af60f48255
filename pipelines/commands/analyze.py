"""``analyze``: an experiment in a file, judged."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from data.experiment_aggregates import Place, read_aggregates
from data.experiment_file import Summary, summarise_file
from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.checkpoints import looks
from kindred.experiments.pooling import pooled_counts
from kindred.experiments.report import Report, prior_json, report
from kindred.experiments.results import number, numbers
from kindred.experiments.sequential import SoFar
from pipelines.cli import Invocation, subparser
from pipelines.commands.analyze_arguments import (
    add_arguments,
    declared,
    layout,
    settings,
    split,
)
from pipelines.commands.analyze_words import in_words


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(commands, "analyze", run, "Judge an experiment in a CSV or Parquet file.")
    added.add_argument("file", type=Path, metavar="FILE")
    add_arguments(added)
    added.add_argument(
        "--aggregates", action="store_true", help="rows are count, mean, variance of each arm"
    )
    added.add_argument("--json", action="store_true", help="for programs; at full precision")


def run(invocation: Invocation) -> None:
    """Analyse the file and print what came of it."""
    given = invocation.arguments
    judged, weights = settings(given), split(given.split)
    output = (_aggregates if given.aggregates else _rows)(given, judged, weights)
    print(json.dumps(output, allow_nan=False) if given.json else in_words(output))


def _rows(given: Namespace, judged: Settings, weights: dict[str, float] | None) -> dict[str, Any]:
    columns = layout(given)
    if weights is not None:
        weights = pooled_counts(weights, columns.pools)
    summary = summarise_file(given.file, columns)
    metrics = [metric.metric for metric in columns.metrics]
    return _report(summary, metrics, judged, weights).as_json()


def _report(
    summary: Summary, metrics: list[Metric], judged: Settings, weights: dict[str, float] | None
) -> Report:
    return report(
        summary.arms, summary.cells, metrics, judged, split=weights, known=summary.caveats
    )


def _aggregates(
    given: Namespace, judged: Settings, weights: dict[str, float] | None
) -> dict[str, Any]:
    """Judge each experiment and checkpoint; all that is said of one carries their names.

    Outside of them, sizes and split are the last checkpoint's, if there is one experiment.
    """
    read = read_aggregates(given.file, given.variation)
    names = dict.fromkeys(cell.metric for summary in read.values() for cell in summary.cells)
    metrics = declared(given, list(names))
    whole: dict[str, Any] = {"srm": {"p_value": None}, "arms": {}, "results": [], "segments": []}
    whole |= {"checkpoints": [], "warnings": []}
    for experiment in dict.fromkeys(place.experiment for place in read):
        own = {place: summary for place, summary in read.items() if place.experiment == experiment}
        reports = {
            place: _report(summary, _present(metrics, summary), judged, weights)
            for place, summary in own.items()
        }
        for (place, one), told in zip(reports.items(), looks(list(reports.values())), strict=True):
            _append(whole, place, one, told, [p.checkpoint for p in reports])
    if len({place.experiment for place in read}) == 1:
        last = whole["checkpoints"][-1]
        whole |= {"srm": last["srm"], "arms": last["arms"]}
    return whole | {"prior": prior_json(judged.prior)}


def _present(metrics: list[Metric], summary: Summary) -> list[Metric]:
    """Leave out metrics of which this checkpoint says nothing."""
    there = {cell.metric for cell in summary.cells}
    return [metric for metric in metrics if metric.name in there]


def _append(
    whole: dict[str, Any],
    place: Place,
    report: Report,
    told: dict[tuple[str, str], SoFar | None],
    checkpoints: list[str],
) -> None:
    names = {"experiment": place.experiment, "checkpoint": place.checkpoint}
    named = {key: value for key, value in names.items() if value}
    one = report.as_json()
    whole["checkpoints"].append(named | {"srm": one["srm"], "arms": one["arms"]})
    for result in one["results"]:
        state = told.get((result["metric"], result["variation"]))
        whole["results"].append(named | result | {"sequential": _so_far(state, checkpoints)})
    label = " · ".join(named.values())
    for warning in one["warnings"]:
        where = " · ".join(part for part in (label, warning["where"]) if part)
        whole["warnings"].append(named | warning | {"where": where})


def _so_far(state: SoFar | None, checkpoints: list[str]) -> dict[str, Any] | None:
    if state is None:
        return None
    at = None if state.decided_at is None else checkpoints[state.decided_at]
    return {
        "ci_so_far": numbers(state.interval),
        "p_value_so_far": number(state.p_value),
        "decided_at": at,
    }
