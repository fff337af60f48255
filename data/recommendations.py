"""Recommendations as a screen and the serving API ask for them: with reasons, and steered.

:class:`Recommender` holds one opened model and answers for a known person, a segment or a visitor
who was never seen. It reads memory-mapped arrays and keeps no state of a request, so one may be
shared by threads. Serving calls :func:`data.quick_recommendations.quick_answer`, which takes the
computed list from the lake and comes here only where there is none, or rules leave too little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.items import Items
from data.model_files import open_model
from data.onboarding import Onboarding
from data.recommendation_choice import choose
from data.recommendation_types import (
    Answer,
    Gone,
    Liker,
    Newcomer,
    Reason,
    Recommended,
    Route,
    Visitor,
)
from data.workspace import Workspace
from kindred.recommend.exported import Exported, Scored, carried, item_vectors, score, similar
from kindred.recommend.forms import Who
from kindred.recommend.steer import Candidates, steer
from kindred.recommend.steering import IDENTITY, Steering

CLICK: Final = 1.0  # what a visitor's click counts
ANSWER: Final = 1.0  # what an answer counts, all its items together
MOST_MEMBERS: Final = 500  # of a segment, whose scores are averaged


@dataclass(frozen=True)
class Source:
    """Which model answers: its kind, the live version (0 if it is not live), data until when."""

    name: str
    version: int
    as_of: datetime


class Recommender:
    """An opened model over the catalogue.

    Parameters
    ----------
    model : Exported
    items : Items
        The catalogue; what the model knows and the catalogue does not is called by its id.
    source : Source
    """

    def __init__(self, model: Exported, items: Items, source: Source) -> None:
        self.model = model
        self.items = items
        self.source = source
        self.ids = np.char.decode(model.items).astype(object)
        rows = [items.place.get(item, -1) for item in self.ids]
        self._catalogue = np.asarray(rows, dtype=np.int64)

    @cached_property
    def fields(self) -> Mapping[str, NDArray[Any]]:
        """Give what rules may ask of the model's items, by place."""
        gone = self._catalogue < 0
        found = {}
        for name, column in self.items.fields.items():
            values = column[self._catalogue] if len(column) else np.full(len(gone), None, object)
            if gone.any():
                values = values.astype(object)
                values[gone] = None
            found[name] = values
        return found

    @cached_property
    def vectors(self) -> NDArray[Any] | None:
        """Give the vectors by which the model's items are alike."""
        return item_vectors(self.model)

    @cached_property
    def place(self) -> Mapping[str, int]:
        """Find an item's place in the model by its id."""
        return {item: place for place, item in enumerate(self.ids)}

    def parts(self) -> list[str]:
        """Name the forms that a marketer may weigh."""
        weighed = self.model.blend.get("history", {})
        return [name for name, weight in weighed.items() if weight] if len(weighed) > 1 else []

    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """Give what a first request may tell, and its values."""
        return self.model.features

    @cached_property
    def asking(self) -> Onboarding:
        """Give the questions to somebody new."""
        items = self.items
        return Onboarding(self.model, lambda item: f"{items.name(item)} · {items.described(item)}")

    def person(
        self,
        person: str,
        steering: Steering | None,
        k: int,
        *,
        explain: bool = True,
        newcomer: Newcomer | None = None,
    ) -> Answer:
        """Recommend to a person.

        Parameters
        ----------
        newcomer : Newcomer, optional
            Somebody who came after the training (:func:`data.newcomers.newcomer`): they are folded
            in. Without it somebody whom the model does not know is answered as unknown.
        """
        row = self.model.row(person)
        came = newcomer if newcomer is not None and row is None else Newcomer(Who())
        who = self.model.who(row) if row is not None else came.who
        scored, again = score(self.model, who), self.model.repeats
        return self._answer(person, who, scored, steering, k, explain, again, came.bought)

    def visitor(
        self, visitor: Visitor, steering: Steering | None, k: int, *, explain: bool = True
    ) -> Answer:
        """Recommend to somebody never seen, by what is told of them; nothing is fitted anew.

        What they clicked or answered is shown again where people deal with things again.
        """
        who, again = self._visitor(visitor), self.model.repeats
        return self._answer("visitor", who, score(self.model, who), steering, k, explain, again)

    def segment(self, key: str, people: Sequence[str], steering: Steering | None, k: int) -> Answer:
        """Recommend to all in a segment, by the mean scores of at most 500 of its people."""
        step = max(1, len(people) // MOST_MEMBERS)
        rows = [row for p in people[::step] if (row := self.model.row(p)) is not None]
        total: NDArray[Any] = np.zeros(len(self.ids))
        for row in rows[:MOST_MEMBERS]:
            total += score(self.model, self.model.who(row)).total
        if not rows:
            total = score(self.model, Who()).total
        scored = Scored(total / max(len(rows[:MOST_MEMBERS]), 1), {}, {}, "segment")
        return self._answer(key, Who(), scored, steering, k, explain=False, again=True)

    def similar(self, item: str, k: int) -> list[Recommended]:
        """Give the items most like one."""
        place = self.place.get(item)
        if place is None:
            return []
        found = similar(self.model, place, k)
        return [
            self._recommended(other, likeness, rank)
            for rank, (other, likeness) in enumerate(found, 1)
        ]

    def likers(self, item: str, k: int, most: int = 2_000) -> list[Liker]:
        """Give the people to whom an item is recommended highest, of at most `most` of them."""
        place = self.place.get(item)
        if place is None or not len(self.model.people):
            return []
        step = max(1, len(self.model.people) // most)
        rows = np.arange(0, len(self.model.people), step)
        scores = np.array([score(self.model, self.model.who(int(r))).total[place] for r in rows])
        best = np.argsort(-scores, kind="stable")[:k]
        return [
            Liker(
                bytes(self.model.people[rows[at]]).decode(),
                float(scores[at]),
                bool(place in self.model.who(int(rows[at])).places),
            )
            for at in best
        ]

    def _visitor(self, visitor: Visitor) -> Who:
        """Take clicks and answers as a short history."""
        answered = self.asking.items_for(visitor.answers)
        counted = {place: ANSWER * share for place, share in answered.items()}
        clicked = [self.place[item] for item in visitor.clicks if item in self.place]
        counted |= dict.fromkeys(clicked, CLICK)
        places = np.asarray(list(counted), dtype=np.int64)
        return Who(None, places, np.asarray(list(counted.values())), dict(visitor.context))

    def from_list(
        self,
        person: str,
        listed: tuple[Sequence[str], Sequence[float]],
        steering: Steering | None,
        k: int,
    ) -> Answer:
        """Steer a computed list of a person's best items, without reasons."""
        known = [(self.place[i], s) for i, s in zip(*listed, strict=True) if i in self.place]
        chosen = np.asarray([place for place, _ in known], dtype=np.int64)
        scores = np.asarray([value for _, value in known])
        ranks = np.arange(1, len(known) + 1)
        row = self.model.row(person)
        who = Who(row=row) if row is not None else Who()
        route: Route = "history" if row is not None else "unknown"
        return self._finish(person, route, who, chosen, scores, ranks, {}, steering, k)

    def _answer(
        self,
        subject: str,
        who: Who,
        scored: Scored,
        steering: Steering | None,
        k: int,
        explain: bool,
        again: bool,
        bought: Mapping[int, float] = {},
    ) -> Answer:
        total = scored.total
        if not again:
            total = total.copy()
            total[who.places] = -np.inf
        rules = steering or IDENTITY
        chosen = choose(self.model, self.fields, self.place, total, who, rules, k, bought)
        ranks = np.array([1 + int((total > total[place]).sum()) for place in chosen])
        parts = {name: part[chosen] for name, part in scored.parts.items()}
        why = self._reasons(who, scored) if explain else None
        route: Any = scored.route
        return self._finish(
            subject, route, who, chosen, total[chosen], ranks, parts, steering, k, why, bought
        )

    def _finish(
        self,
        subject: str,
        route: Route,
        who: Who,
        chosen: NDArray[np.int64],
        scores: NDArray[Any],
        ranks: NDArray[Any],
        parts: Mapping[str, NDArray[Any]],
        steering: Steering | None,
        k: int,
        why: Callable[[int], tuple[Reason, ...]] | None = None,
        bought: Mapping[int, float] = {},
    ) -> Answer:
        days = np.array([bought.get(int(place), np.nan) for place in chosen])
        if who.row is not None:
            days = np.asarray(self.model.days(who.row, chosen), np.float64)
        candidates = Candidates(
            items=self.ids[chosen].tolist(),
            scores=scores,
            fields={name: column[chosen] for name, column in self.fields.items()},
            bought_days_ago=days,
            vectors=None if self.vectors is None else self.vectors[chosen],
            parts=parts,
        )
        steered = steer(candidates, steering or IDENTITY, k)
        items = []
        for each in steered.shown:
            place = int(chosen[each.row])
            reasons = why(place) if why is not None else ()
            rank = int(ranks[each.row])
            items.append(self._recommended(place, each.score, rank, each.reasons, reasons))
        gone = [
            Gone(out.item, self.items.name(out.item), out.before, out.reason)
            for out in steered.left_out
        ]
        source = self.source
        steered_by = None if steering is None else 0
        return Answer(
            *(subject, route, source.name, source.version, source.as_of, items, gone, steered_by)
        )

    def _recommended(
        self,
        place: int,
        value: float,
        rank: int,
        moved: tuple[str, ...] = (),
        reasons: tuple[Reason, ...] = (),
    ) -> Recommended:
        item = str(self.ids[place])
        described = self.items.described(item)
        return Recommended(item, self.items.name(item), described, value, rank, moved, reasons)

    def _reasons(self, who: Who, scored: Scored) -> Callable[[int], tuple[Reason, ...]]:
        def of(place: int) -> tuple[Reason, ...]:
            found = carried(self.model, who, scored, place)[:5]
            return tuple(Reason(c.kind, self._label(c, place), c.amount) for c in found)

        return of

    def _label(self, carried: Any, place: int) -> str:
        if carried.place is None:
            return "popular" if carried.label == "everybody" else carried.label.replace("=", " ")
        if carried.place == place:
            return "bought before"
        item = str(self.ids[carried.place])
        name = self.items.name(item)
        return f"item {item}" if name == item else name


def open_recommender(workspace: Workspace, path: str, items: Items, source: Source) -> Recommender:
    """Open a model over the catalogue; some milliseconds, and a second for a large catalogue."""
    return Recommender(open_model(workspace, path), items, source)
