"""The job ``import``: bring a source's events and catalogue into the lake, once."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from data.engine import reader
from data.imports import Ingested, commit_import, known_import
from data.ingest import files_below, live_by_day, write_events
from data.lake import CATALOGUE, commit_files, describe_file, open_duckdb
from data.workspace import declare_workspace
from kindred.errors import UserError
from kindred.events import CATALOGUE_SCHEMA
from pipelines.job import JobContext, JobResult
from pipelines.sources import completejourney

MEMORY = "4GB"
STALE = 24 * 3600  # seconds after which a staging folder belongs to an import that was killed


def run(context: JobContext, params: Mapping[str, Any]) -> JobResult:
    """Import ``{"source": "completejourney"}`` or ``{"source": "events", "path": DIR}``."""
    _sweep(context)
    if params["source"] == "completejourney":
        return _import_completejourney(context)
    if params["source"] == "events":
        return _import_folder(context, Path(params["path"]))
    raise UserError(
        f"There is no source called {params['source']!r}.", "Choose completejourney or events."
    )


def _sweep(context: JobContext) -> None:
    """Remove what imports that were killed left in staging; nothing ever reads it."""
    for folder in (context.workspace.lake / "staging").glob("*"):
        if context.now.timestamp() - folder.stat().st_mtime > STALE:
            shutil.rmtree(folder, ignore_errors=True)


def _import_completejourney(context: JobContext) -> JobResult:
    fingerprint = completejourney.fingerprint()
    if _known(context, fingerprint):
        return JobResult(fresh=True)
    backend = open_duckdb(memory_limit=MEMORY)
    holding = context.workspace.lake / "staging" / f"source-{uuid.uuid4().hex[:12]}"
    holding.mkdir(parents=True)
    try:
        with context.report.step("Reading the Complete Journey") as step:
            paths = []
            for number, table in enumerate(completejourney.events(backend)):
                step.progress(number / 4)
                paths.append(holding / f"{number}.parquet")
                table.to_parquet(str(paths[-1]), compression="snappy")
        items = holding / "catalogue.parquet"
        completejourney.catalogue(backend).to_parquet(str(items), compression="zstd")
        world = {
            "kind": "real",
            "source": completejourney.SOURCE,
            "currency": completejourney.CURRENCY,
            "clock_fixed_at": completejourney.CLOCK.isoformat(),
        }
        return _take_in(context, paths, items, world, fingerprint)
    finally:
        shutil.rmtree(holding, ignore_errors=True)


def _import_folder(context: JobContext, folder: Path) -> JobResult:
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.", "Check the path.")
    events = folder / "events" if (folder / "events").is_dir() else folder
    paths = [path for path in files_below(events) if path.name not in _NOT_EVENTS]
    if not paths:
        raise UserError(
            f"{folder} holds no Parquet file of events.",
            "Give a folder as `simulate --out` writes it, or one with Parquet files in it.",
        )
    with context.report.step("Looking at the files") as step:
        fingerprint = _fingerprint(paths)
        step.rows(len(paths))
    if _known(context, fingerprint):
        return JobResult(fresh=True)
    items = folder / "catalogue.parquet"
    world = _world(folder)
    return _take_in(context, paths, items if items.is_file() else None, world, fingerprint)


_NOT_EVENTS = {"catalogue.parquet", "truth.parquet"}


def _take_in(
    context: JobContext,
    paths: list[Path],
    items: Path | None,
    world: Mapping[str, Any],
    fingerprint: str,
) -> JobResult:
    fixed = world.get("clock_fixed_at")
    with context.engine.begin() as conn:
        _declare(conn, context, world, datetime.fromisoformat(fixed) if fixed else None)
    with reader(context.engine).connect() as conn:
        live = live_by_day(conn)
    backend = open_duckdb(memory_limit=MEMORY)
    with context.report.step("Writing events by day") as step:
        done = write_events(
            context.workspace, backend, paths, live, now=context.now, progress=step.progress
        )
        step.rows(done.events_added)
    if not done.files and not done.duplicates:
        _refuse(done)
    with context.report.step("Writing the catalogue") as step:
        catalogue = _write_catalogue(context, items) if items else None
        step.rows(catalogue.rows if catalogue else 0)
    with context.engine.begin() as conn:
        if catalogue:
            commit_files(conn, CATALOGUE, [catalogue], why="import", at=context.now, replace=True)
        commit_import(
            conn, done, source=str(world["source"]), fingerprint=fingerprint, at=context.now
        )
    return JobResult(rows=done.events_added, detail=_detail(done))


def _declare(
    conn: Connection, context: JobContext, world: Mapping[str, Any], fixed: datetime | None
) -> None:
    declare_workspace(
        conn,
        kind=world["kind"],
        source=str(world["source"])[:200],
        currency=world.get("currency"),
        clock_fixed_at=fixed,
        at=context.now,
    )


def _refuse(done: Ingested) -> None:
    """Say why nothing at all went in."""
    why = "; ".join(f"{reason} ({count:,})" for reason, count in list(done.reasons.items())[:3])
    raise UserError(
        f"Not one event could be imported: {why or 'the files are empty'}.",
        "docs/reference/events.md shows what canonical events look like.",
    )


def _write_catalogue(context: JobContext, items: Path) -> Any:
    backend = open_duckdb()
    table = backend.read_parquet(str(items))
    if "item_id" not in table.columns:
        raise UserError(
            "The catalogue has no column item_id.",
            f"It needs item_id; it may have {', '.join(CATALOGUE_SCHEMA.names[1:])}.",
            items.name,
        )
    target = context.workspace.lake / CATALOGUE / f"{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(str(target), compression="zstd")
    return describe_file(context.workspace, target)


def _world(folder: Path) -> dict[str, Any]:
    """Read what the folder says of itself; plain files are real and run on the live clock."""
    path = folder / "world.json"
    if not path.is_file():
        return {"kind": "real", "source": folder.name, "clock_fixed_at": None}
    try:
        world: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"world.json can't be read: {error}.", "Mend or remove it.") from error
    if world.get("kind") not in {"real", "simulated"} or not world.get("source"):
        raise UserError(
            "world.json lacks kind or source.", 'Say "kind": "real" or "simulated", and "source".'
        )
    return world


def _fingerprint(paths: list[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _known(context: JobContext, fingerprint: str) -> bool:
    with reader(context.engine).connect() as conn:
        return known_import(conn, fingerprint)


def _detail(done: Ingested) -> dict[str, Any]:
    return {
        "rows_read": done.rows_read,
        "events_added": done.events_added,
        "duplicates": done.duplicates,
        "rejected": done.rejected,
        "reasons": done.reasons,
        "ignored_columns": sorted(done.ignored_columns),
    }
