"""Fitted models as arrays: each form scores every item for somebody, and says what carried it.

Whatever a model was fitted with, what is left of it is one of these forms. They need NumPy and
SciPy's sparse matrices alone, work on memory-mapped arrays, and know of known people, of new ones
by their clicks (folded in, nothing is fitted anew), and of those of whom only metadata is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.recommend.pasts import recalled

Floats = NDArray[np.floating[Any]]
Places = NDArray[np.integer[Any]]

HISTORY: Final = "history"
FEATURE: Final = "feature"
POPULAR: Final = "popular"
OWN_TASTE: Final = "a taste of their own"  # what only somebody's own row says


@dataclass(frozen=True)
class Who:
    """Somebody to recommend to.

    Parameters
    ----------
    row : int or None
        Among the people that the model was fitted with; none for somebody new.
    places, weights : arrays of shape (n,)
        The items that they dealt with, and how much each counts.
    features : mapping of trait to value
        What is known of them, as text.
    """

    row: int | None = None
    places: Places = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    weights: Floats = field(default_factory=lambda: np.empty(0))
    features: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Carried:
    """What carried a part of a score.

    Parameters
    ----------
    kind : str
        ``history``, ``feature`` or ``popular``.
    place : int or None
        The item of the history.
    label : str
        The feature, or how it is popular; empty for history.
    amount : float
        Of the score.
    """

    kind: str
    amount: float
    place: int | None = None
    label: str = ""


class Form(Protocol):
    """One way in which arrays make scores."""

    def scores(self, who: Who) -> Floats | None:
        """Score all items, shape (I,); none where this form has nothing to say of them."""

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Say what an item's score is made of; the amounts add up to it."""


@dataclass(frozen=True)
class Popular:
    """Popularity, in all and per group of people.

    Parameters
    ----------
    everybody : array of shape (I,)
    groups : array of shape (G, I)
        Already shrunk towards everybody's where a group is small.
    names : tuple of G str
        ``trait=value``.
    """

    everybody: Floats
    groups: Floats
    names: tuple[str, ...] = ()

    def scores(self, who: Who) -> Floats | None:
        """Average the lists of the groups that somebody is in, else give everybody's."""
        rows = self._rows(who)
        return np.asarray(self.groups[rows].mean(axis=0) if rows else self.everybody)

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Name the groups with which the item is popular."""
        rows = self._rows(who)
        for row in rows:
            yield Carried(
                POPULAR, float(self.groups[row, place]) / len(rows), label=self.names[row]
            )
        if not rows:
            yield Carried(POPULAR, float(self.everybody[place]), label="everybody")

    def _rows(self, who: Who) -> list[int]:
        mine = {f"{name}={value}" for name, value in who.features.items()}
        return [row for row, name in enumerate(self.names) if name in mine]


@dataclass(frozen=True)
class Personal:
    """What somebody dealt with before, as much as they did: the grocery's baseline."""

    items: int

    def scores(self, who: Who) -> Floats | None:
        """Give each item of the history its weight."""
        if not len(who.places):
            return None
        found = np.zeros(self.items)
        found[who.places] = who.weights
        return found

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Say that they bought it before."""
        for own in np.flatnonzero(who.places == place):
            yield Carried(HISTORY, float(who.weights[own]), place)


@dataclass(frozen=True)
class Neighbours:
    """Items that go with items: row j of `weights` says what item j speaks for."""

    weights: sparse.csr_array  # (I, I)

    def scores(self, who: Who) -> Floats | None:
        """Add up what the items of the history speak for."""
        if not len(who.places):
            return None
        rows = self.weights[who.places]
        return np.asarray(rows.T @ who.weights)

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Name the items of the history that speak for it."""
        spoken = self.weights[who.places][:, [place]].toarray()[:, 0] * who.weights
        for own in np.flatnonzero(spoken):
            yield Carried(HISTORY, float(spoken[own]), int(who.places[own]))


