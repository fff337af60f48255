"""Segments: one profile against GrowthBook's evaluator; a million people, warm, cold and in bulk.

Run as ``python -m tests.benchmarks.bench_segments [--people N] [--events N] [--home DIR]``. The
made-up workspace is kept in DIR (by default below var/) and used again.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from growthbook.core import evalCondition

from data.audit import Actor
from data.engine import reader
from data.publications import Act
from data.segment_opening import open_population
from data.segment_population import Population, memberships
from data.segment_query import people_in
from data.segments import create_segment, publish_segment
from data.store import open_store
from data.workspace import workspace_at
from kindred.segments.bitmap import overlaps
from kindred.segments.context import Context
from kindred.segments.membership import belongs
from kindred.segments.parse import read_rule
from kindred.segments.profile import Happened, Profile
from kindred.segments.rules import AllRule, Rule
from pipelines import memberships as memberships_job
from pipelines.job import JobContext
from pipelines.report import ListReporter
from tests.benchmarks.segment_world import AS_OF, build

ORDER = "Order Completed"
NAMES = (ORDER, "Product Viewed", "Product Added", "Content Viewed", "Content Clicked")
CATEGORIES = tuple(f"category {n}" for n in range(1, 13))

# The trait part of a ten-leaf rule, here and in GrowthBook's condition language.
TRAIT_PART: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"trait": "income", "op": "in", "value": ["50-74K", "75-99K"]}, {"$in": ["50-74K", "75-99K"]}),
    ({"trait": "monetary", "op": "gt", "value": 100}, {"$gt": 100}),
    ({"trait": "recency", "op": "lte", "value": 60}, {"$lte": 60}),
    ({"trait": "frequency", "op": "gte", "value": 3}, {"$gte": 3}),
    ({"trait": "region", "op": "ne", "value": "region 4"}, {"$ne": "region 4"}),
    ({"trait": "rfm_group", "op": "eq", "value": "Loyal"}, {"$eq": "Loyal"}),
    ({"trait": "favourite_category", "op": "not_in", "value": ["x", "y"]}, {"$nin": ["x", "y"]}),
    ({"trait": "mean_basket", "op": "lt", "value": 80}, {"$lt": 80}),
    ({"trait": "share_evening", "op": "gte", "value": 0.1}, {"$gte": 0.1}),
    ({"trait": "discount_share", "op": "is_set"}, {"$exists": True}),
]
PROFILE = {
    "income": "50-74K",
    "monetary": 250.0,
    "recency": 12.0,
    "frequency": 7,
    "region": "region 2",
    "rfm_group": "Loyal",
    "favourite_category": "category 3",
    "mean_basket": 35.7,
    "share_evening": 0.4,
    "discount_share": 0.05,
}


def seconds(work: Callable[[], Any]) -> float:
    """Time one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def each(work: Callable[[], Any], times: int = 20_000) -> float:
    """Time one of many runs: the best of five rounds, which disturbs the least."""
    return min(seconds(lambda: [work() for _ in range(times)]) / times for _ in range(5))


def one_profile() -> dict[str, float]:
    """Compare `belongs` with GrowthBook's evaluator on the same ten leaves, all of which hold."""
    rule = read_rule(
        {"kind": "all", "rules": [{"kind": "trait", **ours} for ours, _ in TRAIT_PART]}
    )
    condition = {ours["trait"]: theirs for ours, theirs in TRAIT_PART}
    profile, context = Profile.of("me", PROFILE), Context()
    assert belongs(profile, rule, context, AS_OF)
    assert evalCondition(PROFILE, condition)
    here = each(lambda: belongs(profile, rule, context, AS_OF))
    there = each(lambda: evalCondition(PROFILE, condition), 2_000)
    events = [
        Happened(name, AS_OF - timedelta(hours=7 * i), {"revenue": 9.5})
        for i in range(40)
        for name in NAMES
    ]
    whole = read_rule({"kind": "all", "rules": TEN})
    full = Profile.of("me", PROFILE, events)
    mixed = each(lambda: belongs(full, whole, context, AS_OF))
    return {
        "belongs_us": here * 1e6,
        "growthbook_us": there * 1e6,
        "ratio": there / here,
        "belongs_with_events_us": mixed * 1e6,
    }


def count(event: str, value: int, within: str) -> dict[str, Any]:
    return {
        "kind": "event",
        "event": event,
        "aggregate": "count",
        "op": "gte",
        "value": value,
        "within": within,
    }


