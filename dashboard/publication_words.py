"""What screens call each kind of thing that can be published, and what taking it back means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dashboard.format import instant
from data.publications import Live, Terms


@dataclass(frozen=True)
class KindWords:
    """The words of a kind.

    Parameters
    ----------
    page, parameter : str or None
        The page on which it is decided, and the parameter of its address that takes the key, where
        one of them has a page of its own.
    withdrawing : str
        What changes, and for whom, when one is withdrawn.
    """

    one: str
    many: str
    icon: str
    withdrawing: str
    page: str | None = None
    parameter: str | None = None


KINDS: Final[Mapping[str, KindWords]] = {
    "segment": KindWords(
        "segment",
        "Segments",
        ":material/group:",
        "Serving, batch and other tools take nobody to be in it any more.",
        "pages/segment.py",
        "segment",
    ),
    "steering": KindWords(
        "steering rule",
        "Steering",
        ":material/tune:",
        "Recommendations are given as if it had never been there.",
        "pages/recommendations.py",
    ),
    "model": KindWords(
        "model",
        "Models",
        ":material/model_training:",
        "Serving answers without it, from the fallback.",
        "pages/models.py",
    ),
    "experiment": KindWords(
        "experiment",
        "Experiments",
        ":material/science:",
        "Nobody is assigned to its variations any more; everybody gets what they would without it.",
        "pages/experiment.py",
        "experiment",
    ),
}


def words(kind: str) -> KindWords:
    """Give the words of a kind, plain ones of one that has none."""
    named = kind.replace("_", " ")
    plain = KindWords(named, named.capitalize(), ":material/publish:", "Serving stops using it.")
    return KINDS.get(kind, plain)


def validity(terms: Terms) -> str:
    """Say from when until when something is valid.

    Examples
    --------
    >>> validity(Terms())
    'until it is withdrawn'
    """
    parts = [f"from {instant(terms.valid_from)}"] if terms.valid_from else []
    until = instant(terms.valid_until) if terms.valid_until else "it is withdrawn"
    return " ".join([*parts, f"until {until}"])


def state(found: Live, at: datetime) -> str:
    """Say how a publication that stands is doing: live, waiting for its time, or past it."""
    terms = found.terms
    if terms.hold(at):
        return "Live"
    return "Not yet" if terms.valid_from and terms.valid_from > at else "Expired"
