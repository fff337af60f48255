"""From sufficient statistics to every result of an experiment, with what is wrong said by row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kindred.experiments import caveats, correction
from kindred.experiments.bayes import Prior, posterior
from kindred.experiments.comparison import absolute_lift, relative_lift
from kindred.experiments.estimates import (
    DENOMINATOR,
    VALUE,
    Adjustment,
    Estimate,
    MetricKind,
    adjusted_estimate,
    estimate,
    fit_adjustment,
)
from kindred.experiments.heterogeneity import interaction
from kindred.experiments.moments import Moments
from kindred.experiments.results import Reading, Result, SegmentResult
from kindred.experiments.sequential import DEFAULT_TUNING, AlwaysValid

Correction = Literal["holm", "bh", "none"]


@dataclass(frozen=True)
class Metric:
    """What is measured.

    Parameters
    ----------
    covariates : tuple of str
        Columns of its moments that were known before the experiment.
    """

    name: str
    kind: MetricKind
    covariates: tuple[str, ...] = ()

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
        Over all metrics and variations of one analysis: the stated family.
    prior : Prior
        On the absolute lift.
    tuning : float
        Units at which the always-valid interval is narrowest.
    """

    control: str
    alpha: float = 0.05
    correction: Correction = "holm"
    prior: Prior = field(default_factory=Prior)
    tuning: float = DEFAULT_TUNING


ByVariation = Mapping[str, Moments]


def compare(
    metric: Metric, arms: ByVariation, settings: Settings, where: str = ""
) -> tuple[list[Result], list[caveats.Caveat]]:
    """Hold every variation of one metric against the control.

    Parameters
    ----------
    arms : mapping of variation to Moments
        Moments have `metric.columns`.
    where : str
        Named in caveats, in front of metric and variation.
    """
    said: list[caveats.Caveat] = []
    results: list[Result] = []
    control = arms.get(settings.control)
    if control is None:
        return results, said
    adjustment = _adjustment(metric, arms)
    for variation, moments in arms.items():
        if variation == settings.control:
            continue
        place = " · ".join(part for part in (where, metric.name, variation) if part)
        plain = _reading(estimate(control, metric.kind), estimate(moments, metric.kind), settings)
        adjusted = None
        if adjustment is not None:
            adjusted = _reading(
                adjusted_estimate(control, metric.kind, adjustment),
                adjusted_estimate(moments, metric.kind, adjustment),
                settings,
            )
        said += _complaints(metric, control, moments, plain, place)
        explained = adjustment.explained if adjustment is not None else None
        results.append(Result(metric.name, variation, settings.control, plain, adjusted, explained))
    return results, said


def adjust_p_values(results: Sequence[Result], method: Correction) -> list[Result]:
    """Correct p-values over the family `results`, raw and CUPED each for itself."""
    plain = _corrected([r.plain.p_value for r in results], method)
    cuped = _corrected([r.cuped.p_value if r.cuped else math.nan for r in results], method)
    return [result.with_adjusted(p, q) for result, p, q in zip(results, plain, cuped, strict=True)]


def compare_segments(
    metric: Metric,
    column: str,
    levels: Mapping[str, ByVariation],
    settings: Settings,
) -> tuple[list[SegmentResult], list[caveats.Caveat]]:
    """Test first whether the levels of a segment column differ, then give each level's results.

    The levels' p-values are corrected over the levels of one column, metric and variation.
    """
    said: list[caveats.Caveat] = []
    by_variation: dict[str, list[tuple[str, Result]]] = {}
    for level, arms in levels.items():
        results, noted = compare(metric, arms, settings, f"{column} = {level}")
        said += noted
        for result in results:
            by_variation.setdefault(result.variation, []).append((level, result))
    found: list[SegmentResult] = []
    for variation, pairs in by_variation.items():
        test = interaction([result.plain.absolute for _, result in pairs])
        corrected = adjust_p_values([result for _, result in pairs], settings.correction)
        rows = tuple(zip([level for level, _ in pairs], corrected, strict=True))
        found.append(SegmentResult(column, metric.name, variation, test, rows))
    return found, said


def _adjustment(metric: Metric, arms: ByVariation) -> Adjustment | None:
    if not metric.covariates:
        return None
    pooled = sum(arms.values(), Moments.empty(metric.columns))
    return fit_adjustment(pooled, metric.kind, metric.covariates)


def _reading(control: Estimate, arm: Estimate, settings: Settings) -> Reading:
    absolute, relative = absolute_lift(control, arm), relative_lift(control, arm)
    n = control.n + arm.n
    always = AlwaysValid(absolute, n, settings.alpha, settings.tuning)
    always_relative = AlwaysValid(relative, n, settings.alpha, settings.tuning)
    usable = absolute.standard_error > 0
    return Reading(
        control,
        arm,
        absolute,
        relative,
        absolute.interval(settings.alpha),
        relative.interval(settings.alpha),
        absolute.p_value,
        posterior(absolute, settings.prior) if usable else None,
        always if usable else None,
        always_relative if relative.standard_error > 0 else None,
    )


def _corrected(p_values: Sequence[float], method: Correction) -> list[float]:
    if method == "holm":
        return correction.holm(p_values)
    if method == "bh":
        return correction.benjamini_hochberg(p_values)
    return list(p_values)


def _complaints(
    metric: Metric, control: Moments, arm: Moments, reading: Reading, place: str
) -> list[caveats.Caveat]:
    said: list[caveats.Caveat] = []
    if control.n == 0 or arm.n == 0:
        return [caveats.EMPTY_ARM.at(place)]
    if control.n == 1 or arm.n == 1:
        return [caveats.SINGLE_UNIT.at(place)]
    if metric.kind is MetricKind.RATIO and 0 in (
        control.mean(DENOMINATOR),
        arm.mean(DENOMINATOR),
    ):
        return [caveats.ZERO_DENOMINATOR.at(place)]
    if not reading.absolute.standard_error > 0:
        said.append(caveats.ZERO_VARIANCE.at(place))
    if reading.control.unadjusted == 0:
        said.append(caveats.ZERO_BASELINE.at(place))
    elif reading.control.unadjusted < 0:
        said.append(caveats.NEGATIVE_BASELINE.at(place))
    if metric.kind is MetricKind.PROPORTION and _few_conversions(control, arm):
        said.append(caveats.FEW_CONVERSIONS.at(place))
    if metric.covariates and reading.absolute.standard_error > 0:
        constant = [x for x in metric.covariates if not (control + arm).variance(x) > 0]
        said += [caveats.CONSTANT_COVARIATE.at(f"{place} · {x}") for x in constant]
    return said


def _few_conversions(control: Moments, arm: Moments) -> bool:
    """Below about five successes or failures the normal approximation misleads."""
    counts = [m.mean(VALUE) * m.n for m in (control, arm)]
    failures = [m.n - hits for m, hits in zip((control, arm), counts, strict=True)]
    return min(counts + failures) < 5