# Ten leaves, five of them on events; the first is the one that is edited.
TEN: list[dict[str, Any]] = [
    count(ORDER, 1, "P30D"),
    {"kind": "event", "event": ORDER, "aggregate": "sum", "property": "revenue"}
    | {"op": "gte", "value": 20, "within": "P90D"},
    count("Product Viewed", 2, "P60D"),
    count("Product Added", 1, "P90D"),
    {"kind": "event", "event": "Content Clicked", "aggregate": "did_not", "within": "P7D"},
    *({"kind": "trait", **ours} for ours, _ in TRAIT_PART[:5]),
]


def ten(edited: dict[str, Any]) -> Rule:
    return read_rule({"kind": "all", "rules": [edited, *TEN[1:]]})


def edits(population: Population) -> list[dict[str, Any]]:
    """Edit one condition of ten, of all sorts that day aggregates and columns can answer."""
    draw = random.Random(1)
    return [
        count(ORDER, draw.randint(1, 9), "P30D"),
        {"kind": "trait", "trait": "monetary", "op": "gt", "value": draw.randint(1, 900)},
        {"kind": "trait", "trait": "recency", "op": "lt", "value": draw.randint(1, 300)},
        {"kind": "trait", "trait": "region", "op": "in", "value": [f"region {draw.randint(1, 9)}"]},
        {"kind": "percentile", "trait": "monetary", "end": "top", "percent": draw.randint(1, 50)},
    ] + [
        edit
        for _ in range(25)
        for edit in (
            count(ORDER, draw.randint(1, 9), "P30D"),
            {"kind": "trait", "trait": "monetary", "op": "gt", "value": draw.randint(1, 900)},
            {"kind": "trait", "trait": "recency", "op": "lt", "value": draw.random() * 300},
            {
                "kind": "percentile",
                "trait": "monetary",
                "end": "top",
                "percent": draw.random() * 50,
            },
        )
    ]


COLD: dict[str, dict[str, Any]] = {
    "count, 14 days": count("Product Viewed", 2, "P14D"),
    "count, 30 days": count("Content Viewed", 3, "P30D"),
    "sum, 60 days": {
        "kind": "event",
        "event": ORDER,
        "aggregate": "sum",
        "property": "revenue",
        "op": "gt",
        "value": 50,
        "within": "P60D",
    },
    "count, a year": count(ORDER, 5, "P365D"),
    "views, a year": count("Product Viewed", 20, "P365D"),
    "stopped": {"kind": "stopped", "event": ORDER, "within": "P60D", "before": "P90D"},
    "first time": {"kind": "first_time", "event": ORDER, "within": "P30D"},
    "regularly": {
        "kind": "regularly",
        "event": ORDER,
        "period": "P7D",
        "periods": 12,
        "at_least": 3,
    },
    "filter, 30 days": {
        "kind": "event",
        "event": ORDER,
        "within": "P30D",
        "where": [{"property": "revenue", "op": "gt", "value": 20}],
    },
    "filter, 90 days": {
        "kind": "event",
        "event": "Product Viewed",
        "within": "P90D",
        "where": [{"property": "category", "op": "eq", "value": "category 3"}],
    },
    "products, 90 days": {
        "kind": "event",
        "event": ORDER,
        "within": "P90D",
        "where": [{"products": [{"property": "category", "op": "eq", "value": "category 3"}]}],
    },
    "filter, a year": {
        "kind": "event",
        "event": ORDER,
        "where": [{"property": "revenue", "op": "gt", "value": 20}],
    },
    "abandoned, 7 days": {
        "kind": "sequence",
        "within": "P7D",
        "steps": [{"event": "Product Added"}],
        "then_not": {"event": ORDER, "within": "P1D"},
    },
    "a trait's text": {"kind": "trait", "trait": "rfm_group", "op": "contains", "value": "k"},
    "a trait's time": {
        "kind": "trait",
        "trait": "last_order_at",
        "op": "within_last",
        "value": "P30D",
    },
}


def hundred() -> dict[str, Rule]:
    """A hundred segments of three leaves each."""
    draw = random.Random(3)
    windows = ("P7D", "P14D", "P30D", "P60D", "P90D", "P180D")

    def leaf(kind: int) -> dict[str, Any]:
        if kind == 0:
            return count(draw.choice(NAMES), draw.randint(1, 5), draw.choice(windows))
        if kind == 1:
            return TEN[1] | {"value": draw.randint(5, 300), "within": draw.choice(windows)}
        if kind == 2:
            of = {"property": "category", "op": "eq", "value": draw.choice(CATEGORIES)}
            return {
                "kind": "event",
                "event": ORDER,
                "within": "P30D",
                "where": [{"products": [of]}],
            }
        trait = draw.choice(("monetary", "recency", "tenure"))
        return {"kind": "trait", "trait": trait, "op": "gt", "value": draw.randint(1, 300)}

    return {
        f"Segment {i}": read_rule(
            {
                "kind": draw.choice(("all", "any")),
                "rules": [leaf(0), leaf(1 if i % 3 else 2), leaf(3)],
            }
        )
        for i in range(100)
    }


