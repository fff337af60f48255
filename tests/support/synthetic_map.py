"""A made-up workspace with a map, for tests and benchmarks of screens: snapshots and store rows.

Nothing is fitted: clusters are blobs with traits of their own, so that a screen has something
true to say about each. Everything in it is marked as simulated.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, insert

from data.lake import MAP, TRAITS, commit_files, describe_file
from data.schema import (
    annotations as notes,
)
from data.schema import (
    cluster_members,
    cluster_runs,
    clusters,
    daily_summaries,
    summaries,
    trait_runs,
    workspace_facts,
)
from data.workspace import Workspace

AT = datetime(2026, 11, 23, 6, tzinfo=UTC)
NAMES = (
    "Frequent buyers of fresh food",
    "Weekend family baskets",
    "Evening snackers",
    "Bargain hunters",
    "Lapsed after one order",
    "New and curious",
    "Drinks for the party",
    "Pet owners",
    "Big monthly stock-up",
)
CATEGORIES = ("grocery", "meat", "drug", "produce", "bakery", "pets")
REGIONS = ("North", "South", "East", "West")
Floats = NDArray[np.float64]


def _declare(
    name: str, sentence: str, unit: str, type_: str = "number", feature: bool = True
) -> Any:
    return {
        "name": name,
        "sentence": sentence,
        "unit": unit,
        "type": type_,
        "family": "made up",
        "impute": "median",
        "scale": "zscore",
        "feature": feature,
    }


DECLARATIONS = [
    _declare("recency", "Days since the last order", "days"),
    _declare("frequency", "Orders", "orders"),
    _declare("monetary", "Sum of what was paid.", "currency"),
    _declare("tenure", "Days since the first event", "days"),
    _declare("mean_basket", "What was paid per order, on average.", "currency"),
    _declare("interval", "Mean days between orders", "days"),
    _declare("trend", "Revenue of the last 30 days against the 30 before", "ratio"),
    _declare("category_entropy", "Spread over categories", "bits"),
    *[_declare(f"share_{c}", f"Share of revenue in {c}", "share") for c in CATEGORIES],
    _declare("share_morning", "Share of orders in the morning", "share"),
    _declare("share_evening", "Share of orders in the evening", "share"),
    _declare("share_weekend", "Share of orders at weekends", "share"),
    _declare("discount_share", "Share of orders with a discount", "share"),
    _declare("age", "Age", "years"),
    _declare("household_size", "Household size", "people"),
    _declare("region", "Region", "", "category", feature=False),
    _declare("favourite_category", "Favourite category", "", "category", feature=False),
]


def _traits(rng: np.random.Generator, label: NDArray[np.int16]) -> dict[str, Any]:
    n, k = len(label), len(NAMES)
    pull = np.vstack([rng.normal(0, 1, (k, len(DECLARATIONS))), np.zeros(len(DECLARATIONS))])

    def wave(column: int, spread: float = 0.7) -> Floats:
        return np.asarray(pull[label, column] + rng.normal(0, spread, n))

    frequency = np.clip(np.round(np.exp(2.4 + 0.6 * wave(1))), 1, 2000)
    basket = np.exp(3.0 + 0.35 * wave(4))
    columns: dict[str, Any] = {
        "recency": np.exp(2.2 + 0.7 * wave(0)),
        "frequency": frequency.astype(np.int64),
        "monetary": frequency * basket,
        "tenure": np.clip(300 + 90 * wave(3), 1, 720),
        "mean_basket": basket,
        "interval": np.exp(2.4 + 0.5 * wave(5)),
        "trend": wave(6) * 0.4,
        "category_entropy": np.clip(1.6 + 0.3 * wave(7), 0, 3),
    }
    rest = [d["name"] for d in DECLARATIONS[8:18]]
    for column, name in enumerate(rest, 8):
        columns[name] = 1 / (1 + np.exp(1.5 - wave(column)))
    age = np.clip(44 + 12 * wave(18), 18, 95).round()
    age[rng.random(n) < 0.3] = np.nan  # not everybody has told
    columns["age"] = age
    columns["household_size"] = np.clip(2.5 + wave(19), 1, 7).round()
    columns["region"] = np.array(REGIONS, dtype=object)[(label + rng.integers(0, 2, n)) % 4]
    columns["favourite_category"] = np.array(CATEGORIES, dtype=object)[
        (label + (rng.random(n) < 0.3)) % 6
    ]
    return columns


def _places(rng: np.random.Generator, label: NDArray[np.int16]) -> NDArray[np.float32]:
    k = len(NAMES)
    turn = np.linspace(0, 2 * np.pi, k, endpoint=False)
    centre = np.c_[9 * np.cos(turn), 5.5 * np.sin(turn)] * rng.uniform(0.45, 1.1, (k, 1))
    spread = rng.normal(0, 1, (k, 2, 2)) * 0.35 + np.eye(2) * 0.9
    place = rng.normal(0, 1, (len(label), 2))
    inside = label >= 0
    place[inside] = np.einsum("ni,nij->nj", place[inside], spread[label[inside]])
    place[inside] += centre[label[inside]]
    place[~inside] *= 5
    return place.astype(np.float32)


def build(
    workspace: Workspace, engine: Engine, people: int, *, seed: int = 1, runs: int = 2
) -> int:
    """Fill an empty workspace, whose store is open; give the last cluster run's id."""
    rng = np.random.default_rng(seed)
    weight = rng.dirichlet(np.full(len(NAMES), 4.0)) * 0.93
    label = rng.choice(len(NAMES) + 1, people, p=[*weight, 1 - weight.sum()]).astype(np.int16)
    label[label == len(NAMES)] = -1
    columns = _traits(rng, label)
    ids = pa.array([f"p{number:07d}" for number in range(people)])
    file = workspace.lake / "traits" / f"synthetic-{seed}.parquet"
    _write(
        file, {"person_id": ids, **{k: pa.array(v, from_pandas=True) for k, v in columns.items()}}
    )
    with engine.begin() as conn:
        trait_run = _store_traits(conn, workspace, file, people)
        _store_summary(conn, people, columns["monetary"], columns["frequency"])
        last = 0
        for number in range(runs):
            at = AT - timedelta(days=7 * (runs - 1 - number))
            changed = label.copy()
            if number < runs - 1:  # an older run saw one person in ten elsewhere
                moved = rng.random(people) < 0.1
                changed[moved] = rng.integers(-1, len(NAMES), moved.sum())
            place = _places(np.random.default_rng(seed), label)
            last = _store_run(conn, workspace, trait_run, at, ids, place, changed, columns)
    return last


