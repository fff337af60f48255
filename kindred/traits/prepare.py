"""From traits to the feature matrix: impute and scale as declared, and remember how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kindred.traits.trait import Impute, Scale, Trait

Matrix = NDArray[np.float32]
Column = NDArray[np.float64]

REACH = 4.0  # scaled values beyond this are drawn in, so that no single person stretches the map


@dataclass(frozen=True)
class FittedColumn:
    """How one trait becomes a feature: the same for people who come later.

    Parameters
    ----------
    fill : float
        Stands in for unknown values.
    centre, spread : float
        Of the (log-transformed) filled column.
    """

    name: str
    scale: Scale
    fill: float
    centre: float
    spread: float

    def transform(self, values: Column) -> Matrix:
        """Scale a column, shape (N,); unknown and infinite values are filled."""
        filled = np.where(np.isfinite(values), values, self.fill)
        shaped = np.log1p(np.maximum(filled, 0.0)) if self.scale is Scale.LOG else filled
        scaled = (shaped - self.centre) / self.spread
        return np.clip(scaled, -REACH, REACH).astype(np.float32)


@dataclass(frozen=True)
class Features:
    """A feature matrix and how its columns were made.

    Parameters
    ----------
    matrix : ndarray, shape (N, F), float32
    columns : tuple of FittedColumn
    """

    matrix: Matrix
    columns: tuple[FittedColumn, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]


def prepare(traits: Sequence[Trait], columns: Mapping[str, Column]) -> Features:
    """Impute and scale, leaving out columns in which nobody differs.

    Parameters
    ----------
    traits : sequence of Trait
        Numeric ones that are to be features.
    columns : mapping of name to ndarray, shape (N,), float64
        Unknown values are NaN.
    """
    fitted, scaled = [], []
    for trait in traits:
        column = fit_column(trait, columns[trait.name])
        if column is not None:
            fitted.append(column)
            scaled.append(column.transform(columns[trait.name]))
    size = len(next(iter(columns.values()))) if columns else 0
    matrix = np.column_stack(scaled) if scaled else np.empty((size, 0), dtype=np.float32)
    return Features(matrix, tuple(fitted))


def fit_column(trait: Trait, values: Column) -> FittedColumn | None:
    """Find what a column is filled with and scaled by; none where it says nothing."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return None
    fill = _fill(trait.impute, known)
    filled = np.where(np.isfinite(values), values, fill)
    scale = trait.scale if trait.scale is not Scale.NONE else Scale.ZSCORE
    shaped = np.log1p(np.maximum(filled, 0.0)) if scale is Scale.LOG else filled
    centre, spread = _centre_and_spread(scale, shaped)
    if not spread > 1e-12:
        return None
    return FittedColumn(trait.name, scale, fill, centre, spread)


def _fill(impute: Impute, known: Column) -> float:
    if impute is Impute.ZERO:
        return 0.0
    if impute is Impute.LARGEST:
        return float(known.max())
    return float(np.median(known))


def _centre_and_spread(scale: Scale, shaped: Column) -> tuple[float, float]:
    if scale is Scale.MINMAX:
        return float(shaped.min()), float(shaped.max() - shaped.min())
    if scale is Scale.ROBUST:
        low, middle, high = np.quantile(shaped, [0.25, 0.5, 0.75])
        # Where half of all share a value the quartiles meet; the deviation still tells them apart.
        return float(middle), float(high - low) or float(shaped.std())
    return float(shaped.mean()), float(shaped.std())


def as_json(columns: Sequence[FittedColumn]) -> list[dict[str, Any]]:
    """Give fitted columns as plain values, to be kept with a run."""
    return [
        {
            "name": c.name,
            "scale": c.scale.value,
            "fill": c.fill,
            "centre": c.centre,
            "spread": c.spread,
        }
        for c in columns
    ]
