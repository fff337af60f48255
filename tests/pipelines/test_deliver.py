"""The deliverer: what was collected reaches live state and the lake, once, whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select

from data.collect_log import Frame, Refused, Segment, encode_frame, log_folder, segments
from data.collect_moves import received_since, refusals_since
from data.collect_schema import collect_positions
from data.engine import reader
from data.lake import EVENTS, LakeFile, live_files
from data.live_profiles import LivePerson, LiveProfiles
from data.workspace import Workspace, facts
from kindred.intake import Event
from kindred.segments.durations import micros
from pipelines.compact_events import alike, compact_once
from pipelines.deliver import Deliverer
from pipelines.import_events import run as run_import
from pipelines.move_events import move_once
from tests.support.events import context, event, write_events

NOW = datetime.now(UTC).replace(microsecond=0)
KEY = "0123456789"


def viewed(message: str, person: str = "u1", ago: int = 60, **more: Any) -> Event:
    at = micros(NOW - timedelta(seconds=ago))
    return Event(message, "track", person, None, at, "Product Viewed", **more)


class Log:
    """An API process' hand on the log."""

    def __init__(self, workspace: Workspace) -> None:
        self.segment = Segment(log_folder(workspace))

    def write(
        self,
        *events: Event,
        refused: Sequence[Refused] = (),
        at: datetime = NOW,
        key: str = KEY,
    ) -> None:
        self.segment.append([encode_frame(Frame(key, micros(at), list(events), list(refused)))])


@pytest.fixture
def log(workspace: Workspace) -> Iterator[Log]:
    opened = Log(workspace)
    yield opened
    opened.segment.close()


@pytest.fixture
def deliverer(workspace: Workspace, engine: Engine, live_url: str | None) -> Iterator[Deliverer]:
    opened = Deliverer(workspace, engine)
    opened.open()
    yield opened
    opened.close()


def delivered(deliverer: Deliverer) -> None:
    """Do what its threads do until nothing waits."""
    deliverer.builds.look()
    while deliverer.builds.candidate is not None or deliverer.pump():
        deliverer.pump()
    deliverer.move()


def person(deliverer: Deliverer, person_id: str) -> LivePerson:
    found = LiveProfiles(deliverer.store).person(person_id)
    assert found is not None
    return found


def views(deliverer: Deliverer, person_id: str = "u1") -> int:
    return len(person(deliverer, person_id).profile.events["Product Viewed"].times)


