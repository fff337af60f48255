"""Metrics and variations as rows of a table that people edit, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st

from kindred.errors import UserError
from kindred.experiments.definition import Limit, Variation
from kindred.experiments.metrics import (
    BounceMetric,
    ClickMetric,
    ConversionMetric,
    CountMetric,
    Declared,
    Part,
    RatioMetric,
    RetentionMetric,
    RevenueMetric,
    TimeMetric,
)
from kindred.segments.durations import duration

KINDS: Final[Mapping[str, str]] = {
    "conversion": "Conversion",
    "count": "Count",
    "revenue": "Revenue",
    "ratio": "Ratio",
    "ctr": "Click rate",
    "bounce_rate": "Bounce rate",
    "time_on_page": "Time on page",
    "retention": "Retention",
}
_NAMES: Final = {label: kind for kind, label in KINDS.items()}
_BEFORE: Final = ("conversion", "count", "revenue")


def variation_rows(variations: Sequence[Variation]) -> pd.DataFrame:
    """Write variations as rows."""
    return pd.DataFrame(
        [{"Key": v.key, "Name": v.name, "Share %": v.weight * 100} for v in variations]
    )


def read_variations(rows: pd.DataFrame) -> tuple[Variation, ...]:
    """Read variations from rows; blank rows are none."""
    return tuple(
        Variation(_text(row["Key"]), _text(row["Name"]), (_number(row["Share %"]) or 0.0) / 100)
        for row in rows.to_dict("records")
        if _text(row["Key"])
    )


def metric_rows(metrics: Sequence[Declared], limits: Sequence[Limit]) -> pd.DataFrame:
    """Write metrics as rows, guardrails with their margin."""
    margins = {limit.metric: limit.margin * 100 for limit in limits}
    return pd.DataFrame([_metric_row(metric, margins.get(metric.name)) for metric in metrics])


def _metric_row(metric: Declared, margin: float | None) -> dict[str, Any]:
    event, summed, over = getattr(metric, "event", None), getattr(metric, "property", None), None
    if isinstance(metric, RatioMetric):
        event, summed = metric.numerator.event, metric.numerator.property
        over = metric.denominator.event
    before = getattr(metric, "before", None)
    return {
        "Name": metric.name,
        "Kind": KINDS[metric.kind],
        "Event": event,
        "Property": summed,
        "Over": over,
        "Days": duration(metric.within).total_seconds() / 86_400,
        "Before": duration(before).days if before else None,
        "Better": metric.better,
        "Worse by %": margin,
    }


def edit_metrics(
    metrics: Sequence[Declared], limits: Sequence[Limit], events: Sequence[str], key: str
) -> tuple[tuple[Declared, ...], tuple[Limit, ...]]:
    """Let metrics be edited; gives them with the guardrails among them."""
    column = st.column_config
    edited = st.data_editor(
        metric_rows(metrics, limits),
        key=key,
        num_rows="dynamic",
        placeholder="",
        hide_index=True,
        column_config={
            "Name": column.TextColumn(required=True, width=130),
            "Kind": column.SelectboxColumn(
                options=list(_NAMES), required=True, default="Conversion", width=110
            ),
            "Event": column.SelectboxColumn(
                options=list(events), width=150, help="Of conversion, count, revenue, a ratio's top"
            ),
            "Property": column.TextColumn(width=90, help="What is added up; blank: events"),
            "Over": column.SelectboxColumn(
                options=list(events), width=140, help="Of a ratio: what it is divided by"
            ),
            "Days": column.NumberColumn(
                min_value=0.01, default=14, width=70, help="How long after the exposure"
            ),
            "Before": column.NumberColumn(
                min_value=1,
                width=80,
                help="Days before the exposure that CUPED looks at; blank: none",
            ),
            "Better": column.SelectboxColumn(options=["higher", "lower"], default="higher"),
            "Worse by %": column.NumberColumn(
                min_value=0.0,
                width=100,
                help="A guardrail: how much worse is still fine; blank: no guardrail",
            ),
        },
    )
    rows = [row for row in edited.to_dict("records") if _text(row["Name"])]
    known = {metric.name: metric for metric in metrics}
    read = tuple(_metric(row, known.get(_text(row["Name"]))) for row in rows)
    guarded = tuple(
        Limit(_text(row["Name"]), margin / 100)
        for row in rows
        if (margin := _number(row["Worse by %"])) is not None
    )
    return read, guarded


def _metric(row: Mapping[Any, Any], old: Declared | None) -> Declared:
    """Read a metric; filters that the table does not show stay as they were."""
    kind, name = _NAMES[_text(row["Kind"])], _text(row["Name"])
    days = _number(row["Days"]) or 14.0
    common: dict[str, Any] = {
        "name": name,
        "within": f"PT{max(round(days * 86_400), 1)}S" if days % 1 else f"P{int(days)}D",
        "better": _text(row["Better"]) or "higher",
    }
    before = _number(row["Before"])
    if kind in _BEFORE:
        common["before"] = f"P{int(before)}D" if before else None
    event = _text(row["Event"])
    if kind in {*_BEFORE, "ratio"} and not event:
        raise UserError(f"“{name}” names no event.", "Choose the event that it is made of.", name)
    if old is not None and old.kind == kind:
        return _changed(old, common, row)
    if kind == "ratio":
        return RatioMetric(**(common | _parts(row, name)))
    made: dict[str, Any] = {
        "conversion": lambda: ConversionMetric(**common, event=event),
        "count": lambda: CountMetric(**common, event=event),
        "revenue": lambda: RevenueMetric(
            **common, event=event, property=_text(row["Property"]) or "revenue"
        ),
        "ctr": lambda: ClickMetric(**common),
        "bounce_rate": lambda: BounceMetric(**common),
        "time_on_page": lambda: TimeMetric(**common),
        "retention": lambda: RetentionMetric(**common, event=event or None),
    }
    found: Declared = made[kind]()
    return found


def _changed(old: Declared, common: Mapping[str, Any], row: Mapping[Any, Any]) -> Declared:
    changes = dict(common)
    if isinstance(old, RatioMetric):
        both = _parts(row, old.name)
        changes["numerator"] = replace(both["numerator"], where=old.numerator.where)
        changes["denominator"] = replace(
            both["denominator"], where=old.denominator.where, property=old.denominator.property
        )
    elif isinstance(old, RetentionMetric):
        changes["event"] = _text(row["Event"]) or None
    elif isinstance(old, ConversionMetric | CountMetric | RevenueMetric):
        changes["event"] = _text(row["Event"])
        if isinstance(old, RevenueMetric):
            changes["property"] = _text(row["Property"]) or "revenue"
    return replace(old, **changes)


def _parts(row: Mapping[Any, Any], name: str) -> dict[str, Part]:
    over = _text(row["Over"])
    if not over:
        raise UserError(f"“{name}” is divided by nothing.", "Choose an event under Over.", name)
    top = Part(_text(row["Event"]), _text(row["Property"]) or None)
    return {"numerator": top, "denominator": Part(over)}


def _text(given: Any) -> str:
    return "" if given is None or pd.isna(given) else str(given).strip()


def _number(given: Any) -> float | None:
    return None if given is None or pd.isna(given) else float(given)
