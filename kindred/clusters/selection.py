"""Selections: shapes drawn on the map, whom they pick, and the short text that links carry.

The map is a square grid of 65,536 × 65,536 cells, and a person stands on one. The screen and the
server test the same whole numbers with the same exact rule, so that they pick the same people.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kindred.errors import UserError

GRID: Final = 65_535  # the last cell of either axis

MAX_SHAPES: Final = 16
MAX_POINTS: Final = 60  # of one shape; the screen simplifies what is drawn to no more
MAX_TEXT: Final = 8_000  # characters: what addresses hold everywhere, and the longest selection

_VERSION: Final = 1
_FIX: Final = "Open the map without the selection and draw it again."


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


def parse(payload: Any) -> Selection:
    """Read the shapes a screen sent: ``[{"op", "kind", "points": [[x, y], …]}, …]``.

    Raises
    ------
    UserError
        If anything in it is malformed or too big.
    """
    if not isinstance(payload, list):
        raise _refuse("it is not a list of shapes")
    return _checked(_shape(item, f"shape {number}") for number, item in enumerate(payload, 1))


def as_payload(selection: Selection) -> list[dict[str, Any]]:
    """Write shapes the way :func:`parse` reads them."""
    return [
        {"op": str(s.op), "kind": str(s.kind), "points": [list(point) for point in s.points]}
        for s in selection
    ]


def encode(selection: Selection) -> str:
    """Write shapes as a short text that is safe in an address; none are the empty text.

    Base64url of: a version byte; then a shape each: its kind and operation in a byte, its number
    of points, and its points as differences, all numbers zigzag varints as in Protocol Buffers.
    """
    if not selection:
        return ""
    out = bytearray([_VERSION])
    for shape in selection:
        out.append((shape.kind is Kind.BOX) << 1 | (shape.op is Op.SUBTRACT))
        _put(out, len(shape.points))
        before = (0, 0)
        for point in shape.points:
            for now, then in zip(point, before, strict=True):
                _put(out, (now - then) << 1 if now >= then else (then - now) << 1 | 1)
            before = point
    return base64.urlsafe_b64encode(bytes(out)).rstrip(b"=").decode("ascii")


def decode(text: str) -> Selection:
    """Read what :func:`encode` wrote.

    Raises
    ------
    UserError
        If it is malformed, too long, or was written by another version.
    """
    if not text:
        return ()
    if len(text) > MAX_TEXT:
        raise _refuse(f"it is longer than {MAX_TEXT:,} characters")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise _refuse("it has characters that no selection has") from None
    if not raw or raw[0] != _VERSION:
        raise _refuse("it was written by another version")
    selection = _checked(_shapes_in(raw))
    if encode(selection) != text:
        raise _refuse("it is not written the way selections are")
    return selection


def _shapes_in(raw: bytes) -> Iterable[Shape]:
    at = 1
    while at < len(raw):
        flags = raw[at]
        count, at = _take(raw, at + 1)
        if flags > 3 or not 0 < count <= MAX_POINTS:
            raise _refuse("a shape in it is malformed")
        numbers = [0, 0]
        for _ in range(2 * count):
            number, at = _take(raw, at)
            step = -(number >> 1) if number & 1 else number >> 1
            numbers.append(numbers[-2] + step)
        points = tuple(zip(numbers[2::2], numbers[3::2], strict=True))
        yield _build(
            Op.SUBTRACT if flags & 1 else Op.ADD, Kind.BOX if flags & 2 else Kind.LASSO, points
        )


def _shape(item: Any, where: str) -> Shape:
    if not isinstance(item, Mapping) or set(item) != {"op", "kind", "points"}:
        raise _refuse("it needs an op, a kind and points", where)
    points = item["points"]
    if not isinstance(points, list) or len(points) > MAX_POINTS:
        raise _refuse(f"its points are not a list of at most {MAX_POINTS}", where)
    for point in points:
        pair = isinstance(point, list) and len(point) == 2
        if not pair or not all(type(number) is int for number in point):
            raise _refuse("a point is not a pair of whole numbers", where)
    try:
        op, kind = Op(item["op"]), Kind(item["kind"])
    except ValueError:
        raise _refuse("its op or kind is unknown", where) from None
    return _build(op, kind, tuple((x, y) for x, y in points), where)


def _build(
    op: Op, kind: Kind, points: tuple[tuple[int, int], ...], where: str | None = None
) -> Shape:
    """Check a shape, and put a box's corners in order."""
    if any(not 0 <= number <= GRID for point in points for number in point):
        raise _refuse("a point lies off the map", where)
    if kind is Kind.LASSO:
        if len(points) < 3:
            raise _refuse("a lasso needs three points", where)
        return Shape(op, kind, points)
    if len(points) != 2:
        raise _refuse("a box needs two corners", where)
    (ax, ay), (bx, by) = points
    return Shape(op, kind, ((min(ax, bx), min(ay, by)), (max(ax, bx), max(ay, by))))


def _checked(shapes: Iterable[Shape]) -> Selection:
    selection: list[Shape] = []
    for shape in shapes:
        if len(selection) == MAX_SHAPES:
            raise _refuse(f"it has more than {MAX_SHAPES} shapes")
        selection.append(shape)
    return tuple(selection)


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _take(raw: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 21, 7):
        if at >= len(raw):
            break
        byte = raw[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise _refuse("it breaks off")


def _refuse(why: str, where: str | None = None) -> UserError:
    return UserError(f"This selection cannot be read: {why}.", _FIX, where)