def lake(workspace: Workspace, engine: Engine, columns: str = '"messageId"') -> list[Any]:
    with reader(engine).connect() as conn:
        paths = [str(workspace.lake / file.path) for file in live_files(conn, EVENTS)]
    if not paths:
        return []
    query = f'SELECT {columns} FROM read_parquet(?) ORDER BY "messageId"'
    found = duckdb.connect().execute(query, [paths]).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def test_an_event_reaches_live_state_and_the_lake(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    told = Event("m2", "identify", "u1", None, micros(NOW), None, traits='{"city":"Rome","n":7}')
    log.write(viewed("m1", properties={"price": 2.5, "other": '{"colour":"red"}'}), told)
    delivered(deliverer)
    found = person(deliverer, "u1")
    track = found.profile.events["Product Viewed"]
    assert track.times == [micros(NOW - timedelta(seconds=60))]
    assert track.properties == [{"price": 2.5, "colour": "red"}]
    assert found.profile.traits == {"city": "Rome", "n": 7.0}
    assert found.events_since == datetime(1970, 1, 1, tzinfo=UTC)
    assert lake(workspace, engine, '"messageId", properties.price, traits') == [
        ("m1", 2.5, None),
        ("m2", None, '{"city":"Rome","n":7}'),
    ]
    with reader(engine).connect() as conn:
        known = facts(conn)
    assert known is not None
    assert (known.kind, known.source, known.clock_fixed_at) == ("real", "Collected events", None)


def test_a_message_counts_once_in_lake_and_profile_and_the_counts_add_up(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    log.write(viewed("m1"), viewed("m2"), viewed("m1"))
    delivered(deliverer)
    # Sent again hours later, on another day by the clock that was put right.
    later = NOW + timedelta(hours=23)
    log.write(viewed("m1", ago=86_400), viewed("m3"), at=later)
    log.write(refused=[Refused("it names nobody", '{"a": 1}')], at=later)
    delivered(deliverer)
    assert views(deliverer) == 3
    assert lake(workspace, engine) == ["m1", "m2", "m3"]
    with reader(engine).connect() as conn:
        (row,) = received_since(conn, NOW - timedelta(days=1))
        (refusal,) = refusals_since(conn, "2000-01-01")
    assert (row.key_id, row.received, row.added, row.duplicates, row.rejected) == (KEY, 6, 3, 2, 1)
    assert refusal._mapping["count"] == 1
    assert (refusal.reason, refusal.example) == ("it names nobody", '{"a": 1}')


def test_what_an_import_brought_is_not_doubled_and_reaches_live_state(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    delivered(deliverer)
    when = (NOW - timedelta(seconds=60)).replace(tzinfo=None).isoformat()
    same = event(1, when, "u1", type="track", event="Product Viewed")
    write_events(tmp_path / "in" / "a.parquet", [{**same, "properties": {"price": 1.0}}])
    params = {"source": "events", "path": str(tmp_path / "in")}
    run_import(context(workspace, engine, now=NOW), params)
    delivered(deliverer)
    assert person(deliverer, "u1").profile.events["Product Viewed"].properties == [{"price": 1.0}]
    log.write(viewed("m2"), viewed("m3"))
    log.write(viewed("m4"), viewed("m1"), key="another")
    delivered(deliverer)
    assert lake(workspace, engine) == ["m1", "m2", "m3", "m4"]
    with reader(engine).connect() as conn:
        rows = received_since(conn, NOW - timedelta(days=1))
    assert {(row.key_id, row.received, row.added, row.duplicates) for row in rows} == {
        (KEY, 2, 2, 0),
        ("another", 2, 1, 1),
    }


def test_a_move_has_a_fixed_size_and_the_next_goes_on_where_it_ended(
    log: Log,
    deliverer: Deliverer,
    workspace: Workspace,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipelines.move_events.MOST_EVENTS", 4)
    monkeypatch.setattr("pipelines.move_events.CHUNK", 2)
    for number in range(5):
        log.write(viewed(f"m{2 * number}"), viewed(f"m{2 * number + 1}"))
    found = []
    while move_once(workspace, engine, deliverer.index, now=NOW):
        found.append(len(lake(workspace, engine)))
    assert found == [4, 8, 10]
    assert not list((workspace.lake / "staging").glob("*"))


def test_a_move_writes_a_file_a_day_sorted_by_person_and_time(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    noon = (NOW - timedelta(days=2)).replace(hour=12, minute=0, second=0)
    ago = int((NOW - noon).total_seconds())
    log.write(viewed("m1", "u2", ago), viewed("m2", "u1", ago + 86_400), viewed("m3", "u1", ago))
    log.write(viewed("m4", "u1", ago + 10), viewed("m5", "u1", ago))
    deliverer.move()
    with reader(engine).connect() as conn:
        files = live_files(conn, EVENTS)
    days = [(noon - timedelta(days=back)).date().isoformat() for back in (1, 0)]
    assert [(file.day, file.rows) for file in files] == [(days[0], 1), (days[1], 4)]
    ids = pq.read_table(workspace.lake / files[1].path).column("messageId").to_pylist()
    assert ids == ["m4", "m3", "m5", "m1"]


def test_a_move_that_crashes_is_made_again_and_nothing_is_doubled(
    log: Log,
    deliverer: Deliverer,
    workspace: Workspace,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("power cut")

    log.write(viewed("m1"), viewed("m2"), viewed("m1"))
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.move_events.commit_move", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            deliverer.move()
    assert lake(workspace, engine) == []
    delivered(deliverer)
    assert lake(workspace, engine) == ["m1", "m2"]
    assert views(deliverer) == 2


def test_a_disk_that_is_full_is_not_filled_further_and_the_move_is_made_later(
    log: Log,
    deliverer: Deliverer,
    workspace: Workspace,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    log.write(viewed("m1"), viewed("m2", ago=2 * 86_400), refused=[Refused("it names nobody", "")])
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.move_events.sync_file", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                deliverer.move()
    assert list(workspace.lake.rglob("*.parquet")) == []
    delivered(deliverer)
    assert lake(workspace, engine) == ["m1", "m2"]
    assert len(list(workspace.lake.rglob("*.parquet"))) == 3  # two days, and what was refused


def test_a_deliverer_that_follows_another_goes_on_where_that_one_was(
    log: Log, workspace: Workspace, engine: Engine
) -> None:
    for number in range(3):
        one = Deliverer(workspace, engine)
        one.open()
        log.write(viewed(f"m{number}"))
        delivered(one)
        assert views(one) == number + 1
        one.close()
    assert lake(workspace, engine) == ["m0", "m1", "m2"]


def test_a_segment_goes_once_it_is_finished_and_everywhere(
    deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    log, folder = Log(workspace), log_folder(workspace)
    log.write(viewed("m1"))
    deliverer.sweep()
    assert len(segments(folder)) == 1  # nothing of it is anywhere
    delivered(deliverer)
    deliverer.sweep()
    assert len(segments(folder)) == 1  # somebody writes to it
    log.segment.append([encode_frame(Frame(KEY, micros(NOW), [viewed("m2")], []))[:-1]])
    log.segment.close()
    delivered(deliverer)
    deliverer.sweep()
    assert segments(folder) == []
    (torn,) = (workspace.home / "collect" / "torn").iterdir()
    assert torn.stat().st_size > 0
    with reader(engine).connect() as conn:
        assert conn.execute(select(collect_positions)).all() == []
    assert lake(workspace, engine) == ["m1"]


def test_live_state_that_was_lost_is_built_again_from_the_lake(
    log: Log, deliverer: Deliverer, workspace: Workspace
) -> None:
    log.write(*(viewed(f"m{number}", f"u{number % 2}") for number in range(10)))
    delivered(deliverer)
    deliverer._pulse()
    for shelf in ("meta", "events-a", "events-b"):
        deliverer.store.clear(shelf)
    assert LiveProfiles(deliverer.store).person("u1") is None
    deliverer._pulsed = 0
    deliverer._pulse()
    delivered(deliverer)
    log.write(viewed("m10", "u1"), viewed("m3", "u1"))
    delivered(deliverer)
    assert (views(deliverer, "u0"), views(deliverer, "u1")) == (5, 6)


def test_one_deliverer_works_and_another_waits(
    log: Log, workspace: Workspace, engine: Engine
) -> None:
    first = Deliverer(workspace, engine, move_every=0.05)
    worker = threading.Thread(target=first.run)
    worker.start()
    log.write(viewed("m1"))
    deadline = time.monotonic() + 20
    while not lake(workspace, engine):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = Deliverer(workspace, engine)
    waiting = threading.Thread(target=second.run)
    waiting.start()
    time.sleep(0.1)
    assert waiting.is_alive()
    assert not hasattr(second, "store")
    for each in (second, first):
        each.stopping.set()
    worker.join(20)
    waiting.join(20)
    assert not worker.is_alive()
    assert not waiting.is_alive()


def test_small_files_of_a_day_are_joined_and_nothing_is_lost_or_doubled(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine
) -> None:
    delivered(deliverer)
    for number in range(10):
        log.write(viewed(f"m{number}", f"u{number % 3}"))
        deliverer.move()
        assert (compact_once(workspace, engine, now=NOW) is None) == (number < 9)
    with reader(engine).connect() as conn:
        (file,) = live_files(conn, EVENTS)
    assert file.rows == 10
    assert lake(workspace, engine) == [f"m{number}" for number in range(10)]
    folder = (workspace.lake / file.path).parent
    assert len(list(folder.iterdir())) == 11  # somebody may still read them
    compact_once(workspace, engine, now=NOW + timedelta(hours=2))
    assert [path.name for path in folder.iterdir()] == [Path(file.path).name]
    log.write(viewed("m3"))
    deliverer.move()
    assert len(lake(workspace, engine)) == 10


def test_what_is_joined_at_once_has_a_bound() -> None:
    middling = [LakeFile(f"{n}", 40_000, 1, "2026-11-24") for n in range(30)]
    assert sum(file.rows for file in alike(middling)) == 480_000  # 500,000 at most
    assert alike([replace(file, rows=50_000) for file in middling]) == []  # large enough as it is
    assert len(alike([replace(file, rows=3) for file in middling * 9])) == 100
    assert alike(middling[:9]) == []


def test_collected_and_imported_files_of_a_day_are_joined_apart(
    log: Log, deliverer: Deliverer, workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    when = (NOW - timedelta(seconds=60)).replace(tzinfo=None).isoformat()
    write_events(tmp_path / "in" / "a.parquet", [event(0, when)])
    job = replace(context(workspace, engine, NOW), now=NOW)
    run_import(job, {"source": "events", "path": str(tmp_path / "in")})
    for number in range(1, 10):
        log.write(viewed(f"m{number}"))
        deliverer.move()
    assert compact_once(workspace, engine, now=NOW) is None  # nine and one are not ten
    log.write(viewed("m10"))
    deliverer.move()
    made = compact_once(workspace, engine, now=NOW)
    assert made is not None
    assert made.rows == 10
    # A message that the import brought is still found, among two files.
    log.write(viewed("m0"), viewed("m11"))
    deliverer.move()
    assert len(lake(workspace, engine)) == 12
