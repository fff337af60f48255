"""Questions to somebody new, over a model's people and the catalogue's groups."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.recommendation_types import Question
from kindred.recommend.exported import Exported
from kindred.recommend.item_filters import Fields
from kindred.recommend.onboarding import Tastes, best_question, tastes

FIELDS: Final = ("subcategory", "category", "brand")  # the first that tells items apart
MOST_GROUPS: Final = 80
MOST_PEOPLE: Final = 4_000
STANDS_FOR: Final = 4  # items of a group
NONE: Final = ""


class Onboarding:
    """The groups of items that questions offer, and what people care for.

    Parameters
    ----------
    fields : mapping of name to array of shape (I,)
        Of the model's items, by place.
    """

    def __init__(self, model: Exported, fields: Fields) -> None:
        self._model = model
        self._values = _field(fields)

    @cached_property
    def _bought(self) -> NDArray[np.float64]:
        weights = np.asarray(self._model.history.weights, dtype=np.float64)
        places = np.asarray(self._model.history.places)
        bought = np.bincount(places, weights, minlength=len(self._model.items))
        return np.asarray(bought, dtype=np.float64)

    @cached_property
    def groups(self) -> list[str]:
        """Name the groups, those first that people deal with most."""
        if self._values is None:
            return []
        sums: dict[str, float] = {}
        for value, bought in zip(self._values, self._bought, strict=True):
            if isinstance(value, str) and bought > 0:
                sums[value] = sums.get(value, 0.0) + float(bought)
        return sorted(sums, key=lambda value: -sums[value])[:MOST_GROUPS]

    @cached_property
    def _group_of(self) -> NDArray[np.int64]:
        number = {name: place for place, name in enumerate(self.groups)}
        values: Any = self._values if self._values is not None else []
        return np.array([number.get(value, -1) for value in values], dtype=np.int64)

    @cached_property
    def _tastes(self) -> Tastes:
        history = self._model.history
        step = max(1, len(self._model.people) // MOST_PEOPLE)
        rows = np.arange(0, len(self._model.people), step)
        parts = [history.of(int(row)) for row in rows]
        lengths = [part.stop - part.start for part in parts]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = [np.asarray(history.places[part]) for part in parts]
        weights = [np.asarray(history.weights[part]) for part in parts]
        if not places:
            return Tastes(np.empty((0, len(self.groups))))
        every, counted = np.concatenate(places), np.concatenate(weights)
        return tastes(starts, every, counted, self._group_of, len(self.groups))

    def next(self, answers: Mapping[str, str]) -> Question | None:
        """Choose the question that tells most after some answers; none when none would."""
        if len(self.groups) < 2:
            return None
        offered = best_question(self._tastes, self._read(answers))
        if offered is None:
            return None
        names = [self.groups[group] for group in offered]
        return Question(
            "|".join(names),
            "Which of these do you care for most?",
            tuple((name, name.title() if name.isupper() else name) for name in names),
        )

    def items_for(self, answers: Mapping[str, str]) -> list[int]:
        """Give the places of the items that answers stand for: the group's most bought."""
        found: list[int] = []
        for choice in answers.values():
            if choice in self.groups:
                places = np.flatnonzero(self._group_of == self.groups.index(choice))
                best = places[np.argsort(-self._bought[places], kind="stable")]
                found += best[:STANDS_FOR].tolist()
        return found

    def _read(self, answers: Mapping[str, str]) -> dict[tuple[int, ...], int]:
        number = {name: place for place, name in enumerate(self.groups)}
        read: dict[tuple[int, ...], int] = {}
        for question, choice in answers.items():
            names = question.split("|")
            if all(name in number for name in names):
                at = names.index(choice) if choice in names else -1
                read[tuple(number[name] for name in names)] = at
        return read


def _field(fields: Fields) -> NDArray[Any] | None:
    for name in FIELDS:
        column = fields.get(name)
        if column is not None and len({v for v in column if isinstance(v, str)}) > 3:
            return column
    return None
