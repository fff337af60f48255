"""A set of people as one bit a position: combining, counting and overlap of many sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Bitmap:
    """Which of `size` positions are in; every operation is O(size / 64).

    Parameters
    ----------
    words : array of uint64
        Little-endian bits; those beyond `size` are 0.
    """

    words: NDArray[np.uint64]
    size: int

    @classmethod
    def of(cls, positions: NDArray[np.integer], size: int) -> Bitmap:
        """Set the given positions, in any order."""
        held = np.zeros(_words(size) * 64, dtype=np.bool_)
        held[positions] = True
        return cls(_packed(held), size)

    @classmethod
    def where(cls, held: NDArray[np.bool_]) -> Bitmap:
        """Set the positions at which `held` is true, shape (size,)."""
        padded = np.zeros(_words(len(held)) * 64, dtype=np.bool_)
        padded[: len(held)] = held
        return cls(_packed(padded), len(held))

    @classmethod
    def nobody(cls, size: int) -> Bitmap:
        """Set none."""
        return cls(np.zeros(_words(size), dtype=np.uint64), size)

    @classmethod
    def everybody(cls, size: int) -> Bitmap:
        """Set all."""
        return ~cls.nobody(size)

    def __and__(self, other: Bitmap) -> Bitmap:
        """Intersect."""
        return Bitmap(self.words & other.words, self.size)

    def __or__(self, other: Bitmap) -> Bitmap:
        """Unite."""
        return Bitmap(self.words | other.words, self.size)

    def __invert__(self) -> Bitmap:
        """Take those who are not in."""
        words = ~self.words
        if self.size % 64:
            words[-1] &= np.uint64((1 << self.size % 64) - 1)
        return Bitmap(words, self.size)

    def __eq__(self, other: object) -> bool:
        """Tell whether two hold the same people."""
        if not isinstance(other, Bitmap):
            return NotImplemented
        return self.size == other.size and np.array_equal(self.words, other.words)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        """How many are in."""
        return int(np.bitwise_count(self.words).sum(dtype=np.int64))

    def __contains__(self, position: int) -> bool:
        """Tell whether one position is in."""
        return bool(self.words[position // 64] >> np.uint64(position % 64) & np.uint64(1))

    def held(self) -> NDArray[np.bool_]:
        """Give a flag for each position, shape (size,)."""
        bits = np.unpackbits(self.words.view(np.uint8), count=self.size, bitorder="little")
        return bits.view(np.bool_)

    def positions(self) -> NDArray[np.int64]:
        """Give the positions, ascending."""
        return np.flatnonzero(self.held())


def at_least(count: int, sets: Sequence[Bitmap], size: int) -> Bitmap:
    """Take those who are in at least `count` of the sets.

    Sets are added up bit by bit in carry-save form, O(k log k · size / 64) for k sets.
    """
    if count <= 0:
        return Bitmap.everybody(size)
    if count > len(sets):
        return Bitmap.nobody(size)
    planes: list[NDArray[np.uint64]] = []  # binary digits of how many sets each person is in
    for one in sets:
        carry = one.words
        for i, plane in enumerate(planes):
            planes[i], carry = plane ^ carry, plane & carry
        planes.append(carry)
    return Bitmap(_not_less(planes, count, _words(size)), size)


def overlaps(sets: Sequence[Bitmap]) -> NDArray[np.int64]:
    """Count how many people each two sets share, shape (k, k); the diagonal is their sizes."""
    shared = np.zeros((len(sets), len(sets)), dtype=np.int64)
    for i, one in enumerate(sets):
        for j in range(i, len(sets)):
            both = np.bitwise_count(one.words & sets[j].words)
            shared[i, j] = shared[j, i] = int(both.sum(dtype=np.int64))
    return shared


def _not_less(planes: list[NDArray[np.uint64]], count: int, words: int) -> NDArray[np.uint64]:
    """Compare binary numbers, a digit a plane (lowest first), with `count`."""
    more = np.zeros(words, dtype=np.uint64)
    equal = ~more
    for digit in reversed(range(max(len(planes), count.bit_length()))):
        plane = planes[digit] if digit < len(planes) else np.zeros(words, dtype=np.uint64)
        if count >> digit & 1:
            equal &= plane
        else:
            more |= equal & plane
            equal &= ~plane
    return more | equal


def _words(size: int) -> int:
    return -(-size // 64)


def _packed(held: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return np.packbits(held, bitorder="little").view(np.uint64)
