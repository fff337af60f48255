"""An experiment in a file: its rows become sufficient statistics inside DuckDB, never in Python.

One function for the command line and the upload on the screen. Sums are taken of values less a
constant close to their mean, since raw sums of squares lose their digits when a mean is large
beside its spread (Chan, Golub & LeVeque 1983, *Algorithms for computing the sample variance*, § 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from data.experiment_layout import FileMetric, Layout
from data.experiment_levels import Levels, levels, segment_levels
from data.experiment_quantiles import quantile_cells
from data.experiment_table import Table, open_table
from data.experiment_totals import summed_cells, take_totals, total_caveats
from data.experiment_units import short_rows, units
from kindred.errors import UserError
from kindred.experiments import caveats
from kindred.experiments.caveats import Caveat
from kindred.experiments.pooling import membership
from kindred.experiments.report import Cell

__all__ = ["FileMetric", "Layout", "Summary", "summarise_file", "summarise_table"]

MOST_VARIATIONS: Final = 100


@dataclass(frozen=True)
class Summary:
    """A file's sufficient statistics.

    Parameters
    ----------
    arms : dict
        Units of each variation, in the order of their names.
    cells : list of Cell
        Of the whole (no segment), and of each level of each segment column.
    """

    arms: dict[str, int]
    cells: list[Cell]
    caveats: list[Caveat]


def summarise_file(path: Path, layout: Layout) -> Summary:
    """Read a file of rows into sufficient statistics, in bounded memory.

    Raises
    ------
    UserError
        The file can't be read, or lacks a column; the message lists those it has.
    """
    with open_table(path, layout.columns()) as table:
        return summarise_table(table, layout)


def summarise_table(table: Table, layout: Layout) -> Summary:
    """Do the same for a table that is open already."""
    arms = levels(table.rows, layout.variation, membership(layout.pools))
    said = [*table.caveats, *_about_arms(arms, layout)]
    coded = [segment_levels(table.rows, column) for column in layout.segments]
    segments = [found for found, _ in coded]
    said += [
        caveats.MANY_LEVELS.counting(found.left_over, column)
        for column, found in zip(layout.segments, segments, strict=True)
        if found.left_over
    ]
    rows = short_rows(table.rows, layout, arms, [code for _, code in coded])
    people = units(rows, layout)
    totals = take_totals(rows, people, layout, [len(found.labels) for found in segments])
    said += total_caveats(totals, layout)
    cells = list(summed_cells(totals, layout, arms, segments))
    more, noted = quantile_cells(rows, layout, arms, segments)
    sizes = totals.whole()
    counts = {
        label: int(sizes[v][totals.names["units"]]) if v in sizes else 0
        for v, label in enumerate(arms.labels)
    }
    return Summary(counts, cells + more, said + noted)


def _about_arms(arms: Levels, layout: Layout) -> list[Caveat]:
    if len(arms.labels) > MOST_VARIATIONS:
        raise UserError(
            f"The column {layout.variation!r} has more than {MOST_VARIATIONS} values.",
            "Name the column of the variation, not of something else.",
            "--variation",
        )
    said = [] if arms.labels else [caveats.NO_ROWS.at(layout.variation)]
    if arms.missing:
        said.append(caveats.MISSING_VARIATION.counting(arms.missing, layout.variation))
    return said
