"""Questions to somebody new, over a model's people and the items they deal with most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.recommendation_types import Question
from kindred.recommend.exported import Exported
from kindred.recommend.onboarding import Tastes, best_question, tastes

MOST_OFFERED: Final = 40  # items, those that people deal with most
MOST_LOOKED_AT: Final = 1_000  # items, of which some may carry the same words
MOST_PEOPLE: Final = 4_000
NONE: Final = ""


class Onboarding:
    """The items that questions offer, and how much people deal with them.

    Parameters
    ----------
    words : callable
        Gives what a screen says of an item, by its id. Items of the same words are one choice, for
        which stands the one that is dealt with most.
    """

    def __init__(self, model: Exported, words: Callable[[str], str]) -> None:
        self._model = model
        self._words = words
        self._ids: list[str] = np.char.decode(model.items).tolist()

    @cached_property
    def offered(self) -> NDArray[np.int64]:
        """Give the places of the items that may be offered, those first that people deal with most.

        The weights of histories are decayed, so these are what is dealt with these days.
        """
        return self._offered[0]

    @cached_property
    def choice(self) -> NDArray[np.int64]:
        """Give which of the choices each of the model's items is, or −1."""
        return self._offered[1]

    @cached_property
    def _amounts(self) -> NDArray[np.float64]:
        """Give how much people deal with each of the model's items."""
        history = self._model.history
        weights = np.asarray(history.weights, dtype=np.float64)
        total = np.bincount(np.asarray(history.places), weights, len(self._ids))
        return np.asarray(total, dtype=np.float64)  # whole numbers where there is none

    @cached_property
    def _offered(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        amounts = self._amounts
        most = np.argsort(-amounts, kind="stable")[:MOST_LOOKED_AT]
        most = most[amounts[most] > 0]
        words = np.array([self._words(self._ids[at]) for at in most], dtype=np.str_)
        said, first, group = np.unique(words, return_index=True, return_inverse=True)
        together = np.bincount(group, amounts[most], len(said))
        best = np.argsort(-together, kind="stable")[:MOST_OFFERED]
        rank = np.full(len(said), -1, dtype=np.int64)
        rank[best] = np.arange(len(best))
        choice = np.full(len(amounts), -1, dtype=np.int64)
        choice[most] = rank[group]
        return most[first[best]], choice  # the first of each group is what is dealt with most

    @cached_property
    def tastes(self) -> Tastes:
        """Give how much known people deal with each of them; of many people, some evenly apart."""
        history = self._model.history
        step = max(1, len(self._model.people) // MOST_PEOPLE)
        parts = [history.of(row) for row in range(0, len(self._model.people), step)]
        starts = np.cumsum([0, *(part.stop - part.start for part in parts)])
        none = np.empty(0, dtype=np.int64)
        places = np.concatenate([none, *(np.asarray(history.places[part]) for part in parts)])
        weights = np.concatenate([none, *(np.asarray(history.weights[part]) for part in parts)])
        return tastes(starts, places, weights, self.choice, len(self.offered))

    def next(self, answers: Mapping[str, str]) -> Question | None:
        """Choose the question that tells most after some answers; none when none would."""
        chosen = best_question(self.tastes, self._read(answers))
        if chosen is None:
            return None
        ids = [self._ids[self.offered[at]] for at in chosen]
        return Question(json.dumps(ids), "Which of these do you choose most often?", tuple(ids))

    def items_for(self, answers: Mapping[str, str]) -> dict[int, float]:
        """Give the places of the items that were answered, each with its share of an answer.

        Of items that carry the same words each has as much as people deal with it.
        """
        rank = {self._ids[at]: number for number, at in enumerate(self.offered)}
        found: dict[int, float] = {}
        for item in set(answers.values()) & rank.keys():
            alike = np.flatnonzero(self.choice == rank[item])
            shares = self._amounts[alike] / self._amounts[alike].sum()
            found |= dict(zip(alike.tolist(), shares.tolist(), strict=True))
        return found

    def _read(self, answers: Mapping[str, str]) -> dict[tuple[int, ...], int]:
        number = {self._ids[at]: rank for rank, at in enumerate(self.offered)}
        read: dict[tuple[int, ...], int] = {}
        for key, choice in answers.items():
            ids = _ids_of(key)
            if ids and all(item in number for item in ids):
                at = ids.index(choice) if choice in ids else -1
                read[tuple(number[item] for item in ids)] = at
        return read


def _ids_of(key: str) -> list[str]:
    """Read a question's key; one of another model, or made up, has no items."""
    try:
        found = json.loads(key)
    except ValueError:
        return []
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        return []
    return found
