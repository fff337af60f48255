"""The trait job on 50 million order lines, against the same traits in hand-written DuckDB SQL.

Run as ``python -m tests.benchmarks.bench_traits [--orders N] [--people N] [--runs N]
[--home DIR]``. The world is generated once into DIR (else a temporary folder, removed after); the
two sides take turns, each in a process of its own, and their results are compared. On a shared
machine the ratio of processor time is the steadier figure.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data.lake import EVENTS, TRAITS, commit_files, describe_file
from data.store import open_store
from data.traits import declarations, latest_run
from data.workspace import Workspace, workspace_at
from kindred.events import EVENT_SCHEMA
from pipelines import compute_traits
from pipelines.job import JobContext
from pipelines.report import ListReporter
from tests.benchmarks.traits_by_hand import query

DAYS = 365
LINES = 5
FIRST = date(2025, 1, 1)
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
CATEGORIES = [f"Category {place:02d}" for place in range(20)]
WORLD = """
WITH numbers AS (
    SELECT i, 'p' || lpad((pow((hash(i, 3) % 1000003) / 1000003, 1.6) * $people)::BIGINT::VARCHAR,
        7, '0') AS person,
        list_transform(range(5), lambda k: (hash(i, k, 4) % 1000003) / 1000003) AS u
    FROM range($first, $last) AS numbers (i)
), products AS (
    SELECT *, list_transform(range(1, 6), lambda k: struct_pack(
        product_id := 'sku-' || (u[k] * u[k] * 50000)::INT,
        category := 'Category ' || lpad((CASE WHEN u[k] < 0.5 THEN hash(person) % 20
            ELSE (u[k] * 40)::INT % 20 END)::VARCHAR, 2, '0'),
        brand := 'brand-' || (u[k] * 300)::INT,
        quantity := 1.0::DOUBLE,
        price := round(2 + 60 * pow((hash(i, k, 5) % 10007) / 10007, 3), 2)::DOUBLE,
        revenue := round(2 + 60 * pow((hash(i, k, 5) % 10007) / 10007, 3), 2)::DOUBLE,
        discount := CASE WHEN u[k] > 0.8 THEN 0.5 ELSE 0 END::DOUBLE)) AS products
    FROM numbers
)
SELECT 'o-' || i AS messageId, 'track' AS type, person AS userId,
    make_timestamptz($midnight + (hash(i, 1) % 86400000)::BIGINT * 1000) AS timestamp,
    'Order Completed' AS event,
    struct_pack(order_id := 'o-' || i,
        revenue := list_sum(list_transform(products, lambda p: p.revenue)),
        discount := list_sum(list_transform(products, lambda p: p.discount)),
        currency := 'EUR', products := products) AS properties,
    struct_pack(device := ['mobile', 'desktop', 'tablet'][(hash(i, 2) % 3 + 1)::BIGINT],
        region := 'region-' || hash(person) % 16) AS context
FROM products ORDER BY userId, timestamp
"""


def build(workspace: Workspace, orders: int, people: int) -> None:
    """Write a year of orders as the importer would: a file a day, sorted by person."""
    engine = open_store(workspace)
    con = duckdb.connect(config={"preserve_insertion_order": "false"})
    con.execute("SET TimeZone = 'UTC'")
    files = []
    for day in (FIRST + timedelta(days=n) for n in range(DAYS)):
        start = orders * (day - FIRST).days // DAYS
        end = orders * ((day - FIRST).days + 1) // DAYS
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        given = {"first": start, "last": end, "people": people}
        given["midnight"] = int(midnight.timestamp() * 1e6)
        found = con.sql(WORLD, params=given).to_arrow_table()
        path = workspace.lake / EVENTS / f"day={day}" / "bench-0.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(_canonical(found), path, compression="zstd")
        files.append(describe_file(workspace, path, str(day)))
    with engine.begin() as conn:
        commit_files(conn, EVENTS, files, why="benchmark", at=AS_OF)
    engine.dispose()


def _canonical(table: pa.Table) -> pa.Table:
    columns = [
        _as(table.column(field.name).combine_chunks(), field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in EVENT_SCHEMA
    ]
    return pa.table(columns, schema=EVENT_SCHEMA)


def _as(values: Any, wanted: pa.DataType) -> Any:
    if not pa.types.is_struct(wanted):
        return values.cast(wanted) if not pa.types.is_list(wanted) else _list_as(values, wanted)
    have = {field.name for field in values.type}
    members = [
        _as(values.field(field.name), field.type)
        if field.name in have
        else pa.nulls(len(values), field.type)
        for field in wanted
    ]
    return pa.StructArray.from_arrays(members, fields=list(wanted))


def _list_as(values: Any, wanted: pa.DataType) -> Any:
    return pa.ListArray.from_arrays(values.offsets, _as(values.values, wanted.value_type))


def job(workspace: Workspace) -> None:
    """Run the trait job; each one's clock differs by a microsecond, so that none is fresh."""
    engine = open_store(workspace)
    as_of = AS_OF + timedelta(microseconds=len(list((workspace.lake / TRAITS).glob("*.parquet"))))
    compute_traits.run(JobContext(workspace, engine, AS_OF, as_of, ListReporter()), {})


