"""A leaderboard as it is asked for and given: the question, its entries, and what was noted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.dataset import Interactions
from kindred.recommend.evaluation import Interval


@dataclass(frozen=True)
class Entry:
    """One model on the board; `params` as tuned, `seconds` of its final fit."""

    model: str
    sentence: str
    params: Mapping[str, Any]
    seconds: float
    metrics: Mapping[str, Interval]
    ndcg_of_each: NDArray[np.float64] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Give what programs read: each metric as value, low and high; null where not known."""
        metrics = {name: found.as_json() for name, found in self.metrics.items()}
        return {
            "model": self.model,
            "what": self.sentence,
            "params": dict(self.params),
            "seconds": round(self.seconds, 3),
            **metrics,
        }


@dataclass(frozen=True)
class Board:
    """The models, best first, and how they were judged."""

    split: Mapping[str, Any]
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Give what programs read."""
        models = [entry.as_json() for entry in self.entries]
        return {"split": dict(self.split), "models": models, "notes": list(self.notes)}


@dataclass(frozen=True)
class Question:
    """What the board is drawn up for.

    Parameters
    ----------
    rows : Interactions
        All that may be known, and without `test` also what is held out.
    person_columns, item_columns : mapping of name to array
        Of any kind, in the order of `rows.people` and `rows.items`.
    test : csr array of shape (U, I), optional
        Given positives; else the split is temporal.
    repeats : bool, optional
        Whether what a person knows may be recommended; else the data says.
    budget : float
        Seconds of tuning.
    """

    rows: Interactions
    person_columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    item_columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    test: sparse.csr_array | None = None
    k: int = 10
    repeats: bool | None = None
    budget: float = 60.0
