"""The job ``traits``: compute every person's traits as of the run's clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from data import traits
from data.engine import reader
from data.lake import TRAITS, dataset_version, describe_file, open_duckdb, read_events, stream
from data.trait_table import PERSON, trait_table
from kindred.errors import UserError
from pipelines.job import JobContext, JobResult, Step

MEMORY = "6GB"
ROWS = 65_536


def run(context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Write the traits snapshot, unless the live one stands on the same inputs.

    The parameter ``as_of``, an ISO time (in UTC where it has no zone), takes the place of the
    workspace's clock.
    """
    as_of = _as_of(context, params)
    with reader(context.engine).connect() as conn:
        version = dataset_version(conn)
        latest = traits.latest_run(conn)
        fingerprint = traits.fingerprint(version, as_of)
        if latest is not None and latest.fingerprint == fingerprint:
            return JobResult(fresh=True, detail={"people": latest.people})
        backend = open_duckdb(memory_limit=MEMORY)
        events = read_events(backend, context.workspace, conn)
    if version == 0:
        raise UserError(
            "There are no events yet.", "Import some: python -m pipelines import completejourney"
        )
    with context.report.step("Summing what each person did") as step:
        made = trait_table(backend, events, as_of, step.progress)
        step.progress(1.0, f"{len(made.traits)} traits")
    target = context.workspace.lake / TRAITS / f"{uuid.uuid4().hex[:12]}.parquet"
    with context.report.step("Computing traits") as step:
        rows = write_snapshot(backend, made.table, target, step)
    with context.engine.begin() as conn:
        traits.save_run(
            conn,
            describe_file(context.workspace, target),
            made.traits,
            run_id=context.run_id,
            at=context.now,
            as_of=as_of,
            dataset_version=version,
            fingerprint=fingerprint,
        )
    return JobResult(rows=rows, detail={"people": rows, "traits": len(made.traits)})


def _as_of(context: JobContext, params: Mapping[str, Any]) -> datetime:
    given = params.get("as_of")
    if given is None:
        return context.as_of
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        raise UserError(
            f"{given!r} is no time.", "Write it like 2018-01-02 or 2018-01-02T08:00:00Z.", "as_of"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def write_snapshot(backend: Backend, table: ibis.Table, target: Path, step: Step) -> int:
    """Write the snapshot sorted by person; what was not finished is not left behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    rows = 0
    try:
        batches = stream(backend, table.order_by(PERSON), ROWS)
        with pq.ParquetWriter(unfinished, batches.schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                step.progress(0.9, f"{rows:,} people")
        step.rows(rows)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows
