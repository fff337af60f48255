"""Trainings by hand, for tests of the store and of screens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from data.trainings import Comparison, GroupQuality, Trained, Training

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def training(**changes: Any) -> Training:
    """Give a training over 40 people."""
    values: dict[str, Any] = {
        "at": NOON,
        "as_of": NOON,
        "dataset_version": 3,
        "repeats": True,
        "people": 40,
        "items": 20,
        "interactions": 400,
        "split": {"kind": "temporal"},
        "settings": {"k": 10},
        "seconds": 12.5,
        "code_version": "abc",
        "fingerprint": "f",
        "warnings": ["two items have no name"],
    }
    return Training(**{**values, **changes})


def interval(value: float) -> dict[str, float]:
    """Give a value with an interval of a tenth to either side."""
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def model(name: str, ndcg: float = 0.3, **changes: Any) -> Trained:
    """Give a model with its quality in all and for two groups."""
    values: dict[str, Any] = {
        "name": name,
        "params": {"factors": 8},
        "seconds": 1.5,
        "metrics": {"ndcg": interval(ndcg), "coverage": interval(0.5)},
        "curves": {"ndcg": [(1, ndcg / 2), (10, ndcg)]},
        "groups": [
            GroupQuality("activity", "low", "Few orders", 10, ndcg - 0.1, 0.0, 0.3),
            GroupQuality("activity", "high", "Many orders", 30, ndcg + 0.1, 0.2, 0.6),
        ],
        "path": f"models/{name}",
    }
    return Trained(**{**values, **changes})


def comparison(one: str, other: str, difference: float = 0.1) -> Comparison:
    """Give a paired comparison over all 40."""
    low, high = difference - 0.05, difference + 0.05
    return Comparison(one, other, "ndcg", difference, low, high, 40)