def by_hand(workspace: Workspace, target: Path) -> None:
    """Run the hand-written SQL over the same files."""
    con = duckdb.connect(config={"memory_limit": compute_traits.MEMORY})
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")
    sql = query(str(workspace.lake / EVENTS / "*/*.parquet"), AS_OF.isoformat(), _top(workspace))
    con.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _top(workspace: Workspace) -> list[str]:
    """Read the categories that the job found, in the order of its columns."""
    engine = open_store(workspace)
    with engine.connect() as conn:
        latest = latest_run(conn)
    declared = declarations(latest) if latest else []
    names = [trait.sentence for trait in declared if trait.name.startswith("share_category")]
    return [name.removeprefix("Share of spending on ").rstrip(".") for name in names]


def compare(workspace: Workspace, by_hand_file: Path) -> int:
    """Count the values in which both sides differ by more than rounding."""
    ours = max((workspace.lake / TRAITS).glob("*.parquet"), key=lambda path: path.stat().st_mtime)
    con = duckdb.connect()
    theirs = {row[0] for row in con.execute(f"DESCRIBE FROM '{by_hand_file}'").fetchall()}
    kinds = con.execute(f"DESCRIBE FROM '{ours}'").fetchall()
    shares = [row[0] for row in kinds if row[0].startswith("share_category")]
    wrong = 0
    for name, kind, *_ in kinds:
        other = f"share_{shares.index(name)}" if name in shares else name
        if other not in theirs:
            raise LookupError(f"the hand-written SQL lacks {name}")
        near = (
            f"abs(a.{name} - b.{other}) <= 1e-6 * greatest(1, abs(a.{name}))"
            if kind == "DOUBLE"
            else f"a.{name} = b.{other}"
        )
        same = f"(a.{name} IS NULL AND b.{other} IS NULL) OR ({near})"
        found = con.execute(
            f"SELECT count(*) FROM '{ours}' a FULL JOIN '{by_hand_file}' b USING (person_id) "
            f"WHERE NOT coalesce({same}, false)"
        ).fetchone()
        assert found is not None
        if found[0]:
            print(f"  {name}: {found[0]:,} differ")
        wrong += int(found[0])
    return wrong


def measure(side: str, home: Path) -> Mapping[str, float]:
    """Run one side in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_traits", "--side", side]
    command += ["--home", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one_side(side: str, workspace: Workspace) -> None:
    """Run one side here and print what it took."""
    started = time.perf_counter()
    if side == "job":
        job(workspace)
    else:
        by_hand(workspace, workspace.home / "by_hand.parquet")
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "wall": time.perf_counter() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "gib": used.ru_maxrss / 2**20,
    }
    print(json.dumps(figures))


def main() -> None:
    """Generate, take turns, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--side", choices=["job", "hand"])
    given = parser.parse_args()
    if given.side:
        one_side(given.side, workspace_at(given.home))
        return
    with tempfile.TemporaryDirectory(prefix="kindred-traits-") as folder:
        home = given.home or Path(folder)
        workspace = workspace_at(home)
        if not (workspace.lake / EVENTS).is_dir():
            build(workspace, given.orders, given.people)
        report(workspace, given.orders, given.runs)


def report(workspace: Workspace, orders: int, runs: int) -> None:
    """Take turns and print the table."""
    sides: dict[str, list[Mapping[str, float]]] = {"job": [], "hand": []}
    for _ in range(runs):
        for side, figures in sides.items():
            figures.append(measure(side, workspace.home))
            print(side, {name: round(value, 2) for name, value in figures[-1].items()}, flush=True)
    differing = compare(workspace, workspace.home / "by_hand.parquet")
    middle = {
        (side, name): statistics.median(run[name] for run in figures)
        for side, figures in sides.items()
        for name in ("wall", "cpu", "gib")
    }
    print(f"\n{orders * LINES:,} order lines, {runs} runs each, medians; {differing} values differ")
    print("| | seconds | processor seconds | peak GiB |\n|---|---|---|---|")
    for side, label in (("job", "trait job"), ("hand", "SQL by hand")):
        wall, cpu, gib = (middle[side, name] for name in ("wall", "cpu", "gib"))
        print(f"| {label} | {wall:.1f} | {cpu:.1f} | {gib:.2f} |")
    ratios = {n: middle["job", n] / middle["hand", n] for n in ("wall", "cpu")}
    print(f"| ratio | {ratios['wall']:.2f} | {ratios['cpu']:.2f} | |")
    line = {f"{side}_{name}": value for (side, name), value in middle.items()}
    print(json.dumps({"bench": "traits", "lines": orders * LINES, **line, "ratio": ratios}))


if __name__ == "__main__":
    main()