def _write(file: Path, columns: dict[str, pa.Array]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file, compression="zstd", row_group_size=262_144)


def _store_traits(conn: Connection, workspace: Workspace, file: Path, people: int) -> int:
    conn.execute(
        insert(workspace_facts).values(
            id=1, kind="simulated", source="Made-up people", currency="EUR", created_at=AT
        )
    )
    version = commit_files(
        conn, TRAITS, [describe_file(workspace, file)], why="synthetic", at=AT, replace=True
    )
    key = conn.execute(
        insert(trait_runs).values(
            at=AT,
            as_of=AT,
            dataset_version=1,
            lake_version=version,
            people=people,
            traits=DECLARATIONS,
            fingerprint="synthetic",
        )
    ).inserted_primary_key
    assert key is not None
    return int(key[0])


def _store_summary(
    conn: Connection, people: int, revenue: Floats, orders: NDArray[np.int64]
) -> None:
    first = AT - timedelta(days=59)
    conn.execute(
        insert(summaries).values(
            id=1,
            at=AT,
            as_of=AT,
            dataset_version=1,
            people=people,
            events=int(orders.sum()) * 4,
            items=500,
            orders=int(orders.sum()),
            revenue=float(revenue.sum()),
            first_event_at=first,
            last_event_at=AT,
        )
    )
    conn.execute(
        insert(daily_summaries),
        [
            {
                "summary_id": 1,
                "day": (first + timedelta(days=day)).strftime("%Y-%m-%d"),
                "events": people // 6 + day * 3,
                "people": people // 8 + day,
                "new_people": people // 200,
                "orders": people // 20 + day,
                "revenue": float(people) * 1.2 + day * 10,
            }
            for day in range(60)
        ],
    )


