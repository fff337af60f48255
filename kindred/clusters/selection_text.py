"""Selections as screens send them and as links carry them: checked, whoever wrote them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kindred.clusters.selection import GRID, MAX_POINTS, MAX_SHAPES, Kind, Op, Selection, Shape
from kindred.errors import UserError

MAX_TEXT: Final = 8_000  # characters: what addresses hold everywhere, and the longest selection

_VERSION: Final = 1
_FIX: Final = "Open the map without the selection and draw it again."


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
