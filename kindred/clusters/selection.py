"""Selections: shapes drawn on the map, and whom they pick.

The map is a square grid of 65,536 × 65,536 cells, and a person stands on one. The screen and the
server test the same whole numbers with the same exact rule, so that they pick the same people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

GRID: Final = 65_535  # the last cell of either axis

MAX_SHAPES: Final = 16
MAX_POINTS: Final = 60  # of one shape; the screen simplifies what is drawn to no more


class Op(StrEnum):
    """What a shape does to the selection so far."""

    ADD = "add"
    SUBTRACT = "subtract"


class Kind(StrEnum):
    """How a shape was drawn."""

    LASSO = "lasso"  # a closed polygon, its inside by the even–odd rule
    BOX = "box"  # two opposite corners, both inside


@dataclass(frozen=True)
class Shape:
    """One stroke of a selection, in cells of the map's grid.

    Parameters
    ----------
    op, kind
        What it does, and how its points are read.
    points : tuple of (int, int)
        Cells in ``[0, GRID]``; a box has its lower and its upper corner.
    """

    op: Op
    kind: Kind
    points: tuple[tuple[int, int], ...]


Selection = tuple[Shape, ...]


@dataclass(frozen=True)
class MapGrid:
    """How a projection's coordinates become cells: one scale for both axes, centred.

    Parameters
    ----------
    left, bottom : float
        Coordinates of cell (0, 0).
    side : float
        Length of either axis, in the projection's units.
    """

    left: float
    bottom: float
    side: float

    @classmethod
    def around(cls, bounds: Sequence[float]) -> MapGrid:
        """Lay the grid around ``[xmin, xmax, ymin, ymax]``."""
        x0, x1, y0, y1 = (float(value) for value in bounds)
        side = max(x1 - x0, y1 - y0) or 1.0
        return cls((x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side)

    def cells(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """Give the cells of coordinates, arrays of shape (n,); those outside go to the rim."""
        return self._axis(x, self.left), self._axis(y, self.bottom)

    def coordinates(self, x: float, y: float) -> tuple[float, float]:
        """Give the projection's coordinates of a cell."""
        step = self.side / GRID
        return self.left + x * step, self.bottom + y * step

    def _axis(self, values: ArrayLike, start: float) -> NDArray[np.uint16]:
        scaled = (np.asarray(values, dtype=np.float64) - start) * (GRID / self.side)
        return np.clip(np.rint(scaled), 0, GRID).astype(np.uint16)


def picked(selection: Selection, x: NDArray[np.uint16], y: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Say who is picked: shapes add and subtract in the order they were drawn.

    Parameters
    ----------
    selection : tuple of Shape
        With none, nobody is picked.
    x, y : array of uint16, shape (n,)
        The people's cells.

    Returns
    -------
    array of bool, shape (n,)
    """
    mask = np.zeros(x.shape, dtype=np.bool_)
    for shape in selection:
        mask[_inside(shape, x, y)] = shape.op is Op.ADD
    return mask


def _inside(shape: Shape, x: NDArray[np.uint16], y: NDArray[np.uint16]) -> NDArray[np.intp]:
    """Give the rows of the people inside `shape`."""
    corners = np.asarray(shape.points, dtype=np.uint16)
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    rows = np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))
    if shape.kind is Kind.BOX:
        return rows
    return rows[_inside_lasso(corners.astype(np.int64), x[rows], y[rows])]


def _inside_lasso(
    corners: NDArray[np.int64], x: NDArray[np.uint16], y: NDArray[np.uint16]
) -> NDArray[np.bool_]:
    """Apply the even–odd rule: a ray to the right crosses the outline an odd number of times.

    An edge covers the half-open range of heights ``[low, high)``, and is crossed by those whose
    cell lies strictly left of it, in whole numbers: no rounding. People are sorted by height once
    (a radix sort, of 16-bit numbers), so that an edge only touches those in its range.
    Source: Shimrat, *Algorithm 112*, CACM 5(8), 1962.
    """
    order = np.argsort(y, kind="stable")
    height, across = y[order].astype(np.int64), x[order].astype(np.int64)
    odd = np.zeros(len(order), dtype=np.bool_)
    ends = np.roll(corners, -1, axis=0)
    for (ax, ay), (bx, by) in zip(corners.tolist(), ends.tolist(), strict=True):
        if ay == by:
            continue
        (lx, ly), (hx, hy) = ((ax, ay), (bx, by)) if ay < by else ((bx, by), (ax, ay))
        part = slice(*np.searchsorted(height, (ly, hy)))
        odd[part] ^= (across[part] - lx) * (hy - ly) < (height[part] - ly) * (hx - lx)
    result = np.empty_like(odd)
    result[order] = odd
    return result
