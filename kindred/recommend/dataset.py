"""Who dealt with which item, when and how much: rows by place, cut and weighed without a loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

DAY: Final = 86_400.0  # seconds
HALF_LIFE: Final = 180.0  # days after which an interaction counts half

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interactions:
    """Rows of somebody and an item.

    Parameters
    ----------
    people, items : arrays of str, shape (U,) and (I,)
        Ids; a person or item may be here without any row.
    person, item : arrays of int, shape (n,)
        Places in `people` and `items`.
    time : array of shape (n,)
        Seconds since 1970.
    weight : array of shape (n,)
        How much it counts; 0 is *seen but not wanted*: never a positive, never recommended.
    """

    people: NDArray[Any]
    items: NDArray[Any]
    person: Places
    item: Places
    time: Floats
    weight: Floats

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.person)

    @property
    def shape(self) -> tuple[int, int]:
        """People and items."""
        return len(self.people), len(self.items)

    @property
    def last(self) -> float:
        """The time of the last row; 0 without any."""
        return float(self.time.max()) if len(self.time) else 0.0

    def only(self, which: Flags | Places) -> Interactions:
        """Keep some rows, flagged or by their places; people and items stay as they are."""
        return replace(
            self,
            person=self.person[which],
            item=self.item[which],
            time=self.time[which],
            weight=self.weight[which],
        )

    def wanted(self) -> Interactions:
        """Keep the rows that count for something."""
        return self.only(self.weight > 0)

    def matrix(
        self, *, as_of: float | None = None, half_life: float | None = HALF_LIFE
    ) -> sparse.csr_array:
        """Sum weights by person and item, shape (U, I); what lies back counts less.

        Parameters
        ----------
        as_of : float, optional
            The time from which it is looked back, in seconds; else that of the last row.
        half_life : float or None
            In days; None lets time not count.

        Examples
        --------
        >>> two = Interactions(np.array(["a"]), np.array(["x"]), np.array([0, 0]),
        ...     np.array([0, 0]), np.array([0.0, 10 * DAY]), np.array([1.0, 1.0]))
        >>> two.matrix(half_life=10).toarray().tolist()
        [[1.5]]
        """
        rows = self.wanted()
        values = rows.weight.astype(np.float64)
        if half_life is not None and len(rows):
            back = (self.last if as_of is None else as_of) - rows.time
            values = values * np.exp2(-np.maximum(back, 0.0) / (half_life * DAY))
        # A weight must not vanish: whoever dealt with an item has dealt with it.
        values = np.maximum(values, 1e-6).astype(np.float32)
        summed = sparse.coo_array((values, (rows.person, rows.item)), shape=self.shape).tocsr()
        summed.sum_duplicates()
        return sparse.csr_array(summed)

    def seen(self) -> sparse.csr_array:
        """Say what each person met at all, wanted or not, shape (U, I), of ones."""
        return _ones(self)

    def unwanted(self) -> sparse.csr_array:
        """Say what each person met and never wanted, shape (U, I), of ones."""
        bad = _ones(self.only(self.weight <= 0))
        good = _ones(self.wanted())
        left = sparse.csr_array(bad - bad.multiply(good))
        left.eliminate_zeros()
        return left


def _ones(rows: Interactions) -> sparse.csr_array:
    """Mark the pairs of some rows."""
    ones = np.ones(len(rows), dtype=np.float32)
    found = sparse.coo_array((ones, (rows.person, rows.item)), shape=rows.shape).tocsr()
    found.sum_duplicates()
    found.data[:] = 1.0
    return sparse.csr_array(found)
