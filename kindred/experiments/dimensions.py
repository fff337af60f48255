"""What results are given by: context of the exposure, told traits, clusters, published segments.

All are read as of the exposure, so that the variation can't have changed them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from kindred.errors import UserError

CONTEXT: Final = ("device", "region", "locale", "store_id")
CLUSTERS: Final = "clusters"
MOST_DIMENSIONS: Final = 12
INSIDE: Final = "in"
OUTSIDE: Final = "not in"
UNKNOWN: Final = "(not known then)"

Kind = Literal["context", "trait", "clusters", "segment"]

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Dimension:
    """What results are given by.

    Parameters
    ----------
    name : str
        Of the context's field, the trait as ``identify`` tells it, or the segment's key.
    """

    kind: Kind
    name: str = ""


def read_dimension(text: str) -> Dimension:
    """Read ``device``, ``trait:NAME``, ``clusters`` or ``segment:KEY``.

    Raises
    ------
    UserError

    Examples
    --------
    >>> read_dimension("trait:household:size")
    Dimension(kind='trait', name='household:size')
    """
    if text in CONTEXT:
        return Dimension("context", text)
    if text == CLUSTERS:
        return Dimension("clusters")
    kind, _, name = text.partition(":")
    if name and kind == "trait":
        return Dimension("trait", name)
    if name and kind == "segment":
        return Dimension("segment", name)
    raise UserError(
        f"Results can't be given by {text!r}.",
        f"Write one of {', '.join(CONTEXT)}, clusters, trait:NAME or segment:KEY.",
        "dimensions",
    )


def check_dimensions(given: Sequence[str]) -> None:
    """Refuse what is no dimension, what is named twice, and too many.

    Raises
    ------
    UserError
    """
    for text in given:
        read_dimension(text)
    if len(set(given)) < len(given):
        raise UserError("A dimension is named twice.", "Name each once.", "dimensions")
    if len(given) > MOST_DIMENSIONS:
        raise UserError(
            f"Results are asked for by {len(given)} dimensions.",
            f"Choose {MOST_DIMENSIONS} at most: each costs the others power.",
            "dimensions",
        )


def dimension_label(text: str, segments: Mapping[str, str] | None = None) -> str:
    """Say a dimension for people; a file's columns speak for themselves.

    Parameters
    ----------
    segments : mapping of key to name, optional

    Examples
    --------
    >>> dimension_label("trait:household_size"), dimension_label("segment:vips", {"vips": "VIPs"})
    ('household size', 'segment VIPs')
    >>> dimension_label("store_id"), dimension_label("clusters")
    ('store', 'cluster')
    """
    if text == CLUSTERS:
        return "cluster"
    if text == "store_id":
        return "store"
    kind, _, name = text.partition(":")
    if name and kind == "trait":
        return name.replace("_", " ")
    if name and kind == "segment":
        return f"segment {(segments or {}).get(name, name)}"
    return text


def cut_points(quartiles: Sequence[float]) -> list[float]:
    """Give where a number's levels are cut: its quartiles, of two digits, each once.

    Rounded, so that tomorrow's people seldom move them.

    Examples
    --------
    >>> cut_points([24.9, 41.2, 41.4]), cut_points([0.0, 1234.0, 5678.0])
    ([25.0, 41.0], [0.0, 1200.0, 5700.0])
    """
    return sorted({float(f"{value:.2g}") for value in quartiles})


def cut_labels(cuts: Sequence[float]) -> list[str]:
    """Name the levels between cuts; each holds its lower end.

    Examples
    --------
    >>> cut_labels([25.0, 41.0])
    ['under 25', '25 to under 41', '41 and over']
    """
    told = [f"{cut:,.10g}" for cut in cuts]
    between = [f"{low} to under {high}" for low, high in pairwise(told)]
    return [f"under {told[0]}", *between, f"{told[-1]} and over"]


def level_order(level: str) -> tuple[bool, float, bool, str]:
    """Give the place of a level among others: numbers by size, then texts, then "(none)" and such.

    Examples
    --------
    >>> sorted(["(none)", "41 and over", "9 to under 41", "under 9", "rural"], key=level_order)
    ['under 9', '9 to under 41', '41 and over', 'rural', '(none)']
    """
    found = _NUMBER.search(level.replace(",", ""))
    number = float(found.group()) if found else float("inf")
    return (level.startswith("("), number, not level.startswith("under "), level)
