"""From sufficient statistics to every result of an experiment, with what is wrong said by row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from kindred.experiments import correction
from kindred.experiments.bayes import BetaBelief, Prior, posterior
from kindred.experiments.caveats import Caveat
from kindred.experiments.comparison import absolute_lift, relative_lift
from kindred.experiments.complaints import about_adjustment, about_reading
from kindred.experiments.estimates import (
    DENOMINATOR,
    VALUE,
    Adjustment,
    Estimate,
    MetricKind,
    Summary,
    adjusted_estimate,
    estimate,
    fit_adjustment,
)
from kindred.experiments.guardrails import Better, Guardrail, Verdict, judge, judge_always
from kindred.experiments.heterogeneity import interaction
from kindred.experiments.moments import Moments
from kindred.experiments.results import Reading, Result, SegmentResult
from kindred.experiments.sequential import DEFAULT_TUNING, AlwaysValid

Correction = Literal["holm", "bh", "none"]
Family = Literal["all", "metric"]


@dataclass(frozen=True)
class Metric:
    """What is measured.

    Parameters
    ----------
    covariates : tuple of str
        Columns of its moments that were known before the experiment.
    better : {"higher", "lower"}
        Which direction wins.
    guardrail : Guardrail, optional
        Given where the metric must not get worse, rather than get better.
    level : float, optional
        Which quantile, 0 … 1, for that kind.
    """

    name: str
    kind: MetricKind
    covariates: tuple[str, ...] = ()
    better: Better = "higher"
    guardrail: Guardrail | None = None
    level: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that its moments have."""
        bottom = (DENOMINATOR,) if self.kind is MetricKind.RATIO else ()
        return (VALUE, *bottom, *self.covariates)


@dataclass(frozen=True)
class Settings:
    """How an experiment is judged.

    Parameters
    ----------
    alpha : float
        Nominal chance of a false positive.
    correction : {"holm", "bh", "none"}
        Of p-values for the number of tests.
    family : {"all", "metric"}
        The tests that are counted: all metrics and variations of one analysis, or the variations
        of each metric.
    prior : Prior
        On the lift.
    tuning : float
        Units at which the always-valid interval is narrowest.
    """

    control: str
    alpha: float = 0.05
    correction: Correction = "holm"
    family: Family = "all"
    prior: Prior = field(default_factory=Prior)
    tuning: float = DEFAULT_TUNING


ByVariation = Mapping[str, Summary]


def compare(
    metric: Metric, arms: ByVariation, settings: Settings, where: str = ""
) -> tuple[list[Result], list[Caveat]]:
    """Hold every variation of one metric against the control.

    Parameters
    ----------
    arms : mapping of variation to Moments or Quantile
        Moments have `metric.columns`. Where the control is not among them, what the arms come to
        is given all the same, without a lift.
    where : str
        Named in caveats, in front of metric and variation.
    """
    said: list[Caveat] = []
    results: list[Result] = []
    known = settings.control in arms
    control = arms[settings.control] if known else Moments.empty(metric.columns)
    adjustment = _adjustment(metric, arms)
    bases = _estimates(control, metric, adjustment)
    place = " · ".join(part for part in (where, metric.name) if part)
    if known:
        said += about_adjustment(metric.covariates, arms, adjustment, place)
    for variation, summary in arms.items():
        if variation == settings.control:
            continue
        own = _estimates(summary, metric, adjustment)
        plain = _reading(bases[0], own[0], metric, settings)
        cuped = _reading(bases[1], own[1], metric, settings) if bases[1] and own[1] else None
        if known:
            said += about_reading(metric.kind, control, summary, plain, f"{place} · {variation}")
        explained = adjustment.explained if adjustment else None
        names = (metric.name, variation, settings.control)
        guards = _verdicts(metric, cuped or plain, settings)
        results.append(Result(*names, plain, cuped, explained, *guards))
    return results, said


def adjust_p_values(
    results: Sequence[Result], method: Correction, family: Family = "all"
) -> list[Result]:
    """Correct p-values over their family; raw and CUPED, fixed and always-valid each for itself."""
    if family == "metric":
        names = dict.fromkeys(result.metric for result in results)
        own = {
            n: iter(adjust_p_values([r for r in results if r.metric == n], method)) for n in names
        }
        return [next(own[result.metric]) for result in results]
    plain = _corrected_readings([r.plain for r in results], method)
    cuped = _corrected_readings([r.cuped for r in results], method)
    return [
        replace(result, plain=one or result.plain, cuped=other)
        for result, one, other in zip(results, plain, cuped, strict=True)
    ]


