"""The screen and the server pick the same people, checked in a real Chromium."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from dashboard.point_map.component import script
from kindred.clusters.selection import GRID, Kind, Op, Selection, Shape, picked
from kindred.clusters.selection_text import as_payload

pytestmark = pytest.mark.browser

PEOPLE = 4_000
PICK = """([x, y, shapes]) => {
  const index = indexPeople(x.length, Uint16Array.from(x), Uint16Array.from(y), []);
  const mask = pickPeople(shapes, index), rows = [];
  for (let i = 0; i < mask.length; i++) if (mask[i]) rows.push(index.order[i]);
  return rows.sort((a, b) => a - b);
}"""


@pytest.fixture(scope="module")
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.add_script_tag(content=script().replace("export default function", "function mount"))
    yield page
    page.close()


def some_selection(rng: np.random.Generator, limit: int) -> Selection:
    """Draw up to four strokes, of corners that may lie anywhere and cross one another."""
    shapes = []
    for _ in range(rng.integers(1, 5)):
        kind = Kind.LASSO if rng.random() < 0.8 else Kind.BOX
        corners = rng.integers(0, limit + 1, (60 if kind is Kind.LASSO else 2, 2))
        corners = (
            corners[: max(3, int(rng.integers(3, 61)))]
            if kind is Kind.LASSO
            else np.sort(corners, 0)
        )
        op = Op.ADD if rng.random() < 0.7 else Op.SUBTRACT
        shapes.append(Shape(op, kind, tuple((int(x), int(y)) for x, y in corners)))
    return tuple(shapes)


@pytest.mark.parametrize("limit", [12, 300, GRID])
def test_the_screen_picks_exactly_whom_the_server_picks(page: Page, limit: int) -> None:
    rng = np.random.default_rng(limit)
    x, y = rng.integers(0, limit + 1, (2, PEOPLE)).astype(np.uint16)
    for _ in range(25):
        selection = some_selection(rng, limit)
        shown = page.evaluate(PICK, [x.tolist(), y.tolist(), as_payload(selection)])
        assert shown == np.flatnonzero(picked(selection, x, y)).tolist(), json.dumps(
            as_payload(selection)
        )


def test_a_wild_stroke_is_simplified_to_what_a_link_holds(page: Page) -> None:
    drawn = np.random.default_rng(3).integers(0, 800, (3_000, 2)).tolist()
    kept = page.evaluate("(drawn) => simplify(drawn, 0.8)", drawn)
    assert 3 <= len(kept) <= 60
    assert kept[0] == drawn[0]
