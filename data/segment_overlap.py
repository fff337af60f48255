"""How segments share people: all pairs, and every combination that occurs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.map_reads import MapRun, read_person_ids
from data.segment_population import Population, memberships
from data.trait_table import PERSON
from data.workspace import Workspace
from kindred.segments.bitmap import Bitmap, overlaps
from kindred.segments.rules import Rule

MOST_SETS: Final = 16  # whose combinations are counted


@dataclass(frozen=True)
class Overlap:
    """What segments share.

    Parameters
    ----------
    keys : sequence of str
        The segments, k of them.
    shared : ndarray of int64, shape (k, k)
        People in both; the diagonal is how many each has.
    combinations : sequence of (keys, people)
        Who is in exactly these of the first 16 and in none of the others of them, the most people
        first; nobody's is left out, and so are those who are in none.
    """

    keys: Sequence[str]
    shared: NDArray[np.int64]
    combinations: Sequence[tuple[frozenset[str], int]]

    def jaccard(self) -> NDArray[np.float64]:
        """Give people in both over people in either, shape (k, k); 0 for two empty ones.

        Source: Jaccard 1912, "The distribution of the flora in the alpine zone".
        """
        sizes = np.diag(self.shared)
        either = sizes[:, None] + sizes[None, :] - self.shared
        return np.asarray(
            np.divide(self.shared, either, out=np.zeros(either.shape), where=either > 0)
        )


def overlap(population: Population, rules: Mapping[str, Rule]) -> Overlap:
    """Count what segments share, O(k² N / 64) and O(k N) for combinations."""
    found = memberships(rules, population)
    keys = list(found)
    shared = overlaps(list(found.values()))
    return Overlap(keys, shared, _combinations({key: found[key] for key in keys[:MOST_SETS]}))


def _combinations(sets: Mapping[str, Bitmap]) -> list[tuple[frozenset[str], int]]:
    if not sets:
        return []
    keys = list(sets)
    code = np.zeros(sets[keys[0]].size, np.uint32)
    for place, key in enumerate(keys):
        code |= sets[key].held().astype(np.uint32) << place
    counts = np.bincount(code, minlength=1)
    codes = np.flatnonzero(counts)
    order = codes[np.argsort(-counts[codes], kind="stable")]
    return [
        (frozenset(key for place, key in enumerate(keys) if one >> place & 1), int(counts[one]))
        for one in order.tolist()
        if one
    ]


def rows_on_map(
    workspace: Workspace,
    population: Population,
    run: MapRun,
    members: Bitmap,
    *,
    same: bool = False,
) -> NDArray[np.intp]:
    """Find the rows of members on a run's map, ascending; who came later is on none.

    Parameters
    ----------
    same : bool
        Whether the map was drawn over the very snapshot that the population is, so that nobody
        need be looked up.
    """
    if same:
        return members.positions()
    ids = population.columns.read(PERSON).take(pa.array(members.positions()))
    found = pc.is_in(read_person_ids(workspace, run), value_set=ids.combine_chunks())
    return np.flatnonzero(found.to_numpy())
