"""Metrics as they are declared once: which events, of which kind, in which window.

Windows begin at a unit's first exposure and are half-open, ``[exposure, exposure + within)``; what
is known from before lies in ``[exposure − before, exposure)`` and serves as CUPED's covariate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from kindred.errors import UserError
from kindred.events import CONTENT_CLICKED, CONTENT_VIEWED, ORDER_COMPLETED
from kindred.experiments.analysis import Metric
from kindred.experiments.estimates import MetricKind
from kindred.experiments.guardrails import Better, Guardrail
from kindred.segments.check_values import check_value
from kindred.segments.describe import filter_in_words
from kindred.segments.durations import in_words, length
from kindred.segments.rules import PropertyFilter

BEFORE: Final = "before"  # the covariate's column in the moments
VISIT_GAP: Final = "PT30M"  # of silence, after which a new visit begins
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Part:
    """Events counted, or a property of theirs added up.

    Parameters
    ----------
    property : str or None
        None: the events are counted.
    """

    __pydantic_config__ = _STRICT
    event: str
    property: str | None = None
    where: tuple[PropertyFilter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Declared:
    """What all metrics have.

    Parameters
    ----------
    name : str
        As people know it; one name for one metric in an experiment.
    within : str
        How long after the exposure events count, such as ``P14D``.
    better : {"higher", "lower"}
    """

    __pydantic_config__ = _STRICT
    name: str
    within: str = "P14D"
    better: Better = "higher"


@dataclass(frozen=True, kw_only=True)
class ConversionMetric(_Declared):
    """Share of units with at least one such event."""

    event: str = ORDER_COMPLETED
    where: tuple[PropertyFilter, ...] = ()
    before: str | None = None
    kind: Literal["conversion"] = "conversion"


@dataclass(frozen=True, kw_only=True)
class CountMetric(_Declared):
    """Such events per unit."""

    event: str = ORDER_COMPLETED
    where: tuple[PropertyFilter, ...] = ()
    before: str | None = None
    kind: Literal["count"] = "count"


@dataclass(frozen=True, kw_only=True)
class RevenueMetric(_Declared):
    """A property of such events added up per unit.

    Parameters
    ----------
    cap : float, optional
        A unit's sum counts no more than this: a single enormous order says little of the rest.
    """

    event: str = ORDER_COMPLETED
    property: str = "revenue"
    where: tuple[PropertyFilter, ...] = ()
    before: str | None = None
    cap: float | None = None
    kind: Literal["revenue"] = "revenue"


@dataclass(frozen=True, kw_only=True)
class RatioMetric(_Declared):
    """One sum over all units divided by another, such as revenue an order."""

    numerator: Part
    denominator: Part
    kind: Literal["ratio"] = "ratio"


@dataclass(frozen=True, kw_only=True)
class ClickMetric(_Declared):
    """Clicks a view of content (click-through rate)."""

    where: tuple[PropertyFilter, ...] = ()
    kind: Literal["ctr"] = "ctr"


@dataclass(frozen=True, kw_only=True)
class BounceMetric(_Declared):
    """Share of visits that hold a single event; half an hour of silence ends a visit."""

    better: Better = "lower"
    kind: Literal["bounce_rate"] = "bounce_rate"


@dataclass(frozen=True, kw_only=True)
class TimeMetric(_Declared):
    """Seconds on a page, from its event to the visit's next one; a visit's last page has none."""

    kind: Literal["time_on_page"] = "time_on_page"


@dataclass(frozen=True, kw_only=True)
class RetentionMetric(_Declared):
    """Share of units that come back between `after` and `within`; only units exposed that long.

    Parameters
    ----------
    event : str or None
        None: any event.
    """

    after: str = "P7D"
    event: str | None = None
    kind: Literal["retention"] = "retention"


Declared = Annotated[
    ConversionMetric
    | CountMetric
    | RevenueMetric
    | RatioMetric
    | ClickMetric
    | BounceMetric
    | TimeMetric
    | RetentionMetric,
    Field(discriminator="kind"),
]

_KINDS: Final = {
    "conversion": MetricKind.PROPORTION,
    "retention": MetricKind.PROPORTION,
    "count": MetricKind.MEAN,
    "revenue": MetricKind.MEAN,
}


def analysed(declared: Declared, guardrail: Guardrail | None = None) -> Metric:
    """Give the metric as the statistics take it.

    Examples
    --------
    >>> analysed(CountMetric(name="orders", before="P28D")).columns
    ('value', 'before')
    """
    kind = _KINDS.get(declared.kind, MetricKind.RATIO)
    covariates = (BEFORE,) if getattr(declared, "before", None) else ()
    return Metric(declared.name, kind, covariates, declared.better, guardrail)


def parts(declared: Declared) -> tuple[Part, Part] | None:
    """Name numerator and denominator of a ratio of events; none of other kinds.

    Examples
    --------
    >>> [part.event for part in parts(ClickMetric(name="ctr"))]
    ['Content Clicked', 'Content Viewed']
    """
    if isinstance(declared, RatioMetric):
        return declared.numerator, declared.denominator
    if isinstance(declared, ClickMetric):
        return Part(CONTENT_CLICKED, None, declared.where), Part(
            CONTENT_VIEWED, None, declared.where
        )
    return None


def in_visits(declared: Declared) -> bool:
    """Whether a metric is measured by visits rather than by single events."""
    return isinstance(declared, BounceMetric | TimeMetric)


def check(declared: Declared) -> None:
    """Refuse windows and filters that can't be, naming the metric.

    Raises
    ------
    UserError
    """
    if not declared.name.strip():
        raise UserError("A metric has no name.", "Give it the name that people will know it by.")
    length(declared.within)
    if isinstance(declared, RetentionMetric) and length(declared.after) >= length(declared.within):
        raise UserError(
            "Its window ends before it begins.",
            "Let `within` be longer than `after`.",
            declared.name,
        )
    before = getattr(declared, "before", None)
    if before:
        length(before)
    for one in _filters(declared):
        for problem in check_value("", one.op, one.value, None):
            raise UserError(f"“{one.property}”: {problem.what}", problem.accepted, declared.name)
    if isinstance(declared, RevenueMetric) and declared.cap is not None and declared.cap <= 0:
        raise UserError("A cap of nothing leaves nothing.", "Give one above 0.", declared.name)


def _filters(declared: Declared) -> list[PropertyFilter]:
    held = parts(declared) or (declared,)
    return [one for part in held for one in getattr(part, "where", ())]


def sentence(declared: Declared) -> str:
    """Say what a metric measures.

    Examples
    --------
    >>> print(sentence(ConversionMetric(name="buys")))
    buys: share with “Order Completed” within 14 days of the exposure
    >>> print(sentence(RetentionMetric(name="back")))
    back: share who come back between 7 days and 14 days after the exposure
    """
    if isinstance(declared, RetentionMetric):
        what = f"share with “{declared.event}”" if declared.event else "share who come back"
        span = f"between {in_words(declared.after)} and {in_words(declared.within)} after"
        return f"{declared.name}: {what} {span} the exposure"
    return f"{declared.name}: {_what(declared)} within {in_words(declared.within)} of the exposure"


def _what(declared: Declared) -> str:
    if isinstance(declared, ConversionMetric):
        return f"share with “{declared.event}”{_where(declared.where)}"
    if isinstance(declared, CountMetric):
        return f"“{declared.event}”{_where(declared.where)} per unit"
    if isinstance(declared, RevenueMetric):
        capped = f", at most {declared.cap:g}" if declared.cap is not None else ""
        summed = f"{declared.property} of “{declared.event}”"
        return f"{summed}{_where(declared.where)} per unit{capped}"
    if isinstance(declared, BounceMetric):
        return "share of visits with a single event"
    if isinstance(declared, TimeMetric):
        return "seconds on a page"
    assert isinstance(declared, RatioMetric | ClickMetric)
    top, bottom = parts(declared) or (Part(""), Part(""))
    return f"{_summed(top)} over {_summed(bottom)}"


def _summed(part: Part) -> str:
    event = f"“{part.event}”{_where(part.where)}"
    return f"{part.property} of {event}" if part.property else event


def _where(filters: tuple[PropertyFilter, ...]) -> str:
    told = [filter_in_words(one) for one in filters]
    return f" where {' and '.join(told)}" if told else ""
