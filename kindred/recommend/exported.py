"""A fitted model as it is kept: its forms, how they blend by route, the history behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend.forms import Carried, Content, Factors, Floats, Form, Neighbours, Places, Who

ROUTES: Final = ("history", "metadata", "unknown", "clicks")
_SMALLEST: Final = 1e-12


@dataclass(frozen=True)
class History:
    """Who dealt with which items, as rows by person: what was bought, how much and how long ago.

    Parameters
    ----------
    starts : array of shape (U + 1,)
    places, weights, days : arrays of shape (n,)
        Items by place, decayed weights, and days before `as_of` of the last order; NaN where the
        item was only looked at.
    """

    starts: Places
    places: Places
    weights: Floats
    days: Floats

    def of(self, row: int) -> slice:
        """Give where a person's rows lie."""
        return slice(int(self.starts[row]), int(self.starts[row + 1]))


@dataclass(frozen=True)
class Scored:
    """All items' scores for somebody.

    Parameters
    ----------
    total : array of shape (I,)
    parts : mapping of form to array of shape (I,)
        Scaled, before weights.
    spans : mapping of form to float
        By what each form's scores were divided.
    route : str
    """

    total: Floats
    parts: Mapping[str, Floats]
    spans: Mapping[str, float]
    route: str


@dataclass(frozen=True)
class Exported:
    """A model in arrays, and the people and items that their rows stand for.

    Parameters
    ----------
    people, items : arrays of bytes, shape (U,) and (I,)
        Ids in UTF-8; people sorted.
    forms : mapping of name to Form
    blend : mapping of route to (form → weight)
        For known people by their history, with metadata alone, without anything, and for somebody
        new by their clicks; without weights for clicks, those for histories count.
    features : mapping of trait to values
        What the first request of a visitor may tell, as the forms know it.
    """

    name: str
    people: NDArray[np.bytes_]
    items: NDArray[np.bytes_]
    forms: Mapping[str, Form]
    blend: Mapping[str, Mapping[str, float]]
    history: History
    repeats: bool
    person_features: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def row(self, person: str) -> int | None:
        """Find a person's row by bisection."""
        wanted = person.encode()
        row = int(np.searchsorted(self.people, np.bytes_(wanted)))
        found = row < len(self.people) and bytes(self.people[row]) == wanted
        return row if found else None

    def who(self, row: int) -> Who:
        """Give a known person: their row, history and features."""
        own = self.history.of(row)
        known = {n: str(v[row]) for n, v in self.person_features.items() if v[row] is not None}
        weights = np.asarray(self.history.weights[own], dtype=np.float64)
        return Who(row, np.asarray(self.history.places[own]), weights, known)

    def days(self, row: int, places: Places) -> Floats:
        """Give how long ago a person bought each of some items; NaN where never."""
        own = self.history.of(row)
        found = np.full(len(self.items), np.nan)
        found[self.history.places[own]] = self.history.days[own]
        return np.asarray(found[places])


def route_of(who: Who) -> str:
    """Say by which route somebody is recommended to; clicks are a history of somebody new."""
    if len(who.places):
        return "history" if who.row is not None else "clicks"
    return "metadata" if who.features else "unknown"


def scaled_to_top(scores: Floats) -> tuple[Floats, float]:
    """Bring a form's scores to one scale: 0 is the mean item, 1 the best; gives the span, too.

    Examples
    --------
    >>> values, span = scaled_to_top(np.array([0.0, 2.0, 4.0]))
    >>> values.tolist(), span
    ([-1.0, 0.0, 1.0], 2.0)
    """
    values = np.asarray(scores, dtype=np.float64)
    middle = float(values.mean()) if len(values) else 0.0
    span = float(values.max(initial=middle)) - middle
    return ((values - middle) / span, span) if span > _SMALLEST else (np.zeros(len(values)), 0.0)


def weights_of(model: Exported, route: str) -> Mapping[str, float]:
    """Give the weights of a route."""
    known = model.blend
    return known.get(route) or known.get("history" if route == "clicks" else "unknown", {})


def score(model: Exported, who: Who) -> Scored:
    """Score all items for somebody, by the blend of their route."""
    route = route_of(who)
    parts: dict[str, Floats] = {}
    spans: dict[str, float] = {}
    total = np.zeros(len(model.items))
    for name, weight in weights_of(model, route).items():
        found = model.forms[name].scores(who)
        if found is not None and weight:
            parts[name], spans[name] = scaled_to_top(found)
            total += weight * parts[name]
    return Scored(total, parts, spans, route)


def carried(model: Exported, who: Who, scored: Scored, place: int) -> list[Carried]:
    """Say what carried an item's score, as shares of all that did, the strongest first."""
    found: list[Carried] = []
    for name, span in scored.spans.items():
        weight = weights_of(model, scored.route)[name] / span if span else 0.0
        if not weight:
            continue
        for part in model.forms[name].carried(who, place):
            found.append(Carried(part.kind, weight * part.amount, part.place, part.label))
    return shares(found)


def shares(found: list[Carried]) -> list[Carried]:
    """Add up what stands more than once, and give shares of the whole, the strongest first.

    Examples
    --------
    >>> shares([Carried("popular", 1.0), Carried("popular", 2.0), Carried("history", -1.0, 3)])
    [Carried(kind='popular', amount=0.75, place=None, label=''), \
Carried(kind='history', amount=-0.25, place=3, label='')]
    """
    sums: dict[tuple[str, int | None, str], float] = {}
    for each in found:
        key = (each.kind, each.place, each.label)
        sums[key] = sums.get(key, 0.0) + each.amount
    whole = sum(abs(amount) for amount in sums.values())
    if whole <= _SMALLEST:
        return []
    rest = [Carried(k, amount / whole, p, lb) for (k, p, lb), amount in sums.items() if amount]
    return sorted(rest, key=lambda each: -abs(each.amount))


def item_vectors(model: Exported) -> Floats | None:
    """Give the vectors by which items are alike, from factors; none where there are none."""
    for form in model.forms.values():
        if isinstance(form, Factors):
            return form.items
    return None


def similar(model: Exported, place: int, k: int) -> list[tuple[int, float]]:
    """Give the items most like one, with their likeness 0 … 1, the likest first."""
    votes = np.zeros(len(model.items))
    count = 0
    for form in model.forms.values():
        found = _likeness(form, place)
        if found is not None:
            votes += found
            count += 1
    if not count:
        return []
    votes /= count
    votes[place] = -np.inf
    top = np.argsort(-votes, kind="stable")[:k]
    return [(int(row), float(votes[row])) for row in top if votes[row] > _SMALLEST]


def _likeness(form: Form, place: int) -> Floats | None:
    if isinstance(form, Content):
        found = (form.rows @ form.rows[[place]].T).toarray()[:, 0]
    elif isinstance(form, Neighbours):
        row = form.weights[[place]].toarray()[0]
        found = row / (row.max() or 1.0)
    elif isinstance(form, Factors):
        lengths = np.linalg.norm(form.items, axis=1) * np.linalg.norm(form.items[place])
        found = (form.items @ form.items[place]) / np.where(lengths > 0, lengths, 1)
    else:
        return None
    return np.asarray(np.clip(found, 0, 1), dtype=np.float64)
