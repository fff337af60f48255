"""Sufficient statistics as JSON values, at full precision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kindred.experiments.caveats import Caveat
from kindred.experiments.moments import Moments, Vector
from kindred.experiments.report import Cell


def moments_json(moments: Moments) -> list[Any]:
    """Write moments as ``[n, means, upper triangle of comoments]``.

    Examples
    --------
    >>> moments_json(Moments.of_rows({"value": [1.0, 2.0]}))
    [2, [1.5], [0.5]]
    """
    upper = moments.comoments[_triangle(len(moments.columns))]
    return [moments.n, moments.means.tolist(), upper.tolist()]


def read_moments(columns: Sequence[str], written: Sequence[Any]) -> Moments:
    """Read what :func:`moments_json` wrote.

    Examples
    --------
    >>> read_moments(["value"], [2, [1.5], [0.5]]).variance("value")
    0.5
    """
    n, means, upper = written
    comoments = symmetric(len(columns), upper)
    return Moments(tuple(columns), int(n), np.asarray(means, dtype=np.float64), comoments)


def symmetric(k: int, upper: ArrayLike) -> Vector:
    """Give the symmetric matrix of an upper triangle, row by row.

    Examples
    --------
    >>> symmetric(2, [1.0, 2.0, 3.0]).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    whole = np.empty((k, k))
    rows, columns = _triangle(k)
    whole[rows, columns] = whole[columns, rows] = upper
    return whole


@cache
def _triangle(k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, columns = np.triu_indices(k)
    return rows, columns


def cells_json(cells: Iterable[Cell]) -> list[Any]:
    """Write cells of moments; those of quantiles are not kept."""
    return [
        [
            c.segment,
            c.level,
            c.variation,
            c.metric,
            list(c.moments.columns),
            *moments_json(c.moments),
        ]
        for c in cells
        if isinstance(c.moments, Moments)
    ]


def read_cells(written: Iterable[Sequence[Any]]) -> list[Cell]:
    """Read what :func:`cells_json` wrote."""
    return [
        Cell(segment, level, variation, metric, read_moments(columns, moments))
        for segment, level, variation, metric, columns, *moments in written
    ]


def add_cells(cells: Iterable[Cell]) -> list[Cell]:
    """Add up cells that differ by day only."""
    total: dict[tuple[str | None, str | None, str, str], Moments] = {}
    for cell in cells:
        place = (cell.segment, cell.level, cell.variation, cell.metric)
        assert isinstance(cell.moments, Moments)
        total[place] = total[place] + cell.moments if place in total else cell.moments
    return [Cell(*place, moments) for place, moments in total.items()]


def caveats_json(caveats: Iterable[Caveat]) -> list[dict[str, str]]:
    """Write caveats."""
    return [{"code": c.code, "message": c.message, "where": c.where} for c in caveats]
