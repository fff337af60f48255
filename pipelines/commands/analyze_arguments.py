"""What the words behind ``analyze`` mean: metrics, covariates, splits and margins."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from data.experiment_layout import FileMetric, Layout
from kindred.errors import UserError
from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.bayes import Prior
from kindred.experiments.estimates import MetricKind
from kindred.experiments.guardrails import Guardrail
from kindred.experiments.winsor import Winsor

KINDS = "NAME:mean, NAME:proportion, NAME:retention, NAME:quantile:LEVEL or NAME:ratio:DENOMINATOR"


def add_arguments(added: Any) -> None:
    """Say what may be written."""
    added.add_argument("--unit", metavar="COL", help="who was randomised; else a row is a unit")
    added.add_argument("--variation", metavar="COL", default="variation")
    added.add_argument("--control", metavar="VALUE", required=True)
    for name, shape, words in (
        ("metric", "NAME:KIND", f"{KINDS}; the name is the column's"),
        ("covariate", "METRIC:COL", "known before the experiment (CUPED)"),
        ("segment", "COL", "results for each of its levels as well"),
        ("guardrail", "METRIC=MARGIN", "must not get worse by more: .02 is 2 %% of the control"),
        ("lower", "METRIC", "lower is better"),
        ("winsorise", "METRIC=SHARE", "draw values in beyond that percentile, such as .99"),
        ("pool", "NAME=A+B", "read arms as one"),
    ):
        added.add_argument(f"--{name}", action="append", default=[], metavar=shape, help=words)
    added.add_argument("--split", metavar="A=.5,B=.5", help="as planned; equal unless given")
    added.add_argument("--alpha", type=float, default=0.05)
    added.add_argument("--correction", choices=["holm", "bh", "none"], default="holm")
    added.add_argument(
        "--family", choices=["all", "metric"], default="all", help="tests corrected together"
    )
    added.add_argument("--prior", metavar="MEAN,SD", help="belief in the relative lift")


def settings(given: Namespace) -> Settings:
    """Read how to judge."""
    if not 0 < given.alpha < 1:
        raise UserError(f"{given.alpha} is no level.", "Give one between 0 and 1.", "--alpha")
    if not given.control.strip():
        raise UserError("It names no variation.", "Give the control's value.", "--control")
    prior = Prior()
    if given.prior is not None:
        mean, spread = _numbers(given.prior, "MEAN,SD", "--prior", 2)
        if spread <= 0:
            raise UserError("A prior's SD must be above 0.", "Write 0,.1, say.", "--prior")
        prior = Prior(mean, spread, relative=True)
    return Settings(given.control.strip(), given.alpha, given.correction, given.family, prior)


def layout(given: Namespace) -> Layout:
    """Read which column means what."""
    if not given.metric:
        raise UserError("No metric is named.", "Add --metric NAME:mean, say.", "--metric")
    pools = _pools(given.pool)
    segments = tuple(dict.fromkeys(given.segment))
    return Layout(given.variation, _metrics(given), given.unit, segments, pools)


def split(text: str | None) -> dict[str, float] | None:
    """Read the planned weights."""
    if text is None:
        return None
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, weight = part.rpartition("=")
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            weights = {}
            break
    usable = weights and all(0 <= w < float("inf") for w in weights.values())
    if not usable or sum(weights.values()) <= 0 or "" in weights:
        raise UserError(f"{text!r} is no split.", "Write A=.5,B=.5.", "--split")
    return weights


def declared(given: Namespace, names: Sequence[str]) -> list[Metric]:
    """Give the metrics of aggregates: means, unless a kind is said."""
    metrics = {name: Metric(name, MetricKind.MEAN) for name in names}
    for text in given.metric:
        one = _metric(text).metric
        if one.name not in metrics:
            raise _unknown("A kind", one.name, names, "--metric")
        # A ratio's or a quantile's variance is given as it is, like a mean's.
        kind = one.kind if one.kind.is_rate else MetricKind.MEAN
        metrics[one.name] = replace(one, kind=kind, level=None)
    chosen = [m for m in metrics.values() if not given.metric or m.name in _named(given.metric)]
    return [_judged(metric, given) for metric in _known(chosen, given)]


def _named(texts: Sequence[str]) -> set[str]:
    return {_metric(text).metric.name for text in texts}


def _metrics(given: Namespace) -> tuple[FileMetric, ...]:
    metrics = [_metric(text) for text in given.metric]
    names = [metric.metric.name for metric in metrics]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise UserError(f"{doubled[0]!r} is named twice.", "Name each metric once.", "--metric")
    _known([metric.metric for metric in metrics], given)
    before = _covariates(given.covariate, names)
    winsors = {name: _winsor(text) for name, text in _pairs(given.winsorise, "--winsorise").items()}
    made = []
    for one in metrics:
        metric, own = _judged(one.metric, given), before.get(one.metric.name, [])
        if own and metric.kind is MetricKind.QUANTILE:
            raise UserError("A quantile takes no covariate.", "Leave it out.", "--covariate")
        winsor = winsors.get(metric.name)
        if winsor and metric.kind is not MetricKind.MEAN:
            raise UserError("Only means are winsorised.", "Leave the others out.", "--winsorise")
        roles = tuple(f"covariate {column}" for column in own)
        made.append(FileMetric(replace(metric, covariates=roles), (*one.columns, *own), winsor))
    return tuple(made)


def _metric(text: str) -> FileMetric:
    """Read one metric; its name may hold colons, for the kind is looked for from the right."""
    name, _, kind = text.rpartition(":")
    if name and kind in {MetricKind.MEAN, MetricKind.PROPORTION, MetricKind.RETENTION}:
        return FileMetric(Metric(name, MetricKind(kind)), (name,))
    for word in (MetricKind.RATIO, MetricKind.QUANTILE):
        name, found, rest = text.partition(f":{word}:")
        if name and found and rest:
            if word is MetricKind.RATIO:
                return FileMetric(Metric(name, word), (name, rest))
            (level,) = _numbers(rest, "a level such as .9", "--metric", 1)
            if 0 < level < 1:
                return FileMetric(Metric(name, word, level=level), (name,))
    raise UserError(f"{text!r} is no metric.", f"Write {KINDS}.", "--metric")


def _judged(metric: Metric, given: Namespace) -> Metric:
    """Say which way is better, and how much worse is too much."""
    margins = _pairs(given.guardrail, "--guardrail")
    guardrail = None
    if metric.name in margins:
        (margin,) = _numbers(margins[metric.name], "METRIC=MARGIN", "--guardrail", 1)
        if margin < 0:
            raise UserError("A margin can't be below 0.", "Write METRIC=.02, say.", "--guardrail")
        guardrail = Guardrail(margin)
    better: Any = "lower" if metric.name in given.lower else "higher"
    return replace(metric, better=better, guardrail=guardrail)


def _known(metrics: Sequence[Metric], given: Namespace) -> Sequence[Metric]:
    names = [metric.name for metric in metrics]
    for option, asked in (
        ("--lower", given.lower),
        ("--guardrail", _pairs(given.guardrail, "--guardrail")),
        ("--winsorise", _pairs(given.winsorise, "--winsorise")),
    ):
        for name in asked:
            if name not in names:
                raise _unknown("It", name, names, option)
    return metrics


def _covariates(texts: Sequence[str], names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        # The longest name that fits, since names may hold colons.
        fitting = [name for name in names if text.startswith(f"{name}:")]
        if not fitting:
            metric, colon, column = text.partition(":")
            if not colon or not column:
                raise UserError(f"{text!r} is no covariate.", "Write METRIC:COL.", "--covariate")
            raise _unknown("Covariates", metric, names, "--covariate")
        name = max(fitting, key=len)
        column = text[len(name) + 1 :]
        if not column:
            raise UserError(f"{text!r} is no covariate.", "Write METRIC:COL.", "--covariate")
        if column not in found.setdefault(name, []):
            found[name].append(column)
    return found


def _unknown(what: str, name: str, names: Sequence[str], option: str) -> UserError:
    return UserError(
        f"{what} was asked for {name!r}, which is no metric here.",
        f"The metrics are: {', '.join(names)}.",
        option,
    )


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.rpartition("=")
        if not equals or not name or not value:
            raise UserError(f"{text!r} says nothing.", "Write METRIC=NUMBER.", option)
        found[name] = value
    return found


def _winsor(text: str) -> Winsor:
    parts = text.split(",")
    numbers = _numbers(text, "METRIC=.99 or METRIC=.01,.99", "--winsorise", len(parts))
    low, high = (0.0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[-1])
    if len(numbers) > 2 or not 0 <= low < high <= 1:
        raise UserError(f"{text!r} is no percentile.", "Write METRIC=.99, say.", "--winsorise")
    return Winsor(low, high)


def _pools(texts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, members in _pairs(texts, "--pool").items():
        found[name] = [member.strip() for member in members.split("+") if member.strip()]
    return found


def _numbers(text: str, shape: str, option: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(abs(number) < float("inf") for number in numbers):
        raise UserError(f"{text!r} is no number that fits.", f"Write {shape}.", option)
    return numbers
