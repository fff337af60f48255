"""Compute the traits snapshot with Ibis, and read it back for screens and clustering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection, Row, insert, select

from data.lake import TRAITS, LakeFile, commit_files, live_files, person_id
from data.schema import trait_runs
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.events import ORDER_COMPLETED
from kindred.traits.families import (
    attribute_trait,
    category_measures,
    category_traits,
    rfm_traits,
)
from kindred.traits.measures import CATEGORIES, EVENTS, MEASURES, ORDERS, Measure
from kindred.traits.registry import TRAITS as COMPUTED
from kindred.traits.trait import Trait, TraitType

PERSON: Final = "person_id"
TOP_CATEGORIES: Final = 12
MOST_ATTRIBUTES: Final = 50


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_extract_string(text: str, key: str) -> str:  # type: ignore[empty-body]
    """Read a member of a JSON object as text."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_keys(text: str) -> list[str]:  # type: ignore[empty-body]
    """List the members of a JSON object."""


@dataclass(frozen=True)
class TraitTable:
    """The expression of the whole snapshot and what its columns mean."""

    table: ibis.Table
    traits: tuple[Trait, ...]


def trait_table(backend: Backend, events: ibis.Table, as_of: datetime) -> TraitTable:
    """Build the snapshot of everybody who has an event before `as_of`.

    Orders are read once for their own numbers and once for their products; the products' revenue by
    person and category is kept in a temporary table, from which the top categories follow.
    """
    seen = events.filter(events["timestamp"] < ibis.timestamp(as_of.isoformat()))
    seen = seen.mutate(**{PERSON: person_id(seen)})
    by_category = _by_category(backend, seen)
    categories = _top_categories(by_category)
    attributes, declared = _attributes(backend, seen)
    measures = [*MEASURES, *category_measures(categories)]
    people = _measured(_all_events(seen), EVENTS, measures, as_of)
    for source, table in ((ORDERS, _orders(seen)), (CATEGORIES, by_category)):
        found = _measured(table, source, measures, as_of)
        people = people.left_join(found, PERSON).drop(f"{PERSON}_right")
    computed = [*COMPUTED, *category_traits(categories)]
    table = people.select(PERSON, **{c.trait.name: c.expression(people, as_of) for c in computed})
    for scored in rfm_traits():
        table = table.mutate(**{scored.trait.name: scored.expression(table, as_of)})
    if attributes is not None:
        table = table.left_join(attributes, PERSON).drop(f"{PERSON}_right")
    traits = (*(c.trait for c in [*computed, *rfm_traits()]), *declared)
    return TraitTable(table.select(PERSON, *(t.name for t in traits)), traits)


def _all_events(seen: ibis.Table) -> ibis.Table:
    return seen.select(
        PERSON,
        "timestamp",
        "type",
        "event",
        device=seen["context"]["device"],
        region=seen["context"]["region"],
    )


def _orders(seen: ibis.Table) -> ibis.Table:
    orders = seen.filter(seen["event"] == ORDER_COMPLETED)
    return orders.select(
        PERSON,
        "timestamp",
        revenue=orders["properties"]["revenue"].fill_null(0.0),
        discount=orders["properties"]["discount"].fill_null(0.0),
        lines=orders["properties"]["products"].length(),
        hour=orders["timestamp"].hour(),
        weekday=orders["timestamp"].day_of_week.index(),
    )


def _by_category(backend: Backend, seen: ibis.Table) -> ibis.Table:
    """Revenue by person and category, with each category's place in the person's taste."""
    orders = seen.filter(seen["event"] == ORDER_COMPLETED)
    lines = orders.select(PERSON, line=orders["properties"]["products"].unnest())
    line = lines["line"]
    revenue = ibis.coalesce(line["revenue"], line["price"] * line["quantity"])
    lines = lines.select(PERSON, category=line["category"], revenue=revenue)
    grouped = lines.filter(lines["category"].notnull()).group_by(PERSON, "category")
    summed = grouped.aggregate(revenue=lines["revenue"].sum())
    kept = backend.create_table(
        f"by_category_{id(seen):x}", summed.filter(summed["revenue"] > 0), temp=True
    )
    order = ibis.window(group_by=PERSON, order_by=[ibis.desc("revenue"), "category"])
    return kept.mutate(rank=ibis.row_number().over(order))


def _top_categories(by_category: ibis.Table) -> list[str]:
    totals = by_category.group_by("category").aggregate(revenue=by_category["revenue"].sum())
    top = totals.order_by([ibis.desc("revenue"), "category"]).limit(TOP_CATEGORIES)
    return sorted(top.to_pyarrow().column("category").to_pylist())


def _measured(
    table: ibis.Table, source: str, measures: Sequence[Measure], as_of: datetime
) -> ibis.Table:
    own = {m.name: m.expression(table, as_of) for m in measures if m.source == source}
    return table.group_by(PERSON).aggregate(**own)


