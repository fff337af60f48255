"""Trait leaves over columns kept in memory: a slider that moves is answered in a millisecond.

Numbers are compared as arrays. Of texts only the distinct ones are tested, by the very test that
one profile gets, and each person's is looked up.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.segment_values import compare
from kindred.segments.bitmap import Bitmap
from kindred.segments.rules import Value
from kindred.segments.value_tests import value_test

MOST_TEXTS: Final = 20_000  # distinct ones of a column; beyond, the engine is asked
MOST_COLUMNS: Final = 64

_NUMBER_OPS: Final = frozenset({"eq", "ne", "lt", "lte", "gt", "gte", "between"})
_TEXT_OPS: Final = frozenset(
    {"eq", "ne", "in", "not_in", "contains", "starts_with", "ends_with", "matches"}
)


@dataclass(frozen=True)
class Numbers:
    """A numeric trait; NaN where unknown, shape (N,)."""

    values: NDArray[np.float64]

    def holds(self, op: str, value: Any) -> Bitmap | None:
        """Answer an operator for everybody; None where it is not for this column."""
        ends = value if isinstance(value, tuple) else (value,)
        if op not in _NUMBER_OPS or any(type(end) not in (int, float) for end in ends):
            return None
        held = compare(self.values, op, value)
        if op == "ne":
            held &= ~np.isnan(self.values)
        return Bitmap.where(held)


@dataclass(frozen=True)
class Texts:
    """A text trait: the distinct texts and each person's place among them, the last for unknown."""

    distinct: list[str]
    places: NDArray[np.int32]

    def holds(self, op: str, value: Any) -> Bitmap | None:
        """Answer an operator for everybody; None where it is not for this column."""
        if op not in _TEXT_OPS:
            return None
        test = value_test(op, value)
        passed = np.array([*map(test, self.distinct), False])
        return Bitmap.where(passed[self.places])


@dataclass
class TraitColumns:
    """The trait columns used last.

    Parameters
    ----------
    read : callable
        Gives a trait's column by name, in the order of positions.
    """

    read: Callable[[str], pa.ChunkedArray]
    kept: OrderedDict[str, Numbers | Texts | None] = field(default_factory=OrderedDict)

    def holds(self, trait: str, op: str, value: Value | None) -> Bitmap | None:
        """Answer a leaf for everybody, or None where only the engine can."""
        column = self.column(trait)
        return None if column is None else column.holds(op, value)

    def column(self, trait: str) -> Numbers | Texts | None:
        """Give a column, from memory where it was read before."""
        if trait not in self.kept:
            self.kept[trait] = _column(self.read(trait))
            if len(self.kept) > MOST_COLUMNS:
                self.kept.popitem(last=False)
        self.kept.move_to_end(trait)
        return self.kept[trait]


def _column(read: pa.ChunkedArray) -> Numbers | Texts | None:
    kind = read.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers: Any = read.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return Numbers(np.asarray(numbers, np.float64))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        coded = read.combine_chunks().dictionary_encode()
        if len(coded.dictionary) > MOST_TEXTS:
            return None
        unknown = len(coded.dictionary)
        places: Any = coded.indices.fill_null(unknown).to_numpy(zero_copy_only=False)
        return Texts(coded.dictionary.to_pylist(), np.asarray(places, np.int32))
    return None