def _corrected_readings(
    readings: Sequence[Reading | None], method: Correction
) -> list[Reading | None]:
    fixed = corrected([r.p_value if r else math.nan for r in readings], method)
    looked = [r.always.p_value() if r and r.always else math.nan for r in readings]
    always = corrected(looked, method)
    return [
        replace(r, adjusted_p_value=p, always_adjusted_p_value=q) if r else None
        for r, p, q in zip(readings, fixed, always, strict=True)
    ]


def corrected(p_values: Sequence[float], method: Correction) -> list[float]:
    """Correct p-values over one family."""
    if method == "holm":
        return correction.holm(p_values)
    if method == "bh":
        return correction.benjamini_hochberg(p_values)
    return list(p_values)


def compare_segments(
    metric: Metric,
    column: str,
    levels: Mapping[str, ByVariation],
    settings: Settings,
) -> tuple[list[SegmentResult], list[Caveat]]:
    """Test first whether the levels of a segment column differ, then give each level's results.

    The levels' p-values are corrected over the levels of one column, metric and variation.
    """
    said: list[Caveat] = []
    by_variation: dict[str, list[tuple[str, Result]]] = {}
    for level, arms in levels.items():
        results, noted = compare(metric, arms, settings, f"{column} = {level}")
        said += noted
        for result in results:
            by_variation.setdefault(result.variation, []).append((level, result))
    found: list[SegmentResult] = []
    for variation, pairs in by_variation.items():
        readings = [result.plain for _, result in pairs]
        test = interaction([r.absolute for r in readings], [r.always for r in readings])
        adjusted = adjust_p_values([result for _, result in pairs], settings.correction)
        rows = tuple(zip([level for level, _ in pairs], adjusted, strict=True))
        found.append(SegmentResult(column, metric.name, variation, test, rows))
    return found, said


def adjust_interactions(found: Sequence[SegmentResult], method: Correction) -> list[SegmentResult]:
    """Correct the tests of whether levels differ over all such tests of one analysis."""
    fixed = corrected([one.interaction.p_value for one in found], method)
    always = corrected([one.interaction.always_p_value for one in found], method)
    return [
        replace(
            one,
            interaction=replace(one.interaction, adjusted_p_value=p, always_adjusted_p_value=q),
        )
        for one, p, q in zip(found, fixed, always, strict=True)
    ]


def _adjustment(metric: Metric, arms: ByVariation) -> Adjustment | None:
    if not metric.covariates:
        return None
    pooled = Moments.empty(metric.columns)
    for summary in arms.values():
        if isinstance(summary, Moments):
            pooled = pooled + summary
    return fit_adjustment(pooled, metric.kind, metric.covariates)


def _estimates(
    summary: Summary, metric: Metric, adjustment: Adjustment | None
) -> tuple[Estimate, Estimate | None]:
    """Estimate raw, and less what covariates foretold."""
    raw = estimate(summary, metric.kind)
    if adjustment is None or not isinstance(summary, Moments):
        return raw, None
    return raw, adjusted_estimate(summary, metric.kind, adjustment)


def _reading(control: Estimate, arm: Estimate, metric: Metric, settings: Settings) -> Reading:
    absolute, relative = absolute_lift(control, arm), relative_lift(control, arm)
    n = control.n + arm.n
    counts = None
    if metric.kind.is_rate and math.isfinite(control.unadjusted + arm.unadjusted):
        counts = (
            BetaBelief.after(control.unadjusted * control.n, control.n),
            BetaBelief.after(arm.unadjusted * arm.n, arm.n),
        )
    usable = absolute.usable
    base, prior = control.unadjusted, settings.prior
    shared = posterior(relative, prior.shared(base)) if relative.usable and base > 0 else None
    valid = AlwaysValid(absolute, n, settings.alpha, settings.tuning)
    valid_relative = AlwaysValid(relative, n, settings.alpha, settings.tuning)
    return Reading(
        control,
        arm,
        absolute,
        relative,
        absolute.interval(settings.alpha),
        relative.interval(settings.alpha),
        absolute.p_value,
        posterior(absolute, prior.scaled(base)) if usable else None,
        valid if usable else None,
        valid_relative if relative.usable else None,
        alpha=settings.alpha,
        better=metric.better,
        counts=counts,
        relative_belief=shared,
    )


def _verdicts(
    metric: Metric, best: Reading, settings: Settings
) -> tuple[Verdict | None, Verdict | None]:
    """Judge the guardrail, if it is one: tested once, and so that it may be asked every day."""
    guardrail = metric.guardrail
    if guardrail is None:
        return None, None
    lift = best.relative if guardrail.relative else best.absolute
    always = best.always_relative if guardrail.relative else best.always
    return (
        judge(lift, guardrail, metric.better, settings.alpha),
        judge_always(always, guardrail, metric.better) if always is not None else None,
    )
