"""A large made-up workspace for benchmarks of segments: events, traits and day aggregates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Engine

from data.lake import EVENTS, TRAITS, LakeFile, commit_files, describe_file, open_duckdb
from data.store import open_store
from data.traits import save_run
from data.workspace import Workspace, declare_workspace, workspace_at
from kindred.events import CONTEXT, EVENT_SCHEMA, PROPERTIES
from kindred.traits.trait import Trait, TraitType
from pipelines import aggregate_days
from pipelines.job import JobContext
from pipelines.report import ConsoleReporter

AS_OF: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAYS: Final = 365

# Of a hundred events: looked at, put into a cart, bought, seen, clicked, campaigns, pages.
_NAMES: Final = """CASE WHEN u < 0.35 THEN 'Product Viewed' WHEN u < 0.47 THEN 'Product Added'
    WHEN u < 0.57 THEN 'Order Completed' WHEN u < 0.77 THEN 'Content Viewed'
    WHEN u < 0.82 THEN 'Content Clicked' WHEN u < 0.85 THEN 'Coupon Applied'
    WHEN u < 0.90 THEN 'Campaign Received' ELSE 'Page Viewed' END"""
_CATEGORY: Final = "'category ' || (1 + floor(12 * pow(u2, 2)))::INT"
_PROPERTIES: Final = {
    "revenue": "CASE WHEN event = 'Order Completed' THEN round(5 + 95 * u2 * u2, 2) END",
    "products": f"""CASE WHEN event = 'Order Completed' THEN [
        {{'product_id': 'i' || (p % 5000), 'name': NULL, 'category': {_CATEGORY}, 'brand': NULL,
          'quantity': 1.0, 'price': 9.5, 'revenue': 9.5, 'discount': 0.0}},
        {{'product_id': 'i' || (p % 977), 'name': NULL, 'category': 'category 1', 'brand': NULL,
          'quantity': 2.0, 'price': 2.5, 'revenue': 5.0, 'discount': 0.0}}] END""",
    "product_id": "CASE WHEN event LIKE 'Product%' THEN 'i' || (p % 5000) END",
    "category": f"CASE WHEN event LIKE 'Product%' THEN {_CATEGORY} END",
    "content_id": "CASE WHEN event LIKE 'Content%' THEN 'c' || (p % 300) END",
    "position": "CASE WHEN event LIKE 'Content%' THEN (p % 10)::INT END",
}

TRAITS_SQL: Final = {
    "recency": (TraitType.NUMBER, "400 * random()"),
    "frequency": (TraitType.INTEGER, "floor(30 * pow(random(), 3))::BIGINT"),
    "monetary": (TraitType.NUMBER, "round(900 * pow(random(), 3), 2)"),
    "tenure": (TraitType.NUMBER, "365 * random()"),
    "mean_basket": (TraitType.NUMBER, "CASE WHEN random() < 0.9 THEN 5 + 60 * random() END"),
    "discount_share": (TraitType.NUMBER, "CASE WHEN random() < 0.9 THEN random() / 3 END"),
    "share_evening": (TraitType.NUMBER, "random()"),
    "favourite_category": (TraitType.CATEGORY, "'category ' || (1 + floor(12 * random()))::INT"),
    "income": (TraitType.CATEGORY, "['25-34K', '50-74K', '75-99K', '100K+'][1 + i % 4]"),
    "region": (TraitType.CATEGORY, "'region ' || (i % 16)"),
    "rfm_group": (TraitType.CATEGORY, "['Champions', 'Loyal', 'At risk', 'New'][1 + i % 4]"),
    "last_order_at": (
        TraitType.TIME,
        "TIMESTAMPTZ '2026-01-01 00:00:00+00' - (i % 400) * INTERVAL 1 DAY",
    ),
}


def build(home: Path, people: int, events: int) -> tuple[Workspace, Engine]:
    """Make the workspace in `home`, or open it where it was made before."""
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    if (home / "built").exists():
        return workspace, engine
    files = _events(workspace, people, events)
    traits, declared = _traits(workspace, people)
    now = datetime.now(UTC)
    with engine.begin() as conn:
        declare_workspace(
            conn, kind="simulated", source="benchmark", currency="EUR", clock_fixed_at=AS_OF, at=now
        )
        commit_files(conn, EVENTS, files, why="benchmark", at=now)
        save_run(
            conn,
            traits,
            declared,
            run_id=None,
            at=now,
            as_of=AS_OF,
            dataset_version=1,
            fingerprint="benchmark",
        )
    context = JobContext(workspace, engine, now, AS_OF, ConsoleReporter())
    print(aggregate_days.run(context, {}))
    (home / "built").touch()
    return workspace, engine


def _struct(kind: pa.StructType, given: dict[str, str]) -> str:
    parts = [f"'{field.name}': {given.get(field.name, 'NULL')}" for field in kind]
    return f"{{{', '.join(parts)}}}"


def _events(workspace: Workspace, people: int, events: int) -> list[LakeFile]:
    con: Any = open_duckdb(memory_limit="2GB").con
    con.register("shape", EVENT_SCHEMA.empty_table())
    con.execute("CREATE TABLE day AS SELECT * FROM shape")
    files = []
    for n in range(DAYS):
        day = AS_OF - timedelta(days=DAYS - n)
        path = workspace.lake / EVENTS / f"day={day:%Y-%m-%d}" / "bench.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        con.execute("TRUNCATE day")
        con.execute(
            f"""INSERT INTO day
            SELECT p || '-{n}-' || i, 'track', 'u' || lpad(p::VARCHAR, 8, '0'), NULL, moment,
                   moment, event,
                   {_struct(PROPERTIES, _PROPERTIES)}, NULL,
                   {_struct(CONTEXT, {"device": "'phone'", "region": "'region ' || (p % 16)"})}
            FROM (SELECT *, {_NAMES} AS event FROM (
                SELECT i, floor({people} * pow(random(), 1.5))::INT AS p, random() AS u,
                       random() AS u2, ?::TIMESTAMPTZ + random() * INTERVAL 86399 SECOND AS moment
                FROM range({events // DAYS}) t(i))) ORDER BY p, moment""",
            [day],
        )
        con.execute(f"COPY (SELECT * FROM day) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
        files.append(describe_file(workspace, path, f"{day:%Y-%m-%d}"))
    return files


def _traits(workspace: Workspace, people: int) -> tuple[LakeFile, list[Trait]]:
    con: Any = open_duckdb(memory_limit="2GB").con
    path = workspace.lake / TRAITS / "bench.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(f"{sql} AS {name}" for name, (_, sql) in TRAITS_SQL.items())
    con.execute("SET preserve_insertion_order = true")
    con.execute(
        f"COPY (SELECT 'u' || lpad(i::VARCHAR, 8, '0') AS person_id, {columns} "
        f"FROM range({people}) t(i) ORDER BY i) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    declared = [
        Trait(name, f"{name}.", "", kind, "about") for name, (kind, _) in TRAITS_SQL.items()
    ]
    return describe_file(workspace, path), declared