def job(home: Path, rules: dict[str, Rule]) -> dict[str, Any]:
    """Publish the hundred in a copy of the store, and run the job of their members twice.

    The second run is a day earlier, so that people join and leave. Files are written for real.
    """
    with tempfile.TemporaryDirectory(dir=home) as folder:
        copy = Path(folder)
        with closing(sqlite3.connect(home / "store.sqlite")) as store:
            store.execute("VACUUM INTO ?", [str(copy / "store.sqlite")])
        (copy / "lake").mkdir()
        for dataset in (home / "lake").iterdir():
            (copy / "lake" / dataset.name).symlink_to(dataset.resolve())
        workspace = workspace_at(copy, f"sqlite:///{copy / 'store.sqlite'}")
        engine = open_store(workspace)
        actor = Actor("bench")
        with engine.begin() as conn:
            for name, rule in rules.items():
                made = create_segment(conn, name, rule, actor=actor, at=AS_OF)
                act = Act(actor, AS_OF, "bench")
                publish_segment(conn, made.key, act, revision=made.revision, ask=False)

        def run(as_of: datetime) -> int:
            context = JobContext(workspace, engine, AS_OF, as_of, ListReporter())
            return memberships_job.run(context, {}).rows

        first, rows = _timed(lambda: run(AS_OF - timedelta(days=1)))
        second, _ = _timed(lambda: run(AS_OF))
        files = sum(path.stat().st_size for path in (copy / "lake/memberships").rglob("*.parquet"))
        engine.dispose()
    return {"job_s": first, "job_again_s": second, "members": rows, "members_mb": files / 1e6}


def _timed(work: Callable[[], int]) -> tuple[float, int]:
    started = time.perf_counter()
    rows = work()
    return time.perf_counter() - started, rows


def measured(home: Path, people: int, events: int) -> dict[str, Any]:
    """Take all figures that need the million."""
    workspace, engine = build(home, people, events)

    def opened() -> Population:
        with reader(engine).connect() as conn:
            return open_population(workspace, conn)

    found: dict[str, Any] = {"open_s": seconds(opened)}
    population = opened()
    base = ten(TEN[0])
    found["ten_cold_s"] = seconds(lambda: population.members(base))
    warm = [seconds(lambda e=e: len(population.members(ten(e)))) for e in edits(population)]  # type: ignore[misc]
    found["warm_p50_ms"] = statistics.median(warm) * 1e3
    found["warm_p95_ms"] = statistics.quantiles(warm, n=20)[-1] * 1e3
    whole = people_in(base, population.tables, population.context, AS_OF).count()
    raw = min(seconds(lambda: population.backend.execute(whole)) for _ in range(3))
    assert int(population.backend.execute(whole)) == len(population.members(base))
    found["whole_rule_raw_s"] = raw
    found["ratio"] = raw / statistics.quantiles(warm, n=20)[-1]
    fresh = opened()
    fresh.members(base)
    found["cold_ms"] = {
        name: round(seconds(lambda r=rule: fresh.members(ten(r))) * 1e3)  # type: ignore[misc]
        for name, rule in COLD.items()
    }
    bulk = opened()
    rules = hundred()
    sets: dict[str, Any] = {}
    found["memberships_s"] = seconds(lambda: sets.update(memberships(rules, bulk)))
    found["overlaps_s"] = seconds(lambda: overlaps(list(sets.values())))
    found |= job(home, rules)
    found["peak_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    assert any(isinstance(rule, AllRule) for rule in rules.values())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=50_000_000)
    parser.add_argument("--home", type=Path, default=Path("var/bench-segments"))
    given = parser.parse_args()
    given.home.mkdir(parents=True, exist_ok=True)
    found = {**one_profile_named(), **measured(given.home, given.people, given.events)}
    for name, value in found.items():
        print(f"{name:>24} {value if isinstance(value, dict) else round(value, 3)}")
    print(json.dumps({"bench": "segments", "people": given.people, **found}))


def one_profile_named() -> dict[str, Any]:
    return {f"profile_{name}": value for name, value in one_profile().items()}


if __name__ == "__main__":
    main()
