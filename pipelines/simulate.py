"""Write a simulated world as canonical events, a day at a time, in bounded memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kindred.errors import UserError
from kindred.experiments.assignment import buckets
from kindred.simulation.columns import ARMS, CURRENCY, EXPERIMENT, anonymous_ids, user_ids
from kindred.simulation.days import LIFT, day_events, mean_season
from kindred.simulation.population import (
    NEVER,
    Catalogue,
    People,
    World,
    catalogue_table,
    draw_catalogue,
    draw_people,
    truth_table,
)

CHUNK: Final = 200_000  # people drawn at once
DEFAULT_END: Final = datetime(2026, 1, 1, tzinfo=UTC)  # constant: the same seed, the same bytes
COVERAGE: Final = 1.0
WRITER: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 1,
    "use_dictionary": True,
    "write_statistics": True,
}


def write_world(
    world: World,
    out: Path,
    *,
    until: datetime | None,
    progress: Callable[[float, str], None],
) -> int:
    """Write the world below `out`; gives the number of events.

    Parameters
    ----------
    until : datetime or None
        The world's end; its clock is then live. None: a fixed end and a fixed clock.

    Notes
    -----
    Memory grows with the people (some 150 bytes each) and one day of a chunk of them, not with the
    days. The truth about each person is in ``truth.parquet`` and nowhere else.
    """
    check(world)
    _make_room(out, world)
    end = until or DEFAULT_END
    begin = (end - timedelta(days=world.days)).replace(hour=0, minute=0, second=0, microsecond=0)
    people = draw_people(world, mean_season(begin.timetuple().tm_yday, world.days))
    catalogue = draw_catalogue(world)
    variation = _variations(world)
    written = _write_days(out, _Drawn(world, people, catalogue, variation), begin, end, progress)
    truth = truth_table(people, _ids(world, people), variation)
    pq.write_table(catalogue_table(catalogue), out / "catalogue.parquet", **WRITER)
    pq.write_table(truth, out / "truth.parquet", **WRITER)
    facts = _facts(world, written, None if until else end, end)
    (out / "world.json").write_text(json.dumps(facts, indent=2) + "\n")
    return written


@dataclass(frozen=True)
class _Drawn:
    """All that days are written from."""

    world: World
    people: People
    catalogue: Catalogue
    variation: NDArray[np.int8]


def _write_days(
    out: Path,
    drawn: _Drawn,
    begin: datetime,
    end: datetime,
    progress: Callable[[float, str], None],
) -> int:
    """Write the events of each day, a chunk of people at a time; gives how many there are."""
    exposed = np.zeros(drawn.world.people, dtype=np.bool_)
    days = (end - begin).days + (1 if end > begin + timedelta(days=(end - begin).days) else 0)
    written = 0
    for day in range(days):
        date = begin + timedelta(days=day)
        folder = out / "events" / f"day={date:%Y-%m-%d}"
        folder.mkdir(parents=True)
        for chunk, first in enumerate(range(0, drawn.world.people, CHUNK)):
            part = slice(first, min(first + CHUNK, drawn.world.people))
            table = day_events(
                drawn.world,
                drawn.people.part(part),
                drawn.catalogue,
                drawn.variation[part],
                day,
                date,
                chunk,
                first,
                exposed[part],
            )
            if date + timedelta(days=1) > end:
                table = table.filter(pa.compute.less(table["timestamp"], pa.scalar(end)))
            if table.num_rows:
                pq.write_table(table, folder / f"part-{chunk:05d}.parquet", **WRITER)
            written += table.num_rows
        progress((day + 1) / days, f"{written:,} events")
    return written


def check(world: World) -> None:
    """Refuse what can't be simulated."""
    for name, value, least, most in (
        ("people", world.people, 1, 16**7),
        ("days", world.days, 1, 3_650),
        ("seed", world.seed, 0, 2**32),
        ("items", world.items, 16, 16**5),
    ):
        if not least <= value <= most:
            raise UserError(
                f"{value} is no possible value.", f"Give {least:,} to {most:,}.", f"--{name}"
            )
    if not 0 < world.events_per_person <= 10_000:
        raise UserError(
            f"{world.events_per_person} is no possible value.",
            "Give more than 0, up to 10,000.",
            "--events-per-person",
        )


def _make_room(out: Path, world: World) -> None:
    """Use an empty folder, or write the same world anew."""
    mark = out / "world.json"
    if out.exists() and any(out.iterdir()):
        known = json.loads(mark.read_text()) if mark.is_file() else {}
        if known.get("seed") != world.seed or known.get("people") != world.people:
            raise UserError(f"{out} is not empty.", "Give --out a new folder.")
        for name in ("events", "catalogue.parquet", "truth.parquet", "world.json"):
            path = out / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)


def _ids(world: World, people: People) -> pa.Array:
    """Say under which id each person ends up: ``userId``, or ``anonymousId`` if never known."""
    known = pa.array(people.known_from != NEVER)
    users = user_ids(0, world.people)
    return pa.compute.if_else(known, users, anonymous_ids(world.seed, 0, world.people))


def _variations(world: World) -> NDArray[np.int8]:
    """Assign everybody by the browser's id, which is there from the first visit."""
    units = anonymous_ids(world.seed, 0, world.people)
    parts = [
        buckets(EXPERIMENT, units.slice(start, CHUNK).to_pylist())
        for start in range(0, world.people, CHUNK)
    ]
    return (np.concatenate(parts) >= 0.5).astype(np.int8)


def _facts(world: World, events: int, fixed: datetime | None, end: datetime) -> dict[str, Any]:
    return {
        "kind": "simulated",
        "source": f"Simulated world, seed {world.seed}",
        "currency": CURRENCY,
        "clock_fixed_at": fixed.isoformat() if fixed else None,
        "until": end.isoformat(),
        "seed": world.seed,
        "people": world.people,
        "days": world.days,
        "events": events,
        "experiment": {
            "id": EXPERIMENT,
            "variations": list(ARMS),
            "hash": "GrowthBook version 2 over anonymousId",
            "true_relative_lift_of_ordering_per_visit_with_cart": LIFT,
        },
    }
