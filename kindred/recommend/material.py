"""What models are fitted from: interactions, and features of people and items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from kindred.recommend.dataset import Interactions

Features = Mapping[str, NDArray[Any]]  # by trait or field, as text; None where not known


@dataclass(frozen=True)
class Material:
    """What models are fitted from.

    Parameters
    ----------
    rows : Interactions
    people, items : mapping of name to array of shape (U,) and (I,)
        Features as text; None where not known.
    names : array of shape (I,)
        Of items, for their words.
    half_life : float
        In days, after which an interaction counts half.
    """

    rows: Interactions
    people: Features
    items: Features
    names: NDArray[Any]
    half_life: float = 90.0
