"""Batch results brought into live state as they appear: traits, clusters, memberships, history."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, func, select

from data import schema, traits
from data.clock import as_of
from data.collect_moves import positions
from data.engine import reader
from data.lake import EVENTS, MAP, LakeFile, live_files
from data.live_events import HORIZON, positions_key
from data.live_loads import Items, cluster_rows, event_rows, member_rows, refill, trait_rows
from data.live_places import NOW, Now, Shelf
from data.live_store import META, LiveStore
from data.membership_files import member_files
from data.membership_schema import membership_runs
from data.workspace import Workspace
from kindred.traits.registry import DECLARED
from kindred.traits.trait import TraitType

log = logging.getLogger(__name__)
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)  # nothing that counts is older
MOST_READS: Final = 20


class Interrupted(Exception):
    """The deliverer was told to stop while a shelf was being filled."""


@dataclass(frozen=True)
class Candidate:
    """Events of the lake on the shelf that does not count yet; the log brings it up to date."""

    shelf: Shelf


@dataclass
class LiveBuilds:
    """Keeps the shelves of live state at what batch found last.

    Parameters
    ----------
    stopping : Event
        Once it is set, a shelf that is half filled is left as it is: it does not count.
    candidate : Candidate or None
        A shelf of events that is filled and waits to catch up with the log.
    filling : bool
        Such a shelf is being filled: what the lake held when it began must stay in the log.
    """

    workspace: Workspace
    engine: Engine
    store: LiveStore
    stopping: Event = field(default_factory=Event)
    candidate: Candidate | None = None
    filling: bool = False
    _lock: Lock = field(default_factory=Lock)

    def now(self) -> Now:
        """Read which places count."""
        (raw,) = self.store.read([(META, NOW)])
        return msgspec.msgpack.decode(raw, type=Now) if raw else Now()

    def let_count(self, **shelves: Shelf | None) -> None:
        """Let shelves count from here on."""
        with self._lock:
            changed = msgspec.structs.replace(self.now(), **shelves)
            self.store.write([(META, NOW, msgspec.msgpack.encode(changed))])

    def look(self) -> None:
        """Bring over what is newer than what counts; may take minutes."""
        for build in (self._events, self._traits, self._clusters, self._members):
            build()

    def _traits(self) -> None:
        with reader(self.engine).connect() as conn:
            run, files = traits.latest_run(conn), live_files(conn, "traits")
        known = self.now().traits
        if run is None or not files or (known is not None and known.run == run.id):
            return
        declared = traits.declarations(run)
        computed = {trait.name.casefold() for trait in DECLARED}
        names = {trait.name for trait in declared}
        told = {
            name.removesuffix("_told"): name
            for name in names
            if name.endswith("_told") and name.removesuffix("_told").casefold() in computed
        }
        path = self.workspace.lake / files[0].path
        columns, rows = trait_rows(path)
        kinds = {trait.name: str(trait.type) for trait in declared}
        shelf = Shelf(
            _other(known),
            run.id,
            run.as_of,
            columns,
            tuple(kinds.get(name, str(TraitType.CATEGORY)) for name in columns),
            told,
        )
        self._fill("traits", shelf, rows)

    def _clusters(self) -> None:
        with reader(self.engine).connect() as conn:
            newest = select(schema.cluster_runs).order_by(schema.cluster_runs.c.id.desc()).limit(1)
            run = conn.execute(newest).one_or_none()
            files = live_files(conn, MAP, str(run.id)) if run is not None else []
            members = schema.cluster_members
            labels = {
                row.label: row.cluster_id
                for row in conn.execute(
                    select(members).where(members.c.cluster_run_id == (run.id if run else 0))
                )
                if row.cluster_id is not None
            }
        known = self.now().clusters
        if run is None or not files or (known is not None and known.run == run.id):
            return
        shelf = Shelf(_other(known), run.id, run.as_of)
        self._fill("clusters", shelf, cluster_rows(self.workspace.lake / files[0].path, labels))

    def _members(self) -> None:
        with reader(self.engine).connect() as conn:
            newest = select(membership_runs).order_by(membership_runs.c.id.desc()).limit(1)
            run = conn.execute(newest).one_or_none()
            files = member_files(conn)
        known = self.now().members
        if run is None or (known is not None and known.run == run.id):
            return
        shelf = Shelf(_other(known), run.id, run.as_of)
        self._fill("members", shelf, member_rows(self.workspace, files))

    def _events(self) -> None:
        """Fill a shelf from the lake, after an import or where there is none."""
        self.filling = True
        try:
            self._fill_events()
        finally:
            self.filling = False

    def _fill_events(self) -> None:
        known = self.now().events
        with reader(self.engine).connect() as conn:
            imported = conn.scalar(select(func.max(schema.imports.c.id))) or 0
            if self.candidate is not None or (known is not None and known.run == imported):
                return
            files, at = _lake_now(conn)
            since = as_of(conn, datetime.now(UTC)) - HORIZON
        if all(file.day is not None and file.day > since.date().isoformat() for file in files):
            since = ALWAYS  # all there ever was
        shelf = Shelf(_other(known), imported, since)
        rows = self._until_stopped(event_rows(self.workspace, files, since))
        refill(self.store, f"events-{shelf.place}", rows)
        key = positions_key(shelf.place)
        self.store.write([(META, key, msgspec.msgpack.encode(at))])
        self.candidate = Candidate(shelf)

    def _fill(self, kind: str, shelf: Shelf, rows: Items) -> None:
        people = refill(self.store, f"{kind}-{shelf.place}", self._until_stopped(rows))
        self.let_count(**{kind: shelf})
        log.info("live %s of run %s: %s people", kind, shelf.run, people)

    def _until_stopped(self, rows: Items) -> Items:
        for row in rows:
            if self.stopping.is_set():
                raise Interrupted
            yield row


def _other(known: Shelf | None) -> str:
    return "b" if known is not None and known.place == "a" else "a"


def _lake_now(conn: Connection) -> tuple[list[LakeFile], dict[str, int]]:
    """Read the lake's events and how far the log is in them, both of one moment."""
    for _ in range(MOST_READS):
        at, files = positions(conn), live_files(conn, EVENTS)
        if positions(conn) == at:  # nothing was moved meanwhile
            break
    return files, at
