"""Sufficient statistics of a few columns: all that any test here needs of the raw rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]

_ROUNDING = 8 * float(np.finfo(np.float64).eps)
_DIGITS = 1e-12  # of a variance that is left when its parts cancel


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, means and centred cross products of some columns; two of them add up.

    They are kept centred (``comoments[i, j] = Σ (xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ)``) since the difference of raw
    sums of squares loses all digits when a mean is large beside its spread. Adding merges by
    Chan, Golub & LeVeque (1979), *Updating formulae and a pairwise algorithm for computing
    sample variances*, eq. 2.1, so days, segments and machines can be summed in any order.

    Parameters
    ----------
    columns : tuple of str
        Names, such as ``("value", "denominator", "before")``.
    n : int
        Units.
    means : ndarray, shape (k,), float64
    comoments : ndarray, shape (k, k), float64
        Symmetric.

    Examples
    --------
    >>> a = Moments.of_rows({"value": [1.0, 2.0]})
    >>> b = Moments.of_rows({"value": [6.0]})
    >>> (a + b).n, (a + b).mean("value"), (a + b).variance("value")
    (3, 3.0, 7.0)
    """

    columns: tuple[str, ...]
    n: int
    means: Vector
    comoments: Vector

    @classmethod
    def empty(cls, columns: Sequence[str]) -> Moments:
        """No rows yet: the neutral element of addition."""
        k = len(columns)
        return cls(tuple(columns), 0, np.zeros(k), np.zeros((k, k)))

    @classmethod
    def of_rows(cls, rows: Mapping[str, ArrayLike]) -> Moments:
        """Summarise equally long columns of numbers."""
        names = tuple(rows)
        table = np.array([np.asarray(rows[name], dtype=np.float64) for name in names])
        if table.shape[1] == 0:
            return cls.empty(names)
        means = table.mean(axis=1)
        centred = table - means[:, None]
        return cls(names, table.shape[1], means, centred @ centred.T)

    @classmethod
    def of_mean_and_variance(cls, column: str, n: int, mean: float, variance: float) -> Moments:
        """Take what another system has summed up: count, mean and sample variance."""
        if n == 0:
            return cls.empty((column,))
        comoments = np.array([[variance * (n - 1)]], dtype=np.float64)
        return cls((column,), n, np.array([mean], dtype=np.float64), comoments)

    @classmethod
    def of_sums(
        cls,
        columns: Sequence[str],
        n: int,
        sums: Sequence[float],
        products: Sequence[Sequence[float]],
    ) -> Moments:
        """Take raw sums and raw cross products ``Σ xᵢxⱼ``, as another system may give them.

        A column whose squares differ from ``n · mean²`` by no more than rounding has no spread.
        """
        if n == 0:
            return cls.empty(columns)
        totals = np.asarray(sums, dtype=np.float64)
        raw = np.asarray(products, dtype=np.float64)
        comoments = raw - totals[:, None] * (totals / n)
        constant = comoments.diagonal() <= 2 * _ROUNDING * raw.diagonal()
        if constant.any():
            comoments[constant, :] = 0.0
            comoments[:, constant] = 0.0
        return cls(tuple(columns), n, totals / n, comoments)

    def __add__(self, other: Moments) -> Moments:
        if self.columns != other.columns:
            raise ValueError(f"columns differ: {self.columns} and {other.columns}")
        if self.n == 0 or other.n == 0:
            return other if self.n == 0 else self
        n = self.n + other.n
        apart = other.means - self.means
        return Moments(
            self.columns,
            n,
            self.means + apart * (other.n / n),
            self.comoments + other.comoments + apart[:, None] * apart * (self.n * other.n / n),
        )

    def mean(self, column: str) -> float:
        """Mean of a column; not a number where there are no rows."""
        return float(self.means[self._at(column)]) if self.n else float("nan")

    def variance(self, column: str) -> float:
        """Sample variance (divisor n − 1) of a column; a spread of mere rounding is none."""
        at = self._at(column)
        if self.n < 2:
            return float("nan")
        variance = max(float(self.comoments[at, at]) / (self.n - 1), 0.0)
        return variance if variance**0.5 > _ROUNDING * abs(float(self.means[at])) else 0.0

    def covariance(self, one: str, other: str) -> float:
        """Sample covariance (divisor n − 1) of two columns."""
        if self.n < 2:
            return float("nan")
        return float(self.comoments[self._at(one), self._at(other)] / (self.n - 1))

    def combination_variance(self, weights: Mapping[str, float]) -> float:
        """Sample variance of a weighted sum of columns, wᵀSw.

        Where the columns cancel each other but for rounding (clicks that are always half the
        views), it is zero.
        """
        if self.n < 2:
            return float("nan")
        w = np.zeros(len(self.columns))
        for column, weight in weights.items():
            w[self._at(column)] = weight
        scaled = w[:, None] * self.comoments * w
        total = float(scaled.sum())
        if total <= _DIGITS * float(np.abs(scaled).sum()):
            return 0.0
        return total / (self.n - 1)

    def _at(self, column: str) -> int:
        return self.columns.index(column)
