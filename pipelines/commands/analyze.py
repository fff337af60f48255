"""``analyze``: an experiment in a file, judged."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from data.experiment_file import Summary, read_aggregates, summarise_file
from data.experiment_sums import FileMetric, Layout
from kindred.errors import UserError
from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.estimates import MetricKind
from kindred.experiments.report import Report, report
from pipelines.cli import Invocation, subparser


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(commands, "analyze", run, "Judge an experiment in a CSV or Parquet file.")
    added.add_argument("file", type=Path, metavar="FILE")
    added.add_argument("--unit", metavar="COL", help="who was randomised; else a row is a unit")
    added.add_argument("--variation", metavar="COL", default="variation")
    added.add_argument("--control", metavar="VALUE", required=True)
    added.add_argument(
        "--metric",
        action="append",
        default=[],
        metavar="NAME:KIND",
        help="KIND is proportion, mean or ratio:DENOMINATOR; may be repeated",
    )
    added.add_argument("--covariate", action="append", default=[], metavar="METRIC:COL")
    added.add_argument("--segment", action="append", default=[], metavar="COL")
    added.add_argument("--split", metavar="A=.5,B=.5", help="as planned; equal unless given")
    added.add_argument("--alpha", type=float, default=0.05)
    added.add_argument("--correction", choices=["holm", "bh", "none"], default="holm")
    added.add_argument(
        "--aggregates", action="store_true", help="rows are count, mean, variance of each arm"
    )
    added.add_argument("--json", action="store_true", help="for programs; at full precision")


def run(invocation: Invocation) -> None:
    """Analyse the file and print what came of it."""
    given = invocation.arguments
    settings = _settings(given)
    split = _split(given.split)
    if given.aggregates:
        output = _aggregates(given.file, settings, split)
    else:
        layout = Layout(given.variation, _metrics(given), given.unit, tuple(given.segment))
        summary = summarise_file(given.file, layout)
        found = _report(summary, [metric.metric for metric in layout.metrics], settings, split)
        output = found.as_json()
    print(json.dumps(output, allow_nan=False) if given.json else _in_words(output))


def _settings(given: Namespace) -> Settings:
    if not 0 < given.alpha < 1:
        raise UserError(f"{given.alpha} is no level.", "Give one between 0 and 1.", "--alpha")
    return Settings(given.control, given.alpha, given.correction)


def _metrics(given: Namespace) -> tuple[FileMetric, ...]:
    if not given.metric:
        raise UserError("No metric is named.", "Add --metric NAME:mean, say.", "--metric")
    extra: dict[str, list[str]] = {}
    for text in given.covariate:
        name, found, column = text.partition(":")
        if not found or not column:
            raise UserError(f"{text!r} is no covariate.", "Write METRIC:COL.", "--covariate")
        extra.setdefault(name, []).append(column)
    metrics = tuple(_metric(text, extra) for text in given.metric)
    if extra:
        raise UserError(
            f"Covariates are named for {', '.join(extra)}, which is no metric here.",
            f"The metrics are: {', '.join(m.metric.name for m in metrics)}.",
            "--covariate",
        )
    return metrics


def _metric(text: str, covariates: dict[str, list[str]]) -> FileMetric:
    """Read NAME:mean, NAME:proportion or NAME:ratio:DENOMINATOR; the name is the column's."""
    name, _, rest = text.partition(":")
    kind, _, denominator = rest.partition(":")
    if kind not in set(MetricKind) or (kind == MetricKind.RATIO) != bool(denominator):
        raise UserError(
            f"{text!r} is no metric.",
            "Write NAME:mean, NAME:proportion or NAME:ratio:DENOMINATOR.",
            "--metric",
        )
    own = covariates.pop(name, [])
    roles = tuple(f"covariate {column}" for column in own)
    columns = (name, *([denominator] if denominator else []), *own)
    return FileMetric(Metric(name, MetricKind(kind), roles), columns)


def _split(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    try:
        pairs = dict(part.split("=", 1) for part in text.split(","))
        weights = {name.strip(): float(weight) for name, weight in pairs.items()}
    except ValueError:
        weights = {}
    if not weights or min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise UserError(f"{text!r} is no split.", "Write A=.5,B=.5.", "--split")
    return weights


def _report(
    summary: Summary,
    metrics: list[Metric],
    settings: Settings,
    split: dict[str, float] | None,
) -> Report:
    return report(
        summary.arms, summary.cells, metrics, settings, split=split, known=summary.caveats
    )


def _aggregates(path: Path, settings: Settings, split: dict[str, float] | None) -> dict[str, Any]:
    """Judge each experiment and checkpoint; their results carry both names."""
    whole: dict[str, Any] = {"srm": None, "arms": {}, "results": [], "segments": [], "warnings": []}
    for (experiment, checkpoint), summary in read_aggregates(path).items():
        names = dict.fromkeys(cell.metric for cell in summary.cells)
        metrics = [Metric(name, MetricKind.MEAN) for name in names]
        one = _report(summary, metrics, settings, split).as_json()
        place = {
            key: value
            for key, value in (("experiment", experiment), ("checkpoint", checkpoint))
            if value
        }
        whole["results"] += [place | result for result in one["results"]]
        label = " · ".join(place.values())
        for warning in one["warnings"]:
            where = " · ".join(part for part in (label, warning["where"]) if part)
            whole["warnings"].append(warning | {"where": where})
        whole["srm"], whole["arms"] = one["srm"], one["arms"]  # of the last checkpoint
    return whole


def _in_words(output: dict[str, Any]) -> str:
    lines = [f"arms: {', '.join(f'{arm} {n:,}' for arm, n in output['arms'].items())}"]
    if output["srm"] and output["srm"]["p_value"] is not None:
        lines.append(f"split: p = {output['srm']['p_value']:.3g}")
    for row in output["results"]:
        if row["lift"] is None:
            lines.append(f"{row['metric']} · {row['variation']}: no result")
            continue
        relative = row["relative_lift"]
        shown = f"{relative:+.2%}" if relative is not None else f"{row['lift']:+.4g}"
        tested = f", p = {row['p_value']:.3g}" if row["p_value"] is not None else ""
        lines.append(f"{row['metric']} · {row['variation']} against {row['control']}: "
                     f"{shown}{tested}, n = {row['n']:,} and {row['n_control']:,}")  # fmt: skip
    lines += [f"! {w['where']}: {w['message']}" for w in output["warnings"]]
    return "\n".join(lines)
