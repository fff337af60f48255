"""An experiment that tests define anew with what they ask about."""

from __future__ import annotations

from typing import Any

from kindred.experiments.definition import Experiment, Limit, Variation
from kindred.experiments.metrics import ClickMetric, ConversionMetric, RevenueMetric


def hero_banner(**changes: Any) -> Experiment:
    given: dict[str, Any] = {
        "hypothesis": "A warmer banner makes more people order.",
        "variations": (
            Variation("control", "Old banner", 0.5),
            Variation("variation", "Warm banner", 0.5),
        ),
        "primary": "orders",
        "metrics": (
            ConversionMetric(name="orders", before="P28D"),
            RevenueMetric(name="revenue", before="P28D"),
            ClickMetric(name="click rate"),
        ),
        "guardrails": (Limit("revenue", 0.05),),
        "hash_attribute": "anonymousId",
    }
    return Experiment(**(given | changes))
