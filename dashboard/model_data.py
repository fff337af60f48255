"""What Models shows: the trainings, the models of one, and which is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from dashboard.store import reading
from data import trainings
from data.live_model import LiveModel, live_model
from data.trainings import models_of, recent_trainings


@dataclass(frozen=True)
class Models:
    """One training with its models, best first, beside all trainings.

    Parameters
    ----------
    trainings : sequence of Row
        The newest first.
    shown : Row
        The training looked at.
    models : sequence of Row
        Its models by NDCG, the best first.
    places : mapping of model name to int
        Its colour, the same whatever the order.
    """

    trainings: Sequence[Row[Any]]
    shown: Row[Any]
    models: Sequence[Row[Any]]
    groups: Sequence[Row[Any]]
    comparisons: Sequence[Row[Any]]
    live: LiveModel | None
    now: datetime

    @property
    def places(self) -> Mapping[str, int]:
        """Give each model's colour by the alphabet, so that it keeps it from training to next."""
        return {name: place for place, name in enumerate(sorted(m.name for m in self.models))}

    def model(self, name: str) -> Row[Any] | None:
        """Find a model of the training by its name."""
        return next((model for model in self.models if model.name == name), None)

    def against(self, one: str, other: str) -> tuple[float, float, float] | None:
        """Give the paired difference in NDCG of two models, with its interval."""
        for row in self.comparisons:
            if row.metric == "ndcg" and (row.one, row.other) == (one, other):
                return row.difference, row.low, row.high
            if row.metric == "ndcg" and (row.other, row.one) == (one, other):
                return -row.difference, -row.high, -row.low
        return None


def read_models(training: int | None, repeats: bool | None = None) -> Models | None:
    """Read a training: the one asked for, else the live model's mode's newest; none before any."""
    now = datetime.now(UTC)
    with reading() as conn:
        every = recent_trainings(conn)
        if not every:
            return None
        live = live_model(conn, now)
        mode = repeats if repeats is not None else (live.repeats if live else every[0].repeats)
        of_mode = [row for row in every if row.repeats == mode] or list(every)
        shown = next((row for row in every if row.id == training), of_mode[0])
        models = sorted(models_of(conn, shown.id), key=lambda row: -ndcg(row))
        groups = trainings.groups_of(conn, shown.id)
        pairs = trainings.comparisons_of(conn, shown.id)
        return Models(every, shown, models, groups, pairs, live, now)


def ndcg(model: Row[Any]) -> float:
    """Give a model's NDCG; one that has none comes last."""
    value = (model.metrics.get("ndcg") or {}).get("value")
    return float(value) if value is not None else -1.0
