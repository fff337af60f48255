"""Distil picked people into rules, and the reverse: which clusters a segment's people are in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection

from data.map_reads import MapCluster, MapRun, map_clusters, read_person_ids, read_places
from data.segment_events import PERSON
from data.segment_overlap import rows_on_map
from data.segment_population import Population
from data.workspace import Workspace
from kindred.segments.bitmap import Bitmap
from kindred.segments.describe import Names, sentence
from kindred.segments.distil import MOST_CONDITIONS, Quality, distil, sample
from kindred.segments.distil_columns import CategoryColumn, Column, NumberColumn, TimeColumn
from kindred.segments.distil_lists import ListColumn
from kindred.segments.durations import micros
from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType

THREADS: Final = 2  # that read columns
MOST_TEXTS: Final = 5_000  # distinct ones of a trait; with more it is no category


@dataclass(frozen=True)
class DistilStep:
    """One rule of a family from short to exact.

    Parameters
    ----------
    size, hits : int
        Of everybody, whom the rule catches, and how many of them were picked.
    checked : Quality
        Cross-validated precision, recall and F1: on people whom rules were not learned from.
    whole : Quality
        The same of this very rule on everybody, those included whom it was learned from.
    """

    rule: Rule
    sentence: str
    conditions: int
    size: int
    hits: int
    checked: Quality
    whole: Quality


@dataclass(frozen=True)
class Distilled:
    """What came of distilling.

    Parameters
    ----------
    steps : tuple of DistilStep
        The shortest first; each does better than those before, so the last does best.
    picked, people : int
        How many were picked, of how many.
    """

    steps: tuple[DistilStep, ...]
    picked: int
    people: int
    as_of: datetime


def distil_people(
    population: Population,
    picked: Bitmap,
    *,
    most_conditions: int = MOST_CONDITIONS,
    traits: Collection[str] | None = None,
    names: Names | None = None,
) -> Distilled:
    """Learn rules on traits that catch the picked people, from short to exact.

    What people did is not looked at, only what traits say of it: every event in every window would
    have to be counted.

    Parameters
    ----------
    traits : collection of str, optional
        Those that rules may speak of; else all, but texts of which hardly two are alike.
    names : mapping, optional
        How sentences call what rules refer to.

    Raises
    ------
    UserError
        Fewer than ten are picked, or everybody, or no trait tells people apart.
    """
    held = picked.held()
    chosen = sample(held)
    known = population.context.traits or {}
    wanted = [(name, kind) for name, kind in known.items() if (traits is None or name in traits)]
    columns = _columns(population, wanted, chosen.rows)
    found = distil(columns, chosen.picked, weight=chosen.weight, most_conditions=most_conditions)
    steps = []
    for step in found:
        members = population.members(step.rule)
        size, hits = len(members), len(members & picked)
        steps.append(
            DistilStep(
                step.rule,
                sentence(step.rule, names),
                step.conditions,
                size,
                hits,
                step.checked,
                Quality.of(hits, size, len(picked)),
            )
        )
    return Distilled(tuple(steps), len(picked), population.size, population.as_of)


def picked_on_map(
    workspace: Workspace, population: Population, run: MapRun, rows: NDArray[np.intp]
) -> Bitmap:
    """Find the people on some rows of a run's map; who is not in the snapshot is left out.

    A cluster is picked by its rule: ``population.members(ClusterRule(cluster, run))``.
    """
    ids = read_person_ids(workspace, run).take(pa.array(rows)).combine_chunks()
    return people_of(population, ids)


def people_of(population: Population, ids: pa.Array) -> Bitmap:
    """Find people by their ids; who is not in the snapshot is left out."""
    everybody = population.columns.read(PERSON)
    found = pc.is_in(everybody, value_set=ids.cast(everybody.type))
    return Bitmap.where(found.to_numpy())


@dataclass(frozen=True)
class ClusterHit:
    """How much of a cluster a segment's people make up.

    Parameters
    ----------
    people : int
        In both.
    of_members : float
        Share of the segment's people that are on the map.
    of_cluster : float
        Share of the cluster's people.
    lift : float
        How many times as many as if the segment were spread evenly over the map.
    """

    cluster: MapCluster
    people: int
    of_members: float
    of_cluster: float
    lift: float


def clusters_hit(
    workspace: Workspace, conn: Connection, population: Population, run: MapRun, members: Bitmap
) -> list[ClusterHit]:
    """Tell in which clusters of a run a segment's people lie, most people first; noise too."""
    rows = rows_on_map(workspace, population, run, members)
    labels = read_places(workspace, run).label
    inside = labels[rows]
    found = []
    for cluster in map_clusters(conn, run.id):
        people = int((inside == cluster.label).sum())
        of_members = people / len(rows) if len(rows) else 0.0
        expected = cluster.size / len(labels) if len(labels) else 0.0
        found.append(
            ClusterHit(
                cluster,
                people,
                of_members,
                people / cluster.size if cluster.size else 0.0,
                of_members / expected if expected else 0.0,
            )
        )
    return sorted(found, key=lambda hit: -hit.people)


def _columns(
    population: Population, wanted: Sequence[tuple[str, TraitType]], rows: NDArray[np.intp]
) -> list[Column | ListColumn]:
    places = pa.array(rows)

    def read(asked: tuple[str, TraitType]) -> Column | ListColumn | None:
        name, kind = asked
        found = population.columns.read(name).take(places)
        if kind is TraitType.TIME:
            return _time(name, found, micros(population.as_of))
        return _READERS[kind](name, found)

    with ThreadPoolExecutor(THREADS) as pool:
        return [column for column in pool.map(read, wanted) if column is not None]


def _number(name: str, read: pa.ChunkedArray) -> NumberColumn:
    whole = pa.types.is_integer(read.type)
    values: Any = read.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return NumberColumn(name, np.asarray(values, np.float64), whole)


def _texts(name: str, read: pa.ChunkedArray) -> CategoryColumn | None:
    coded = read.combine_chunks().dictionary_encode()
    if len(coded.dictionary) > MOST_TEXTS:
        return None
    codes: Any = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return CategoryColumn(name, codes, coded.dictionary.to_pylist())


def _flag(name: str, read: pa.ChunkedArray) -> CategoryColumn:
    codes: Any = read.cast(pa.int8()).fill_null(-1).to_numpy(zero_copy_only=False)
    return CategoryColumn(name, codes, (False, True))


def _time(name: str, read: pa.ChunkedArray, as_of: int) -> TimeColumn:
    counted = read.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    since: Any = pc.subtract(counted, as_of).cast(pa.float64(), safe=False)
    return TimeColumn(name, since.to_numpy(zero_copy_only=False), as_of)


def _list(name: str, read: pa.ChunkedArray) -> ListColumn | None:
    lists = read.combine_chunks()
    flat = lists.flatten()
    whose = pc.list_parent_indices(lists).filter(flat.is_valid()).to_numpy(zero_copy_only=False)
    coded = flat.drop_null().dictionary_encode()
    if len(coded.dictionary) > MOST_TEXTS:
        return None
    lengths = np.bincount(whose, minlength=len(lists))
    lengths[lists.is_null().to_numpy(zero_copy_only=False)] = -1
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return ListColumn(name, codes, lengths, coded.dictionary.to_pylist())


_READERS: Final[Mapping[TraitType, Callable[[str, Any], Column | ListColumn | None]]] = {
    TraitType.NUMBER: _number,
    TraitType.INTEGER: _number,
    TraitType.CATEGORY: _texts,
    TraitType.FLAG: _flag,
    TraitType.LIST: _list,
}
