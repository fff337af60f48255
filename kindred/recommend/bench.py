"""What models are fitted from and judged on, gathered from a question and a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.blocks import Crowd
from kindred.recommend.dataset import Interactions
from kindred.recommend.fitting import fit_content
from kindred.recommend.judge import Task
from kindred.recommend.recipes import Ingredients
from kindred.recommend.splits import Split


@dataclass(frozen=True)
class Bench:
    """Columns as categories and words, beside the question's limits.

    Parameters
    ----------
    people, items : mapping of name to array of text or None
    texts : array of str, shape (I,)
    k : int
    budget : float
        Seconds of tuning.
    """

    k: int
    budget: float
    people: Mapping[str, NDArray[Any]]
    items: Mapping[str, NDArray[Any]]
    texts: NDArray[Any]
    repeats: bool

    def ingredients(self, rows: Interactions, half_life: float | None) -> Ingredients:
        """Weigh rows, and keep with them what is known of people and items."""
        return Ingredients.of(rows, self.people, self.items, self.texts, half_life)

    def task(self, given: Ingredients, split: Split, who: NDArray[np.int64]) -> Task:
        """Gather people as they were before the cut, and what they wanted after it."""
        seen = split.train.unwanted() if self.repeats else split.train.seen()
        known = np.diff(given.matrix.indptr) > 0
        features = {name: values[who] for name, values in self.people.items()}
        history = sparse.csr_array(given.matrix[who])
        crowd = Crowd(np.where(known[who], who, -1), history, features)
        dealt = np.bincount(given.matrix.indices, minlength=given.matrix.shape[1])
        popularity = np.maximum(dealt, 0.5) / max(int(known.sum()), 1)
        described = fit_content(self.items, self.texts).rows
        barred, wanted = sparse.csr_array(seen[who]), sparse.csr_array(split.positives[who])
        return Task(crowd, wanted, barred, popularity, described)