def _store_run(
    conn: Connection,
    workspace: Workspace,
    trait_run: int,
    at: datetime,
    ids: pa.Array,
    place: NDArray[np.float32],
    label: NDArray[np.int16],
    columns: dict[str, Any],
) -> int:
    first = conn.execute(cluster_runs.select()).first() is None
    bounds = [
        float(v)
        for v in (place[:, 0].min(), place[:, 0].max(), place[:, 1].min(), place[:, 1].max())
    ]
    quality = {
        "silhouette": {"value": 0.58, "sample": 10_000},
        "davies_bouldin": {"value": 0.62, "sample": 10_000},
        "dbcv": {"value": 0.41, "sample": 5_000},
        "noise_share": {"value": float((label < 0).mean()), "sample": len(label)},
        "trustworthiness": {"value": 0.94, "sample": 5_000},
        "stability": {"value": 0.88, "sample": 5_000},
    }
    key = conn.execute(
        insert(cluster_runs).values(
            at=at,
            as_of=at,
            trait_run_id=trait_run,
            lake_version=0,
            method="hdbscan",
            settings={"min_cluster_size": 50},
            features=[d["name"] for d in DECLARATIONS if d["feature"]],
            people=len(label),
            sampled=min(len(label), 50_000),
            quality=quality,
            bounds=bounds,
            fingerprint=f"synthetic-{at:%F}",
        )
    ).inserted_primary_key
    assert key is not None
    run = int(key[0])
    file = workspace.lake / "map" / f"{run}.parquet"
    _write(
        file,
        {
            "person_id": ids,
            "x": pa.array(place[:, 0]),
            "y": pa.array(place[:, 1]),
            "label": pa.array(label),
        },
    )
    version = commit_files(
        conn, MAP, [describe_file(workspace, file)], why="synthetic", at=at, snapshot=str(run)
    )
    conn.execute(cluster_runs.update().where(cluster_runs.c.id == run).values(lake_version=version))
    for number in range(-1, len(NAMES)):
        if first and number >= 0:
            conn.execute(insert(clusters).values(id=number + 1, colour=number, first_run_id=run))
        _store_member(conn, run, number, label == number, place, columns, first)
    conn.execute(
        insert(notes).values(
            cluster_run_id=run,
            x=bounds[0] * 0.4,
            y=bounds[3] * 0.5,
            text="Ask the Lyon store about these",
            author="Ann",
            at=at,
        )
    )
    return run


def _store_member(
    conn: Connection,
    run: int,
    number: int,
    inside: NDArray[np.bool_],
    place: NDArray[np.float32],
    columns: dict[str, Any],
    first: bool,
) -> None:
    here = place[inside] if inside.any() else np.zeros((1, 2), np.float32)
    box = [*np.quantile(here[:, 0], (0.05, 0.95)), *np.quantile(here[:, 1], (0.05, 0.95))]
    conn.execute(
        insert(cluster_members).values(
            cluster_run_id=run,
            label=number,
            cluster_id=number + 1 if number >= 0 else None,
            size=int(inside.sum()),
            share=float(inside.mean()),
            revenue=float(columns["monetary"][inside].sum()),
            name=NAMES[number] if number >= 0 else "In no cluster",
            sentence="Made up for tests." if number >= 0 else "People whom no cluster holds.",
            overlap=None if first or number < 0 else 0.83,
            box=[float(value) for value in box],
            effects=[],
        )
    )