def _attributes(backend: Backend, seen: ibis.Table) -> tuple[ibis.Table | None, tuple[Trait, ...]]:
    """Latest value of each attribute told, numbers where all values are numbers."""
    told = seen.filter((seen["type"] == "identify") & seen["traits"].notnull())
    told = told.select(PERSON, "timestamp", "traits")
    kept = backend.create_table(f"told_{id(seen):x}", told, temp=True)
    keys = kept.select(key=json_keys(kept["traits"]).unnest()).group_by("key")
    counted = keys.aggregate(n=ibis._.count()).order_by([ibis.desc("n"), "key"])
    computed = {c.trait.name for c in [*COMPUTED, *rfm_traits()]} | {PERSON}
    names = [
        key
        for key in counted.limit(MOST_ATTRIBUTES).to_pyarrow().column("key").to_pylist()
        if key not in computed
    ]
    if not names:
        return None, ()
    values = {key: json_extract_string(kept["traits"], f'$."{key}"') for key in names}
    texts = kept.mutate(**{f"v{i}": value for i, value in enumerate(values.values())})
    latest = texts.group_by(PERSON).aggregate(
        **{
            key: texts[f"v{i}"].argmax(texts["timestamp"], where=texts[f"v{i}"].notnull())
            for i, key in enumerate(names)
        }
    )
    latest = backend.create_table(f"attributes_{id(seen):x}", latest, temp=True)
    numeric = _numeric_columns(latest, names)
    typed = latest.select(
        PERSON,
        **{key: latest[key].cast("float64") if key in numeric else latest[key] for key in names},
    )
    return typed, tuple(attribute_trait(key, key in numeric) for key in names)


def _numeric_columns(table: ibis.Table, names: Sequence[str]) -> set[str]:
    odd = table.aggregate(
        **{
            key: (table[key].notnull() & table[key].try_cast("float64").isnull()).sum()
            for key in names
        }
    )
    found: dict[str, int | None] = odd.to_pyarrow().to_pylist()[0]
    return {key for key, count in found.items() if count == 0}


def fingerprint(version: int, as_of: datetime) -> str:
    """Identify a snapshot's inputs: events, clock and declarations."""
    declared = [c.trait.as_json() for c in [*COMPUTED, *rfm_traits()]]
    given = json.dumps([version, as_of.isoformat(), TOP_CATEGORIES, declared], sort_keys=True)
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()


def save_run(
    conn: Connection,
    file: LakeFile,
    traits: Sequence[Trait],
    *,
    run_id: int | None,
    at: datetime,
    as_of: datetime,
    dataset_version: int,
    fingerprint: str,
) -> int:
    """Make a snapshot live and record what its columns mean; gives the trait run's id."""
    version = commit_files(conn, TRAITS, [file], why="traits", at=at, replace=True)
    added = conn.execute(
        insert(trait_runs).values(
            run_id=run_id,
            at=at,
            as_of=as_of,
            dataset_version=dataset_version,
            lake_version=version,
            people=file.rows,
            traits=[trait.as_json() for trait in traits],
            fingerprint=fingerprint,
        )
    ).inserted_primary_key
    assert added is not None
    return int(added[0])


def latest_run(conn: Connection) -> Row[Any] | None:
    """Read the newest trait run."""
    query = select(trait_runs).order_by(trait_runs.c.id.desc()).limit(1)
    return conn.execute(query).one_or_none()


def declarations(run: Row[Any]) -> list[Trait]:
    """Read what the columns of a trait run mean, in their order."""
    return [Trait.from_json(given) for given in run.traits]


def snapshot_path(workspace: Workspace, conn: Connection) -> Path:
    """Find the live snapshot's file."""
    live = live_files(conn, TRAITS)
    if not live:
        raise UserError("No traits have been computed yet.", "Run: python -m pipelines traits")
    return workspace.lake / live[0].path


def read_columns(path: Path, names: Sequence[str]) -> pa.Table:
    """Read some columns of a snapshot, N rows in the order of persons."""
    return pq.read_table(path, columns=list(names), memory_map=True)


def numbers(path: Path, names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Read numeric traits as a matrix, shape (N, len(names)); unknown values are NaN."""
    table = read_columns(path, names)
    columns = [
        np.asarray(table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False))
        for name in names
    ]
    return np.column_stack(columns) if columns else np.empty((table.num_rows, 0))


def people_ids(path: Path) -> pa.ChunkedArray:
    """Read everybody's id, sorted: the place in it is the person's position."""
    return read_columns(path, [PERSON]).column(PERSON)


def position_of(path: Path, person: str) -> int | None:
    """Find a person's position by the row groups' statistics and one group's rows."""
    file = pq.ParquetFile(path, memory_map=True)
    start = 0
    for group in range(file.metadata.num_row_groups):
        meta = file.metadata.row_group(group)
        statistics = meta.column(0).statistics
        if statistics is None or statistics.min <= person <= statistics.max:
            ids = file.read_row_group(group, columns=[PERSON]).column(PERSON)
            found = pa.compute.index(ids, pa.scalar(person)).as_py()
            if found >= 0:
                return start + int(found)
        start += meta.num_rows
    return None


NUMERIC_TYPES: Final = (TraitType.NUMBER, TraitType.INTEGER, TraitType.FLAG)