@dataclass(frozen=True)
class Factors:
    """Products of vectors: of people with items, whose last number may be a bias.

    Parameters
    ----------
    people : array of shape (U, d)
    items : array of shape (I, d)
    bias : array of shape (I,)
    features : array of shape (F, d), and their names ``trait=value``
        Vectors of people's features, which add up to somebody of whom only these are known.
    gram : array of shape (d, d)
        What folding in solves with: YᵀY + λ of the items' vectors.
    strength : float
        How much a click of weight 1 counts more than no click.
    pasts : array of shape (I, d), optional
        Vectors of having dealt with an item. A model that has them places somebody new by their
        sum, and solves nothing: that is how it was fitted.
    """

    people: Floats
    items: Floats
    bias: Floats
    gram: Floats
    features: Floats
    names: tuple[str, ...] = ()
    strength: float = 10.0
    pasts: Floats | None = None

    def vector(self, who: Who) -> Floats | None:
        """Give somebody's vector: the fitted one, else one folded in."""
        if who.row is not None:
            return np.asarray(self.people[who.row], dtype=np.float64)
        prior = self._prior(who)
        if not len(who.places):
            return prior if prior.any() else None
        if self.pasts is not None:
            places, shares = recalled(who.places, who.weights)
            return np.asarray(prior + shares @ np.asarray(self.pasts[places], dtype=np.float64))
        return self._fold_in(who, prior)

    def scores(self, who: Who) -> Floats | None:
        """Give the product with every item."""
        vector = self.vector(who)
        if vector is None:
            return None
        return np.asarray(self.items @ vector.astype(self.items.dtype) + self.bias)

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Part the score among features and past items, as the vector is made of them.

        With `pasts`, what is left of a known person's score is their own row's.
        """
        yield Carried(POPULAR, float(self.bias[place]), label="everybody")
        wanted = np.asarray(self.items[place], dtype=np.float64)
        said = 0.0
        for row in self._rows(who):
            amount = float(np.asarray(self.features[row], dtype=np.float64) @ wanted)
            said += amount
            yield Carried(FEATURE, amount, label=self.names[row])
        if self.pasts is not None:
            for each in self._remembered(who, wanted):
                said += each.amount
                yield each
            if who.row is not None:
                whole = float(np.asarray(self.people[who.row], dtype=np.float64) @ wanted)
                yield Carried(FEATURE, whole - said, label=OWN_TASTE)
        elif len(who.places):
            for own, amount in zip(who.places, self._spoken(who, wanted), strict=True):
                yield Carried(HISTORY, float(amount), int(own))

    def _remembered(self, who: Who, wanted: Floats) -> Iterator[Carried]:
        assert self.pasts is not None
        places, shares = recalled(who.places, who.weights)
        amounts = shares * (np.asarray(self.pasts[places], dtype=np.float64) @ wanted)
        for own, amount in zip(places, amounts, strict=True):
            yield Carried(HISTORY, float(amount), int(own))

    def _rows(self, who: Who) -> list[int]:
        mine = {f"{name}={value}" for name, value in who.features.items()}
        return [row for row, name in enumerate(self.names) if name in mine]

    def _prior(self, who: Who) -> Floats:
        rows = self._rows(who)
        d = self.items.shape[1]
        return np.asarray(self.features[rows].sum(axis=0), np.float64) if rows else np.zeros(d)

    def _system(self, who: Who) -> tuple[Floats, Floats]:
        """Give A and the items' vectors of implicit ALS: A = YᵀY + λ + Yᵤᵀ(C − 1)Yᵤ.

        Source: Hu, Koren & Volinsky 2008, https://doi.org/10.1109/ICDM.2008.22, equation 4.
        """
        own = np.asarray(self.items[who.places], dtype=np.float64)
        confidence = self.strength * np.asarray(who.weights, dtype=np.float64)
        return self.gram + (own * confidence[:, None]).T @ own, own

    def _fold_in(self, who: Who, prior: Floats) -> Floats:
        system, own = self._system(who)
        confidence = 1.0 + self.strength * np.asarray(who.weights, dtype=np.float64)
        pull = own.T @ (confidence * (1.0 - own @ prior))
        # What the prior says already need not be learnt; the rest is solved for around it.
        return np.asarray(prior + np.linalg.solve(system, pull))

    def _spoken(self, who: Who, wanted: Floats) -> Floats:
        """Say how much each past item speaks for an item, by the system that folds in."""
        system, own = self._system(who)
        confidence = 1.0 + self.strength * np.asarray(who.weights, dtype=np.float64)
        return np.asarray((own @ np.linalg.solve(system, wanted)) * confidence)


@dataclass(frozen=True)
class Content:
    """Items described by words and metadata: rows of length one, likeness by cosine."""

    rows: sparse.csr_array  # (I, T)
    terms: tuple[str, ...] = ()

    def scores(self, who: Who) -> Floats | None:
        """Give the likeness to the mean of what they dealt with."""
        if not len(who.places):
            return None
        return np.asarray(self.rows @ self._profile(who))

    def _profile(self, who: Who) -> Floats:
        total = float(np.sum(who.weights)) or 1.0
        return np.asarray(self.rows[who.places].T @ np.asarray(who.weights) / total)

    def carried(self, who: Who, place: int) -> Iterator[Carried]:
        """Name the items of the history that it is like."""
        if not len(who.places):
            return
        total = float(np.sum(who.weights)) or 1.0
        alike = (self.rows[who.places] @ self.rows[[place]].T).toarray()[:, 0]
        for own in np.flatnonzero(alike):
            amount = float(alike[own] * who.weights[own] / total)
            yield Carried(HISTORY, amount, int(who.places[own]))
