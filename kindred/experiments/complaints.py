"""Which caveats a metric's summaries and its result deserve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.estimates import (
    DENOMINATOR,
    VALUE,
    Adjustment,
    MetricKind,
    Summary,
)
from kindred.experiments.moments import Moments
from kindred.experiments.quantiles import Quantile
from kindred.experiments.results import Reading

TOO_GOOD = 0.999  # share of the variance explained
FEW = 5  # successes or failures, below which the normal approximation misleads


def about_reading(
    kind: MetricKind, control: Summary, arm: Summary, reading: Reading, place: str
) -> list[Caveat]:
    """Say what stands in the way of a comparison, or of trusting it."""
    if control.n == 0 or arm.n == 0:
        return [caveats.EMPTY_ARM.at(place)]
    if control.n == 1 or arm.n == 1:
        return [caveats.SINGLE_UNIT.at(place)]
    if isinstance(control, Quantile) or isinstance(arm, Quantile):
        return _about_quantiles(control, arm, reading, place)
    if kind is MetricKind.RATIO and 0 in (control.mean(DENOMINATOR), arm.mean(DENOMINATOR)):
        return [caveats.ZERO_DENOMINATOR.at(place)]
    if kind.is_rate and not all(0 <= one.mean(VALUE) <= 1 for one in (control, arm)):
        return [caveats.NO_RATE.at(place)]
    said = _about_spread(reading, place)
    said += _about_base(reading, place)
    if max(abs(control.mean(VALUE)), abs(arm.mean(VALUE))) >= 2**53:
        said.append(caveats.BEYOND_PRECISION.at(place))
    if kind.is_rate and _few_conversions(control, arm):
        said.append(caveats.FEW_CONVERSIONS.at(place))
    return said


def about_adjustment(
    covariates: Sequence[str],
    arms: Mapping[str, Summary],
    adjustment: Adjustment | None,
    place: str,
) -> list[Caveat]:
    """Name covariates that are the same for everybody, and those too good to be true."""
    moments = [summary for summary in arms.values() if isinstance(summary, Moments)]
    if not covariates or not moments:
        return []
    pooled = sum(moments[1:], moments[0])
    constant = [x for x in covariates if pooled.n > 1 and not pooled.variance(x) > 0]
    said = [caveats.CONSTANT_COVARIATE.at(f"{place} · {x}") for x in constant]
    if adjustment is not None and adjustment.explained > TOO_GOOD:
        said.append(caveats.PERFECT_COVARIATE.at(place))
    return said


def _about_quantiles(control: Summary, arm: Summary, reading: Reading, place: str) -> list[Caveat]:
    if not all(isinstance(one, Quantile) and one.supported for one in (control, arm)):
        return [caveats.FEW_EVENTS.at(place)]
    return _about_spread(reading, place) + _about_base(reading, place)


def _about_spread(reading: Reading, place: str) -> list[Caveat]:
    lift = reading.absolute
    if lift.usable:
        return []
    held = math.isfinite(lift.value) and math.isfinite(lift.standard_error)
    return [(caveats.ZERO_VARIANCE if held else caveats.OUT_OF_RANGE).at(place)]


def _about_base(reading: Reading, place: str) -> list[Caveat]:
    if reading.control.unadjusted == 0:
        return [caveats.ZERO_BASELINE.at(place)]
    if reading.control.unadjusted < 0:
        return [caveats.NEGATIVE_BASELINE.at(place)]
    return []


def _few_conversions(control: Moments, arm: Moments) -> bool:
    """Whether an arm has fewer than about five successes or failures."""
    hits = [m.mean(VALUE) * m.n for m in (control, arm)]
    misses = [m.n - hit for m, hit in zip((control, arm), hits, strict=True)]
    return min(hits + misses) < FEW - 0.5
