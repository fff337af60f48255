"""Distil: hidden rules of up to five conditions, and micro-segments, found again among a million.

Run as ``python -m tests.benchmarks.bench_distil [--people N] [--home DIR]``. The simulated world
is kept in DIR (by default below var/) and used again.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.audit import Actor
from data.engine import reader
from data.segment_distil import Distilled, distil_people, people_of
from data.segment_opening import open_population
from data.segment_population import Population
from data.store import open_store
from data.workspace import Workspace, workspace_at
from kindred.segments.bitmap import Bitmap
from kindred.segments.parse import read_rule
from kindred.segments.walk import leaves
from kindred.simulation.population import World
from pipelines.execute import run_now
from pipelines.simulate import write_world

DAYS: Final = 180
NOISE: Final = 0.05  # of the picked, swapped for others: a lasso is never exact


def trait(name: str, op: str, value: Any) -> dict[str, Any]:
    return {"kind": "trait", "trait": name, "op": op, "value": value}


def every(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "all", "rules": list(rules)}


HIDDEN: Final[dict[str, dict[str, Any]]] = {
    "2 conditions": every(
        trait("mean_hour", "between", [9.5, 14.25]),
        trait("favourite_category", "in", ["books", "hobby"]),
    ),
    "3 conditions": every(
        trait("recency", "lte", 60), trait("device", "eq", "mobile"), trait("visits", "gte", 4)
    ),
    "4 conditions": every(
        trait("recency", "lte", 90),
        trait("device", "eq", "mobile"),
        trait("income", "in", ["high", "middle"]),
        trait("product_views", "gte", 2),
    ),
    "5 conditions": every(
        trait("product_views", "between", [2, 12]),
        trait("device", "eq", "mobile"),
        trait("region", "in", ["east", "south"]),
        trait("tenure", "gte", 60),
        trait("cart_adds", "gte", 1),
    ),
    "3 with a window": every(
        trait("last_seen_at", "within_last", "P20D"),
        trait("device", "eq", "mobile"),
        trait("cart_adds", "gte", 1),
    ),
    "2 or 3": {
        "kind": "any",
        "rules": [
            every(trait("favourite_category", "eq", "wine"), trait("mean_hour", "gte", 15)),
            every(
                trait("favourite_category", "eq", "garden"),
                trait("mean_hour", "lte", 11),
                trait("device", "eq", "desktop"),
            ),
        ],
    },
}


def build(home: Path, people: int) -> tuple[Workspace, Engine]:
    """Simulate, import and compute traits, or open what was made before."""
    workspace = workspace_at(home / "workspace", f"sqlite:///{home / 'workspace/store.sqlite'}")
    engine = open_store(workspace)
    if not (home / "built").exists():
        world = World(people, DAYS, 1, events_per_person=10.0)
        write_world(world, home / "world", until=None, progress=lambda _share, _text: None)
        params = {"source": "events", "path": str((home / "world").resolve())}
        for job, given in (("import", params), ("traits", {})):
            run_now(workspace, engine, job, given, actor=Actor("bench"))
        (home / "built").touch()
    return workspace, engine


def picked(population: Population, given: dict[str, Any], noise: float) -> Bitmap:
    """Pick those whom a hidden rule catches, some of them wrongly."""
    draw = np.random.default_rng(3)
    held = population.members(read_rule(given)).held().copy()
    count = int(held.sum())
    wrong = int(noise * count)
    if wrong:
        out = draw.choice(np.flatnonzero(held), wrong, replace=False)
        into = draw.choice(np.flatnonzero(~held), wrong, replace=False)
        held[out], held[into] = False, True
    return Bitmap.where(held)


def timed(population: Population, chosen: Bitmap) -> tuple[Distilled, float, float]:
    """Distil; gives seconds by the clock and of processor time, which other work disturbs less."""
    started, used = time.perf_counter(), time.process_time()
    found = distil_people(population, chosen)
    return found, time.perf_counter() - started, time.process_time() - used


def told(found: Distilled, seconds: float, processor: float) -> dict[str, Any]:
    last = found.steps[-1]
    return {
        "picked": found.picked,
        "seconds": round(seconds, 2),
        "processor_s": round(processor, 2),
        "conditions": last.conditions,
        "checked_f1": round(last.checked.f1, 3),
        "f1": round(last.whole.f1, 3),
        "sentence": last.sentence,
    }


def micro_segments(population: Population, home: Path) -> dict[str, Any]:
    """Distil each true micro-segment, whose people behave alike but overlap with all others."""
    truth = pq.read_table(home / "world" / "truth.parquet")
    found = {}
    for name in sorted(set(truth.column("micro_segment").to_pylist())):
        own = truth.filter(pc.equal(truth.column("micro_segment"), name))
        chosen = people_of(population, own.column("person_id").combine_chunks())
        found[name] = told(*timed(population, chosen))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_300_000)  # three in four visit
    parser.add_argument("--home", type=Path, default=Path("var/bench-distil"))
    parser.add_argument("--hidden-only", action="store_true", help="leave out micro-segments")
    given = parser.parse_args()
    given.home.mkdir(parents=True, exist_ok=True)
    workspace, engine = build(given.home, given.people)
    with reader(engine).connect() as conn:
        population = open_population(workspace, conn)
    timed(population, picked(population, HIDDEN["2 conditions"], 0.0))  # loads the libraries
    rows: dict[str, Any] = {}
    for name, rule in HIDDEN.items():
        conditions = len(list(leaves(read_rule(rule))))
        for noise in (0.0, NOISE):
            rows[f"{name}, {noise:.0%} wrong"] = {
                "true_conditions": conditions,
                **told(*timed(population, picked(population, rule, noise))),
            }
    for name, row in rows.items():
        print(f"{name:>24} {row}")
    alike = {} if given.hidden_only else micro_segments(population, given.home)
    for name, row in alike.items():
        print(f"{name:>24} {row}")
    seconds = [row["seconds"] for row in (*rows.values(), *alike.values())]
    whole = {
        "bench": "distil",
        "people": population.size,
        "hidden": rows,
        "micro_segments": alike,
        "median_s": statistics.median(seconds),
        "median_processor_s": statistics.median(row["processor_s"] for row in rows.values()),
        "slowest_s": max(seconds),
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }
    print(json.dumps(whole))


if __name__ == "__main__":
    main()
