"""``simulate``: write a world of known micro-segments, to measure with."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kindred.errors import UserError
from kindred.simulation.population import World
from pipelines.cli import Invocation, subparser
from pipelines.report import ConsoleReporter
from pipelines.simulate import write_world


def add_to(commands: Any) -> None:
    """Add the command."""
    added = subparser(commands, "simulate", run, "Write a simulated world as canonical events.")
    added.add_argument("--people", type=int, required=True)
    added.add_argument("--days", type=int, required=True)
    added.add_argument("--seed", type=int, default=0)
    added.add_argument("--out", type=Path, required=True, metavar="DIR")
    added.add_argument("--events-per-person", type=float, default=50.0, metavar="R")
    added.add_argument("--items", type=int, default=20_000, metavar="M")
    added.add_argument(
        "--until", metavar="TIME", help="when the world ends (ISO 8601, or now); its clock is live"
    )


def run(invocation: Invocation) -> None:
    """Write the world and say how quickly."""
    given = invocation.arguments
    world = World(given.people, given.days, given.seed, given.events_per_person, given.items)
    started = time.monotonic()
    with ConsoleReporter().step(f"Simulating {world.people:,} people") as step:
        events = write_world(world, given.out, until=_until(given.until), progress=step.progress)
        step.rows(events)
    pace = events / (time.monotonic() - started)
    print(f"{events:,} events in {given.out}, {pace:,.0f} a second.")
    print(f"Load them: KINDRED_HOME=… python -m pipelines import events {given.out}")


def _until(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"{text!r} is no time.", "Write it like 2026-11-23T12:00:00Z, or now.", "--until"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
