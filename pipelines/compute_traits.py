"""The job ``traits``: compute every person's traits as of the run's clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from data import traits
from data.engine import reader
from data.lake import TRAITS, dataset_version, describe_file, open_duckdb, read_events, stream
from kindred.errors import UserError
from pipelines.job import JobContext, JobResult

MEMORY = "6GB"
ROWS = 65_536


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Write the traits snapshot, unless the live one stands on the same inputs."""
    with reader(context.engine).connect() as conn:
        version = dataset_version(conn)
        latest = traits.latest_run(conn)
        backend = open_duckdb(memory_limit=MEMORY)
        events = read_events(backend, context.workspace, conn)
    if version == 0:
        raise UserError(
            "There are no events yet.", "Import some: python -m pipelines import completejourney"
        )
    fingerprint = traits.fingerprint(version, context.as_of)
    if latest is not None and latest.fingerprint == fingerprint:
        return JobResult(fresh=True, detail={"people": latest.people})
    with context.report.step("Summing orders by category") as step:
        made = traits.trait_table(backend, events, context.as_of)
        step.progress(1.0, f"{len(made.traits)} traits")
    target = context.workspace.lake / TRAITS / f"{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    with context.report.step("Computing traits") as step:
        rows = 0
        batches = stream(backend, made.table.order_by(traits.PERSON), ROWS)
        with pq.ParquetWriter(target, batches.schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
                rows += batch.num_rows
                step.progress(0.9, f"{rows:,} people")
        step.rows(rows)
    with context.engine.begin() as conn:
        traits.save_run(
            conn,
            describe_file(context.workspace, target),
            made.traits,
            run_id=context.run_id,
            at=context.now,
            as_of=context.as_of,
            dataset_version=version,
            fingerprint=fingerprint,
        )
    return JobResult(rows=rows, detail={"people": rows, "traits": len(made.traits)})
