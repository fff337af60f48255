"""What an answer of recommendations holds, for screens, commands and serving alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kindred.recommend.forms import Who

Route = Literal["history", "metadata", "unknown", "clicks", "segment"]


@dataclass(frozen=True)
class Reason:
    """One thing that carried a score.

    Parameters
    ----------
    kind : str
        ``history`` (an item they bought), ``feature`` (of person or item), ``popular`` …
    share : float
        Of all that carried the score, 0 … 1; negative where it held it down.
    """

    kind: str
    label: str
    share: float


@dataclass(frozen=True)
class Recommended:
    """One recommended item.

    Parameters
    ----------
    before : int
        Its rank without steering, from 1.
    moved : tuple of str
        What steering did to it, in words.
    reasons : tuple of Reason
        What carried its score, strongest first; empty where it was not asked for.
    """

    item: str
    name: str
    described: str
    score: float
    before: int
    moved: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Gone:
    """One item that steering took out of the list."""

    item: str
    name: str
    before: int
    reason: str


@dataclass(frozen=True)
class Answer:
    """A list of recommendations and where it comes from.

    Parameters
    ----------
    subject : str
        The person, the segment, or ``visitor``.
    route : str
        How the list was found: by the person's ``history``, by ``metadata`` alone, as for the
        ``unknown`` visitor, by a visitor's ``clicks``, or for a ``segment``.
    model : str
        The kind of model.
    version : int
        Of the publication that is live; 0 for a model that is not.
    as_of : datetime
        The time up to which the model has seen interactions.
    steering : int or None
        The version of the steering that was applied; None without any.
    """

    subject: str
    route: Route
    model: str
    version: int
    as_of: datetime
    items: Sequence[Recommended]
    left_out: Sequence[Gone] = field(default_factory=tuple)
    steering: int | None = None


@dataclass(frozen=True)
class Visitor:
    """Somebody who was never seen: what is told of them so far.

    Parameters
    ----------
    context : mapping of trait to value
        Such as device, region or income.
    answers : mapping of question to choice
        The chosen key of each question that was answered; ``""`` for "neither".
    clicks : tuple of str
        Items they clicked, the first one first.
    """

    context: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)
    clicks: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is told."""
        return not (self.context or self.answers or self.clicks)


@dataclass(frozen=True)
class Newcomer:
    """Somebody who came after the training, and what they did since.

    Parameters
    ----------
    who : Who
        As the model folds them in.
    bought : mapping of place to float
        How many days ago they last bought an item, for the items that the model knows.
    """

    who: Who
    bought: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question to a new visitor, with the answers to choose from.

    Parameters
    ----------
    choices : tuple of str
        Ids of items; none of them is an answer, too.
    """

    key: str
    text: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Liker:
    """Somebody to whom an item is recommended high, and the item's score for them."""

    person: str
    score: float
    bought: bool
