"""What a selection picks, and how it travels."""

from __future__ import annotations

import base64
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kindred.clusters.selection import (
    GRID,
    MAX_POINTS,
    MAX_SHAPES,
    Kind,
    MapGrid,
    Op,
    Selection,
    Shape,
    picked,
)
from kindred.clusters.selection_text import MAX_TEXT, as_payload, decode, encode, parse
from kindred.errors import UserError

# A small grid makes points fall on corners and edges; the full one finds overflow.
cells = st.one_of(st.integers(0, 8), st.integers(0, GRID))
points = st.tuples(cells, cells)
lassos = st.builds(
    Shape,
    st.sampled_from(Op),
    st.just(Kind.LASSO),
    st.lists(points, min_size=3, max_size=12).map(tuple),
)
boxes = st.builds(
    lambda op, a, b: Shape(
        op, Kind.BOX, ((min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1])))
    ),
    st.sampled_from(Op),
    points,
    points,
)
selections = st.lists(st.one_of(lassos, boxes), max_size=5).map(tuple)
crowds = st.lists(points, max_size=40)


def pick(selection: Selection, people: list[tuple[int, int]]) -> list[bool]:
    array: NDArray[np.uint16] = np.array(people, dtype=np.uint16).reshape(-1, 2)
    return [bool(value) for value in picked(selection, array[:, 0], array[:, 1])]


def crossings(shape: Shape, px: int, py: int) -> int:
    """The textbook rule in exact fractions."""
    count = 0
    for (ax, ay), (bx, by) in zip(shape.points, shape.points[1:] + shape.points[:1], strict=True):
        if (ay > py) != (by > py):
            count += px < Fraction((bx - ax) * (py - ay), by - ay) + ax
    return count


def oracle(selection: Selection, px: int, py: int) -> bool:
    inside = False
    for shape in selection:
        if shape.kind is Kind.BOX:
            (x0, y0), (x1, y1) = shape.points
            hit = x0 <= px <= x1 and y0 <= py <= y1
        else:
            hit = crossings(shape, px, py) % 2 == 1
        if hit:
            inside = shape.op is Op.ADD
    return inside


@settings(max_examples=300)
@given(selections, crowds)
def test_a_selection_picks_whom_the_even_odd_rule_in_exact_fractions_picks(
    selection: Selection, people: list[tuple[int, int]]
) -> None:
    assert pick(selection, people) == [oracle(selection, x, y) for x, y in people]


@given(selections, st.one_of(lassos, boxes), crowds)
def test_subtracting_a_shape_leaves_nobody_in_it_and_everybody_else(
    selection: Selection, shape: Shape, people: list[tuple[int, int]]
) -> None:
    alone = pick((Shape(Op.ADD, shape.kind, shape.points),), people)
    before = pick(selection, people)
    added = pick((*selection, Shape(Op.ADD, shape.kind, shape.points)), people)
    taken = pick((*selection, Shape(Op.SUBTRACT, shape.kind, shape.points)), people)
    assert added == [b or a for b, a in zip(before, alone, strict=True)]
    assert taken == [b and not a for b, a in zip(before, alone, strict=True)]


@given(selections)
def test_a_selection_comes_back_from_its_link_and_from_the_screen_as_it_was(
    selection: Selection,
) -> None:
    assert decode(encode(selection)) == selection
    assert parse(as_payload(selection)) == selection


def test_a_figure_of_eight_leaves_out_what_is_wound_twice() -> None:
    star = Shape(Op.ADD, Kind.LASSO, ((50, 95), (79, 5), (3, 61), (97, 61), (21, 5)))
    assert pick((star,), [(50, 45), (50, 80), (3, 3)]) == [False, True, False]


def test_neighbouring_lassos_share_no_one_and_miss_no_one_on_their_common_edge() -> None:
    left = Shape(Op.ADD, Kind.LASSO, ((0, 0), (10, 0), (10, 10), (0, 10)))
    right = Shape(Op.ADD, Kind.LASSO, ((10, 0), (20, 0), (20, 10), (10, 10)))
    edge = [(10, y) for y in range(10)]
    both = zip(pick((left,), edge), pick((right,), edge), strict=True)
    assert all(a != b for a, b in both)


def read_or_refuse(text: str) -> str | None:
    """Give the text back if it is a selection, none if it is refused in words."""
    try:
        return encode(decode(text))
    except UserError:
        return None


@given(st.text(max_size=60))
def test_any_text_is_either_a_selection_or_refused(text: str) -> None:
    assert read_or_refuse(text) in (text, None)


@given(st.binary(max_size=60))
def test_any_bytes_are_either_a_selection_or_refused(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(b"\x01" + raw).rstrip(b"=").decode()
    assert read_or_refuse(text) in (text, None)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        "add",
        [None],
        [{"op": "add", "kind": "box"}],
        [{"op": "xor", "kind": "box", "points": [[0, 0], [1, 1]]}],
        [{"op": "add", "kind": "ring", "points": [[0, 0], [1, 1]]}],
        [{"op": "add", "kind": "box", "points": [[0, 0]]}],
        [{"op": "add", "kind": "box", "points": [[0, 0], [1, GRID + 1]]}],
        [{"op": "add", "kind": "box", "points": [[0, -1], [1, 1]]}],
        [{"op": "add", "kind": "box", "points": [[0, 0], [1.5, 1]]}],
        [{"op": "add", "kind": "box", "points": [[0, 0], [True, 1]]}],
        [{"op": "add", "kind": "lasso", "points": [[0, 0], [1, 1]]}],
        [{"op": "add", "kind": "lasso", "points": [[0, 0]] * (MAX_POINTS + 1)}],
        [{"op": "add", "kind": "box", "points": [[0, 0], [1, 1]], "more": 1}],
        [{"op": "add", "kind": "box", "points": [[0, 0], [1, 1]]}] * (MAX_SHAPES + 1),
        [{"op": [], "kind": "box", "points": [[0, 0], [1, 1]]}],
    ],
)
def test_a_malformed_payload_is_refused(payload: object) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        parse(payload)


def test_a_link_that_is_too_long_or_of_another_version_is_refused() -> None:
    with pytest.raises(UserError, match="longer"):
        decode("A" * (MAX_TEXT + 1))
    with pytest.raises(UserError, match="another version"):
        decode(base64.urlsafe_b64encode(b"\x07\x00").rstrip(b"=").decode())


def test_the_longest_selection_fits_in_a_link() -> None:
    corner_to_corner = tuple((GRID * (i % 2), GRID * (i % 2)) for i in range(MAX_POINTS))
    longest = (Shape(Op.ADD, Kind.LASSO, corner_to_corner),) * MAX_SHAPES
    assert len(encode(longest)) <= MAX_TEXT
    assert decode(encode(longest)) == longest


def test_the_grid_keeps_the_shape_of_the_map_and_gives_coordinates_back() -> None:
    grid = MapGrid.around([-2.0, 6.0, 1.0, 5.0])
    x, y = grid.cells([-2.0, 6.0, 2.0, 99.0], [1.0, 5.0, 3.0, -99.0])
    assert x.tolist() == [0, GRID, 32768, GRID]
    assert y.tolist() == [16384, 49151, 32768, 0]
    assert grid.coordinates(0, 32767.5) == pytest.approx((-2.0, 3.0))


def test_a_map_of_one_place_still_has_a_grid() -> None:
    x, y = MapGrid.around([3.0, 3.0, 4.0, 4.0]).cells([3.0], [4.0])
    assert (x.tolist(), y.tolist()) == ([32768], [32768])
