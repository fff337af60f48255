"""A workspace for tests of serving: segments published, people in live state, API keys."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.audit import Actor
from data.definitions import definition
from data.experiments import create_experiment, publish_experiment
from data.lake import describe_file
from data.live_places import NOW, Now, Shelf
from data.live_profiles import person_key
from data.live_store import META, open_live_store
from data.publications import Act, Terms, roll_back, withdraw
from data.segments import KIND, create_segment, publish_segment, save_rule, segment_names
from data.traits import save_run
from data.workspace import Workspace
from kindred.experiments.definition import Experiment
from kindred.segments.durations import micros
from kindred.segments.rules import Rule
from kindred.traits.about import attribute_trait
from kindred.traits.trait import TraitType

ACTOR = Actor("ada", verified=False)
SHELVES_OF = datetime(2026, 11, 1, tzinfo=UTC)
TRAITS = ("plan", "city", "spent", "last_seen_at", "tags")


@dataclass
class Town:
    """What there is to ask about."""

    workspace: Workspace
    engine: Engine
    keys: dict[tuple[tuple[str, ...], bool], str] = field(default_factory=dict)

    def act(self, why: str = "test") -> Act:
        return Act(ACTOR, datetime.now(UTC), why)

    def publish(self, key: str, rule: Rule, *, browser: bool = False, **terms: Any) -> int:
        """Publish a segment's first version, or its next."""
        act = self.act()
        with self.engine.begin() as conn:
            if (KIND, key) in segment_names(conn):
                revision = definition(conn, KIND, key).revision
                save_rule(conn, key, rule, revision=revision, actor=ACTOR, at=act.at)
            else:
                create_segment(conn, key, rule, actor=ACTOR, at=act.at, key=key)
            revision = definition(conn, KIND, key).revision
            given = Terms(browser=browser, **terms)
            return publish_segment(conn, key, act, revision=revision, terms=given)

    def publish_experiment(self, key: str, experiment: Experiment, *, browser: bool = False) -> int:
        """Publish an experiment's first version."""
        act = self.act()
        with self.engine.begin() as conn:
            found = create_experiment(conn, key, experiment, actor=ACTOR, at=act.at, key=key)
            terms = Terms(browser=browser)
            return publish_experiment(conn, key, act, revision=found.revision, terms=terms)

    def roll_back(self, key: str, number: int) -> None:
        with self.engine.begin() as conn:
            roll_back(conn, KIND, key, number, self.act())

    def withdraw(self, key: str) -> None:
        with self.engine.begin() as conn:
            withdraw(conn, KIND, key, self.act())

    def key(self, *scopes: Scope, browser: bool = False) -> str:
        """Make an API key, once of each kind."""
        chosen = scopes or (Scope.EVALUATE,)
        kind = (tuple(sorted(chosen)), browser)
        if kind not in self.keys:
            with self.engine.begin() as conn:
                _, self.keys[kind] = create_key(
                    conn, "test", chosen, actor=ACTOR, at=datetime.now(UTC), browser=browser
                )
        return self.keys[kind]

    def compute_traits(self, types: Mapping[str, TraitType], rows: Mapping[str, Any]) -> None:
        """Let a traits run have found these traits, told by people; and some people's values."""
        target = self.workspace.lake / "traits" / f"{uuid.uuid4().hex}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        people = [{"person_id": person, **row} for person, row in sorted(rows.items())]
        empty = dict.fromkeys(types)
        pq.write_table(pa.Table.from_pylist([{**empty, **row} for row in people]), target)
        file = describe_file(self.workspace, target)
        traits = [attribute_trait(name, kind) for name, kind in types.items()]
        with self.engine.begin() as conn:
            save_run(
                conn,
                file,
                traits,
                run_id=None,
                at=datetime.now(UTC),
                as_of=SHELVES_OF,
                dataset_version=1,
                fingerprint=uuid.uuid4().hex,
            )

    def open_shelves(self, since: datetime | None = None, cluster_run: int | None = None) -> None:
        """Say that live state holds everything: events from a time on."""
        now = Now(
            traits=Shelf("a", 1, SHELVES_OF, TRAITS),
            members=Shelf("a", 1, SHELVES_OF),
            clusters=None if cluster_run is None else Shelf("a", cluster_run, SHELVES_OF),
            events=Shelf("a", 0, since or datetime.now(UTC) - timedelta(days=400)),
        )
        self._write([(META, NOW, msgspec.msgpack.encode(now))])

    def person(
        self,
        person: str,
        traits: Mapping[str, Any] | None = None,
        *,
        told: Mapping[str, Any] | None = None,
        events: Sequence[tuple[str, datetime, Mapping[str, Any]]] = (),
        members: Mapping[str, int] | None = None,
        cluster: int | None = None,
    ) -> None:
        """Put a person into live state."""
        tracks: dict[str, tuple[list[int], list[Any]]] = {}
        for name, at, properties in sorted(events, key=lambda e: e[1]):
            track = tracks.setdefault(name, ([], []))
            track[0].append(micros(at))
            track[1].append(dict(properties))
        moment = micros(datetime.now(UTC))
        given = {name: [moment, value] for name, value in (told or {}).items()}
        belongings = [[key, number, SHELVES_OF] for key, number in (members or {}).items()]
        key, encode = person_key(person), msgspec.msgpack.encode
        row = [(traits or {}).get(name) for name in TRAITS]
        self._write(
            [
                ("traits-a", key, encode(row)),
                ("events-a", key, encode([tracks, given, 0])),
                ("members-a", key, encode(belongings) if belongings else None),
                ("clusters-a", key, None if cluster is None else encode(cluster)),
            ]
        )

    def _write(self, changes: Collection[Any]) -> None:
        store = open_live_store(self.workspace)
        try:
            store.write(changes)
        finally:
            store.close()
