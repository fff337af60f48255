"""Columns as categories: numbers in bins, several words as a flag each, what is unknown left out.

LightFM sums vectors of features, so a raw number (a year, a price) would outweigh everything and
training would collapse without a word; as bins it is a category like any other.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 8
MOST_WORDS: Final = 150  # of one column, each a flag
MOST_VALUES: Final = 60  # of a column that is one category
_WORD: Final = re.compile(r"[^\s/,;:|()\[\]\"]+")

Column = NDArray[Any]


def as_categories(columns: Mapping[str, Column]) -> dict[str, Column]:
    """Turn columns of any kind into columns of text or None.

    A column of numbers becomes bins of equal size; one of few values stays as it is; one of many
    values of several words becomes a column a frequent word; one of many single words, such as ids,
    tells nothing of others and is left out.

    Examples
    --------
    >>> found = as_categories({"age": np.array([20.0, np.nan, 40.0]), "city": np.array(["A", "", "A"])})
    >>> found["age"].tolist(), found["city"].tolist()
    (['20 or less', None, 'over 20'], ['A', None, 'A'])
    """  # noqa: E501
    found: dict[str, Column] = {}
    for name, column in columns.items():
        numbers = _numbers(column)
        if numbers is not None:
            found |= _binned(name, numbers)
        else:
            found |= _texts(name, column)
    return found


def words_of(columns: Mapping[str, Column], n: int) -> Column:
    """Write all that is known of each as one text, by which likeness of content is measured."""
    texts: list[list[str]] = [[] for _ in range(n)]
    for column in columns.values():
        if _numbers(column) is None:
            for place, value in enumerate(column):
                if _known(value):
                    texts[place].append(str(value))
    return np.array([" ".join(parts).lower() for parts in texts], dtype=object)


def _known(value: Any) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return bool(str(value).strip())


def _numbers(column: Column) -> NDArray[np.float64] | None:
    """Read a column as numbers; None where it holds anything else, or flags, or few values."""
    if column.dtype.kind in "iuf":
        values = column.astype(np.float64)
    else:
        known = [value for value in column if _known(value)]
        if not known or any(isinstance(value, bool) for value in known):
            return None
        try:
            values = np.array([float(v) if _known(v) else math.nan for v in column])
        except (TypeError, ValueError):
            return None
    return np.where(np.isfinite(values), values, np.nan)


def _binned(name: str, values: NDArray[np.float64]) -> dict[str, Column]:
    known = values[~np.isnan(values)]
    if not len(known):
        return {}
    ends = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    ends = ends[ends < known.max()]
    if not len(ends):  # everybody has the same
        alone = np.array([f"{known[0]:g}", None], dtype=object)
        return {name: alone[np.isnan(values).astype(np.int64)]}
    labels = [f"{ends[0]:g} or less"]
    labels += [f"{low:g} to {high:g}" for low, high in pairwise(ends)]
    labels.append(f"over {ends[-1]:g}")
    places = np.searchsorted(ends, values, side="left")
    told = np.array([*labels, None], dtype=object)
    return {name: told[np.where(np.isnan(values), len(labels), places)]}


def _texts(name: str, column: Column) -> dict[str, Column]:
    texts = np.array([str(v).strip() if _known(v) else None for v in column], dtype=object)
    counts = Counter(text for text in texts if text is not None)
    if not counts:
        return {}
    if len(counts) <= MOST_VALUES:
        return {name: texts}
    split = [sorted(set(_WORD.findall(t.lower()))) if t is not None else [] for t in texts]
    several = sum(len(words) > 1 for words in split) > len(texts) / 4
    frequent = Counter(word for words in split for word in words)
    if not several:
        return {name: texts} if counts.most_common(1)[0][1] > 1 else {}
    chosen = [word for word, many in frequent.most_common(MOST_WORDS) if 1 < many < len(texts)]
    found: dict[str, Column] = {}
    for word in chosen:
        flags = np.full(len(texts), None, dtype=object)
        flags[[place for place, words in enumerate(split) if word in words]] = "yes"
        found[f"{name}: {word}"] = flags
    return found
