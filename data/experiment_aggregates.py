"""Rows that somebody has summed up already: count, mean and variance of each arm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.experiment_file import Summary
from data.experiment_table import open_table
from kindred.experiments import caveats
from kindred.experiments.estimates import VALUE
from kindred.experiments.moments import Moments
from kindred.experiments.report import Cell

NEEDED: Final = ("variation", "metric", "count", "mean", "variance")


@dataclass(frozen=True)
class Place:
    """Which experiment, as of when; empty texts where the file doesn't say."""

    experiment: str
    checkpoint: str


def read_aggregates(path: Path, variation: str = "variation") -> dict[Place, Summary]:
    """Read rows of ``variation, metric, count, mean, variance[, checkpoint][, experiment]``.

    Several rows of one arm and metric are added up, as of several days; a row that repeats another
    word for word is left out. Rows that can't be used are told as caveats; the others count.

    Returns
    -------
    dict of Place to Summary
        In the order of the file; the checkpoints of one experiment in their own: numbers by size,
        else as text.
    """
    needed = [variation, *NEEDED[1:]]
    with open_table(path, needed, ("experiment", "checkpoint")) as table:
        names = table.columns
        rows = [dict(zip(names, row, strict=True)) for row in table.rows.fetchall()]
        said = list(table.caveats)
    found: dict[Place, Summary] = {}
    seen: set[tuple[Any, ...]] = set()
    for line, row in enumerate(rows):
        place = Place(_text(row.get("experiment")), _text(row.get("checkpoint")))
        summary = found.setdefault(place, Summary({}, [], []))
        _add(summary, row, variation, seen, f"row {line + 1}")
    ordered = dict(sorted(found.items(), key=lambda item: _order(item[0], list(found))))
    for summary in list(ordered.values())[:1]:
        summary.caveats[:0] = said
    return ordered


def _add(
    summary: Summary, row: dict[str, Any], column: str, seen: set[tuple[Any, ...]], line: str
) -> None:
    variation, metric = _text(row[column]), _text(row["metric"])
    if not variation or not metric:
        summary.caveats.append(caveats.NAMELESS_ROW.at(line))
        return
    where = f"{metric} · {variation}"
    summary.arms.setdefault(variation, 0)
    numbers = [_number(row[name]) for name in ("count", "mean", "variance")]
    count, mean, variance = numbers
    if count == 0:
        mean, variance = mean or 0.0, variance or 0.0  # an empty arm has neither
    if count == 1:
        variance = variance or 0.0
    usable = count is not None and mean is not None and variance is not None
    if not usable or count < 0 or not float(count).is_integer() or variance < 0:  # type: ignore[operator,arg-type]
        summary.caveats.append(caveats.BAD_AGGREGATE.at(where))
        return
    key = tuple(str(value) for value in row.values())
    if key in seen:
        summary.caveats.append(caveats.REPEATED_ROW.at(where))
        return
    seen.add(key)
    before = [c for c in summary.cells if (c.variation, c.metric) == (variation, metric)]
    if before:
        summary.caveats.append(caveats.ADDED_ROWS.at(where))
    moments = Moments.of_mean_and_variance(VALUE, int(count), float(mean), float(variance))  # type: ignore[arg-type]
    summary.cells.append(Cell(None, None, variation, metric, moments))
    own = sum(c.moments.n for c in summary.cells if (c.variation, c.metric) == (variation, metric))
    summary.arms[variation] = max(own, summary.arms[variation])


def _order(place: Place, all_places: list[Place]) -> tuple[Any, ...]:
    first = [p.experiment for p in all_places].index(place.experiment)
    number = _number(place.checkpoint)
    return (first, number is None, number or 0.0, place.checkpoint)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
