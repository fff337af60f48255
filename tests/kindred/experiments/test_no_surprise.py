"""Whatever the sums are, a report comes of them that JSON can hold, a row for each question."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.bayes import Prior
from kindred.experiments.estimates import MetricKind
from kindred.experiments.guardrails import Guardrail
from kindred.experiments.moments import Moments
from kindred.experiments.quantiles import BELOW, EVENTS, Quantile
from kindred.experiments.report import Cell, report

sizes = st.sampled_from([0, 1, 2, 3, 50, 10**9])
values = st.sampled_from([0.0, 1.0, 0.5, -3.0, 1e-300, -1e-12, 1e12, 1e150, 1e300])
spreads = st.sampled_from([0.0, 1e-300, 1.0, 1e12, 1e280])


@st.composite
def moments(draw: st.DrawFn, columns: tuple[str, ...]) -> Moments:
    n = draw(sizes)
    if n == 0:
        return Moments.empty(columns)
    k = len(columns)
    root = np.array([[draw(st.floats(-1, 1)) for _ in range(k)] for _ in range(k)])
    scale = np.array([draw(spreads) ** 0.5 for _ in range(k)])
    comoments = (root @ root.T) * np.outer(scale, scale) * max(n - 1, 0)
    return Moments(columns, n, np.array([draw(values) for _ in range(k)]), comoments)


@st.composite
def rates(draw: st.DrawFn, columns: tuple[str, ...]) -> Moments:
    n = draw(sizes)
    if n == 0:
        return Moments.empty(columns)
    hits = draw(st.sampled_from([0, 1, n // 2, n]))
    k = len(columns)
    comoments = np.zeros((k, k))
    comoments[0, 0] = hits - hits * hits / n
    return Moments(columns, n, np.array([hits / n, *[draw(values)] * (k - 1)]), comoments)


@st.composite
def quantiles(draw: st.DrawFn) -> Quantile:
    n = draw(sizes)
    clusters = Moments.empty((BELOW, EVENTS))
    if n:
        clusters = Moments((BELOW, EVENTS), n, np.array([0.9, 1.0]), np.diag([0.09 * n, 0.0]))
    return Quantile(0.9, draw(values), draw(values), draw(values), clusters)


@st.composite
def experiments(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(list(MetricKind)))
    covariates = draw(st.sampled_from([(), ("x",), ("x", "y")]))
    metric = Metric(
        "m",
        kind,
        () if kind is MetricKind.QUANTILE else covariates,
        draw(st.sampled_from(["higher", "lower"])),
        draw(st.sampled_from([None, Guardrail(0.0), Guardrail(0.1, relative=False)])),
    )
    cells = []
    for level in (None, "u", "v"):
        for arm in draw(st.sampled_from(["AB", "A", "BC", "ABC", ""])):
            if kind is MetricKind.QUANTILE:
                found: Any = draw(quantiles())
            else:
                rate = kind.is_rate and draw(st.booleans())
                found = draw((rates if rate else moments)(metric.columns))
            cells.append(Cell(None if level is None else "s", level, arm, "m", found))
    prior = draw(st.sampled_from([Prior(), Prior(0.0, 1.0), Prior(0.1, 0.1, relative=True)]))
    return {"metric": metric, "cells": cells, "prior": prior}


@settings(max_examples=300, deadline=None)
@given(experiments())
def test_a_report_is_always_made_and_always_json(given: dict[str, Any]) -> None:
    arms = dict.fromkeys("ABC", 10)
    judged = Settings("A", prior=given["prior"])
    found = report(arms, given["cells"], [given["metric"]], judged).as_json()
    text = json.dumps(found, allow_nan=False)
    assert len(found["results"]) == 2
    for row in json.loads(text)["results"]:
        for name in ("p_value", "relative_p_value", "p_value_adjusted", "sequential_p_value"):
            assert row[name] is None or 0 < row[name] <= 1
        for name in ("lift_ci", "relative_lift_ci", "sequential_ci"):
            assert row[name] is None or row[name][0] <= row[name][1]
        chance = row["chance_to_win"]
        assert chance is None or 0 <= chance <= 1
        if row["n"] < 2 or row["n_control"] < 2:
            assert row["p_value"] is None
            assert found["warnings"]
