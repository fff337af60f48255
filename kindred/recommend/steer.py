"""Apply steering to candidates: which are shown, in which order, and why each one moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kindred.recommend import steering as s
from kindred.recommend.item_filters import Fields, allowed, known, passes
from kindred.recommend.steering_words import where_clause

Floats = NDArray[np.float64]

_FLAT: Final = 1e-12  # scores this close are one score


@dataclass(frozen=True)
class Candidates:
    """What a model would show one person or group, with what rules ask of the items.

    Parameters
    ----------
    items : sequence of str
        Ids, n of them, in any order.
    scores : array of shape (n,)
        Higher is better; finite.
    fields : mapping of name to array of shape (n,)
        Metadata; None or NaN where it is not known.
    bought_days_ago : array of shape (n,), optional
        NaN where the person never bought the item.
    vectors : array of shape (n, d), optional
        By which items are alike (cosine); without them diversity looks at `fields`.
    parts : mapping of model to array of shape (n,)
        Scores of single models, for :class:`~kindred.recommend.steering.BlendRule`.
    """

    items: Sequence[str]
    scores: Floats
    fields: Fields = field(default_factory=dict)
    bought_days_ago: Floats | None = None
    vectors: NDArray[np.floating[Any]] | None = None
    parts: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """One item of the list.

    Parameters
    ----------
    row : int
        Its place among the candidates.
    before : int
        Its rank without steering, from 1.
    reasons : tuple of str
        What moved it, in words; empty where nothing but its neighbours did.
    """

    item: str
    row: int
    score: float
    before: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeftOut:
    """One item that would stand in the list without steering, and why it does not."""

    item: str
    row: int
    before: int
    reason: str


@dataclass(frozen=True)
class Steered:
    """The list, and what it no longer holds."""

    shown: tuple[Shown, ...]
    left_out: tuple[LeftOut, ...]


def steer(candidates: Candidates, steering: s.Steering, k: int) -> Steered:
    """Choose and order at most `k` candidates by the rules.

    Blend, then forbid (include, exclude, bought), then lift and lower, then pins, then the rest
    by score or by maximal marginal relevance, each only where no cap is full. Without rules the
    list is that of the best scores, equal ones in the order given.
    """
    scores = blended(candidates, steering)
    order = np.argsort(-scores, kind="stable")
    before = np.empty(len(order), dtype=np.int64)
    before[order] = np.arange(1, len(order) + 1)
    forbidden = _forbidden(candidates, steering)
    relevance = scaled(scores)
    lifted = _lifted(candidates, steering, relevance)
    run = _Run(candidates, steering, k, forbidden)
    for row in _pinned(candidates, steering):
        run.take(row, "pinned")
    free = np.array([row for row in range(len(order)) if row not in run.rows], dtype=np.int64)
    strength = max((rule.strength for rule in steering.of(s.DiversityRule)), default=0.0)
    if strength > 0:
        _by_marginal_relevance(run, free, lifted, strength)
    else:
        for row in free[np.lexsort((before[free], -lifted[free]))]:
            run.take(int(row))
    moved = lifted != relevance
    shown = [
        Shown(
            str(candidates.items[row]),
            row,
            float(scores[row]),
            int(before[row]),
            (*why, *(_boosts(candidates, steering, row) if moved[row] else ())),
        )
        for row, why in run.rows.items()
    ]
    gone = [row for row in order[:k] if row not in run.rows]
    out = [
        LeftOut(str(candidates.items[row]), int(row), int(before[row]), run.why_not(int(row)))
        for row in gone
    ]
    return Steered(tuple(shown), tuple(out))


def blended(candidates: Candidates, steering: s.Steering) -> Floats:
    """Give the scores that count: the model's own, or the marketer's mix of scaled ones."""
    rules = steering.of(s.BlendRule)
    weights = {n: w for rule in rules for n, w in rule.weights.items() if n in candidates.parts}
    total = sum(weights.values())
    if total <= 0:
        return np.asarray(candidates.scores, dtype=np.float64)
    mixed = sum(scaled(candidates.parts[name]) * weight for name, weight in weights.items())
    return np.asarray(mixed / total, dtype=np.float64)


def scaled(scores: NDArray[np.floating[Any]]) -> Floats:
    """Bring scores to 0 (the last candidate's) … 1 (the first's); all equal ones are 1.

    Examples
    --------
    >>> scaled(np.array([3.0, 1.0, 2.0])).tolist()
    [1.0, 0.0, 0.5]
    """
    values = np.asarray(scores, dtype=np.float64)
    if not len(values):
        return values
    low, high = float(values.min()), float(values.max())
    if high - low < _FLAT:
        return np.ones(len(values))
    return np.asarray((values - low) / (high - low), dtype=np.float64)


def _forbidden(candidates: Candidates, steering: s.Steering) -> dict[int, str]:
    """Say of each candidate that is never shown why."""
    n = len(candidates.items)
    kept = allowed(steering, candidates.fields, n)
    why = dict.fromkeys(np.flatnonzero(~kept).tolist(), "not among what is included")
    for rule in steering.of(s.HideBoughtRule):
        ago = candidates.bought_days_ago
        recent = np.flatnonzero(ago <= rule.days) if ago is not None else ()
        why |= {int(row): f"bought within {rule.days} days" for row in recent}
    for rule in steering.of(s.ExcludeRule):
        hit = np.flatnonzero(passes(rule.where, candidates.fields, n)).tolist()
        why |= dict.fromkeys(hit, f"excluded: {where_clause(rule.where)}")
    return why


def _lifted(candidates: Candidates, steering: s.Steering, relevance: Floats) -> Floats:
    lifted = relevance.copy()
    for rule in steering.of(s.BoostRule):
        lifted += rule.by * passes(rule.where, candidates.fields, len(lifted))
    return lifted


def _boosts(candidates: Candidates, steering: s.Steering, row: int) -> Iterator[str]:
    own = {name: column[row : row + 1] for name, column in candidates.fields.items()}
    for rule in steering.of(s.BoostRule):
        if rule.by and passes(rule.where, own, 1)[0]:
            yield f"{'lifted' if rule.by > 0 else 'lowered'}: {where_clause(rule.where)}"


def _pinned(candidates: Candidates, steering: s.Steering) -> list[int]:
    rows = {str(item): row for row, item in enumerate(candidates.items)}
    wanted = dict.fromkeys(item for rule in steering.of(s.PinRule) for item in rule.items)
    return [rows[item] for item in wanted if item in rows]


class _Run:
    """The list as it grows, and how full each cap is."""

    def __init__(
        self, candidates: Candidates, steering: s.Steering, k: int, forbidden: dict[int, str]
    ) -> None:
        self.candidates = candidates
        self.rows: dict[int, tuple[str, ...]] = {}
        self._k = k
        self._forbidden = forbidden
        self._caps = [
            (rule, candidates.fields[rule.field], known(candidates.fields[rule.field]))
            for rule in steering.of(s.CapRule)
            if rule.field in candidates.fields
        ]
        self._counts: list[Counter[Any]] = [Counter() for _ in self._caps]

    def take(self, row: int, *why: str) -> bool:
        """Show a candidate next, unless it is forbidden, capped, or the list is full."""
        if len(self.rows) >= self._k or row in self._forbidden or self.capped(row):
            return False
        self.rows[row] = why
        for (rule, values, there), count in zip(self._caps, self._counts, strict=True):
            if there[row] and rule.value in (None, values[row]):
                count[values[row]] += 1
        return True

    def capped(self, row: int) -> str | None:
        """Say which cap a candidate would exceed, if any."""
        for (rule, values, there), count in zip(self._caps, self._counts, strict=True):
            counted = there[row] and rule.value in (None, values[row])
            if counted and count[values[row]] >= rule.at_most:
                return f"there are {rule.at_most} of {rule.field} “{values[row]}” already"
        return None

    @property
    def full(self) -> bool:
        return len(self.rows) >= self._k

    def why_not(self, row: int) -> str:
        """Say why a candidate is not shown."""
        return self._forbidden.get(row) or self.capped(row) or "others stand above it"


def _by_marginal_relevance(run: _Run, free: NDArray[np.int64], lifted: Floats, mu: float) -> None:
    """Take, one after the other, what is best by (1 − μ)·relevance − μ·likeness to those taken.

    Source: Carbonell & Goldstein 1998, https://doi.org/10.1145/290941.291025.
    """
    likeness = _Likeness(run.candidates)
    near = np.zeros(len(lifted))  # likeness to the likest of those taken
    for row in run.rows:
        np.maximum(near, likeness.to(row), out=near)
    rest = free[np.lexsort((free, -lifted[free]))]
    rest = rest[[run.capped(int(row)) is None for row in rest]] if len(rest) else rest
    while len(rest) and not run.full:
        gain = (1 - mu) * lifted[rest] - mu * near[rest]
        best = int(gain.argmax())
        row = int(rest[best])
        skipped = best > 0 and lifted[row] < lifted[rest[0]]
        if run.take(row, *(("unlike those above it",) if skipped else ())):
            np.maximum(near, likeness.to(row), out=near)
        rest = np.delete(rest, best)


class _Likeness:
    """How alike candidates are, 0 … 1: by the cosine of vectors, else by shared metadata."""

    def __init__(self, candidates: Candidates) -> None:
        self._unit: Floats | None = None
        if candidates.vectors is not None:
            vectors = np.asarray(candidates.vectors, dtype=np.float64)
            length = np.linalg.norm(vectors, axis=1, keepdims=True)
            self._unit = vectors / np.where(length > 0, length, 1.0)
        self._columns = [(values, known(values)) for values in candidates.fields.values()]
        self._n = len(candidates.items)

    def to(self, row: int) -> Floats:
        """Give everybody's likeness to one candidate, shape (n,)."""
        if self._unit is not None:
            alike: Floats = np.clip(self._unit @ self._unit[row], 0.0, 1.0)
            return alike
        same = np.zeros(self._n)
        for values, there in self._columns:
            if there[row]:
                same += there & (values == values[row])
        return same / max(len(self._columns), 1)
