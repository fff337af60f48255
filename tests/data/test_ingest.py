"""What goes into the lake, what is set aside, and that nothing goes in twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select

from data.engine import reader
from data.lake import EVENTS, REJECTED, dataset_version, live_files
from data.schema import imports, rejections
from data.workspace import Workspace, facts
from kindred.errors import UserError
from kindred.events import EVENT_SCHEMA
from pipelines.import_events import run
from pipelines.job import JobResult
from tests.support.events import context, event, order, write_events


def load(workspace: Workspace, engine: Engine, folder: Path) -> JobResult:
    return run(context(workspace, engine), {"source": "events", "path": str(folder)})


def lake_rows(workspace: Workspace, engine: Engine, columns: str) -> list[tuple[Any, ...]]:
    with reader(engine).connect() as conn:
        paths = [str(workspace.lake / file.path) for file in live_files(conn, EVENTS)]
    if not paths:
        return []
    found: list[tuple[Any, ...]] = (
        duckdb.connect()
        .execute(f'SELECT {columns} FROM read_parquet(?) ORDER BY "messageId"', [paths])
        .fetchall()
    )
    return found


def test_events_go_in_by_day_and_sorted_by_person(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    write_events(
        tmp_path / "in" / "a.parquet",
        [
            event(1, "2026-01-02T00:00:00", "b"),
            event(2, "2026-01-01T23:59:59.999999", "b"),
            event(3, "2026-01-01T10:00:00", "a"),
        ],
    )
    result = load(workspace, engine, tmp_path / "in")
    assert result.detail["events_added"] == 3
    with reader(engine).connect() as conn:
        files = live_files(conn, EVENTS)
    assert [(file.day, file.rows) for file in files] == [("2026-01-01", 2), ("2026-01-02", 1)]
    first = pq.read_table(workspace.lake / files[0].path)
    assert first.schema.equals(EVENT_SCHEMA)
    assert first.column("userId").to_pylist() == ["a", "b"]


def test_the_same_folder_twice_adds_nothing(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    write_events(tmp_path / "in" / "a.parquet", [event(1, "2026-01-01T00:00:00")])
    load(workspace, engine, tmp_path / "in")
    with reader(engine).connect() as conn:
        version = dataset_version(conn)
    assert load(workspace, engine, tmp_path / "in").fresh
    with reader(engine).connect() as conn:
        assert dataset_version(conn) == version


def test_known_messages_in_other_files_are_counted_and_left(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    old = [event(1, "2026-01-01T00:00:00"), event(2, "2026-01-02T00:00:00")]
    write_events(tmp_path / "one" / "a.parquet", old)
    load(workspace, engine, tmp_path / "one")
    write_events(tmp_path / "two" / "a.parquet", [*old, event(3, "2026-01-02T01:00:00")])
    detail = load(workspace, engine, tmp_path / "two").detail
    assert (detail["events_added"], detail["duplicates"], detail["rejected"]) == (1, 2, 0)
    assert lake_rows(workspace, engine, '"messageId"') == [("m1",), ("m2",), ("m3",)]


def test_a_message_twice_in_one_input_goes_in_once(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    write_events(tmp_path / "in" / "a.parquet", [event(1, "2026-01-01T00:00:00")] * 3)
    write_events(tmp_path / "in" / "b.parquet", [event(1, "2026-01-01T00:00:00")])
    detail = load(workspace, engine, tmp_path / "in").detail
    assert (detail["rows_read"], detail["events_added"], detail["duplicates"]) == (4, 1, 3)


BAD: dict[str, dict[str, Any]] = {
    "it has no messageId": {"messageId": " "},
    "it names nobody": {"userId": None, "anonymousId": ""},
    "its type is none of the six": {"type": "hover"},
    "a track event has no name": {"type": "track", "event": None},
    "its timestamp lies before 1990": {"timestamp": datetime(1970, 1, 1, tzinfo=UTC)},
    "its timestamp lies in the future": {"timestamp": datetime(2031, 1, 1, tzinfo=UTC)},
    "its revenue is no finite number": {"properties": {"revenue": float("nan")}},
}


def test_every_bad_row_is_set_aside_with_its_reason_and_the_good_ones_go_in(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    good = [event(100, "2026-01-01T00:00:00"), order(101, "2026-01-03T00:00:00", "p", [("x", 2.0)])]
    bad = [event(n, "2026-01-01T00:00:00") | change for n, change in enumerate(BAD.values())]
    write_events(tmp_path / "in" / "a.parquet", [*bad, *good])
    detail = load(workspace, engine, tmp_path / "in").detail
    assert detail["reasons"] == dict.fromkeys(BAD, 1)
    assert detail["rows_read"] == detail["events_added"] + detail["rejected"] == 9
    assert lake_rows(workspace, engine, '"messageId"') == [("m100",), ("m101",)]
    with reader(engine).connect() as conn:
        found = conn.execute(select(rejections.c.reason, rejections.c.count.label("rows")))
        kept = {row.reason: row.rows for row in found}
        aside = live_files(conn, REJECTED)
    assert kept == dict.fromkeys(BAD, 1)
    assert sum(file.rows for file in aside) == len(BAD)


def test_bad_rows_of_a_file_of_one_day_are_set_aside_too(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    rows = [event(1, "2026-01-01T00:00:00"), event(2, "2026-01-01T05:00:00", None)]
    write_events(tmp_path / "in" / "a.parquet", rows)
    detail = load(workspace, engine, tmp_path / "in").detail
    assert (detail["events_added"], detail["rejected"]) == (1, 1)
    with reader(engine).connect() as conn:
        assert sum(file.rows for file in live_files(conn, REJECTED)) == 1


def test_times_without_a_zone_are_read_as_utc_and_text_is_cast(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "messageId": ["m1"],
            "type": ["track"],
            "event": ["Order Completed"],
            "userId": pa.array([42]),
            "timestamp": pa.array([datetime(2026, 1, 1, 23, 30)]),  # noqa: DTZ001
            "properties": [{"revenue": "12.5", "novelty": 1}],
            "loyalty": ["gold"],
        }
    )
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in" / "a.parquet")
    detail = load(workspace, engine, tmp_path / "in").detail
    assert detail["ignored_columns"] == ["loyalty"]
    rows = lake_rows(workspace, engine, '"userId", epoch(timestamp), properties.revenue')
    assert rows == [("42", datetime(2026, 1, 1, 23, 30, tzinfo=UTC).timestamp(), 12.5)]


def test_an_unreadable_file_is_named_and_the_others_go_in(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    write_events(tmp_path / "in" / "good.parquet", [event(1, "2026-01-01T00:00:00")])
    (tmp_path / "in" / "torn.parquet").write_bytes(b"PAR1 but not really")
    pq.write_table(pa.table({"colour": ["red"]}), tmp_path / "in" / "other.parquet")
    detail = load(workspace, engine, tmp_path / "in").detail
    assert detail["events_added"] == 1
    said = " ".join(detail["reasons"])
    assert "torn.parquet" in said
    assert "other.parquet" in said
    assert "messageId" in said


def test_a_folder_with_nothing_usable_says_why(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no folder"):
        load(workspace, engine, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="no Parquet file"):
        load(workspace, engine, tmp_path / "empty")
    write_events(tmp_path / "bad" / "a.parquet", [event(1, "2026-01-01T00:00:00", None)])
    with pytest.raises(UserError, match="it names nobody"):
        load(workspace, engine, tmp_path / "bad")


def test_real_and_simulated_never_mix(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    write_events(tmp_path / "real" / "a.parquet", [event(1, "2026-01-01T00:00:00")])
    load(workspace, engine, tmp_path / "real")
    write_events(tmp_path / "sim" / "events" / "a.parquet", [event(2, "2026-01-01T00:00:00")])
    world = {"kind": "simulated", "source": "A world", "clock_fixed_at": None}
    (tmp_path / "sim" / "world.json").write_text(json.dumps(world))
    with pytest.raises(UserError, match="never mix"):
        load(workspace, engine, tmp_path / "sim")
    assert len(lake_rows(workspace, engine, '"messageId"')) == 1


def test_the_workspace_runs_on_the_clock_that_the_folder_states(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    write_events(tmp_path / "in" / "events" / "a.parquet", [event(1, "2026-01-01T00:00:00")])
    world = {"kind": "simulated", "source": "W", "clock_fixed_at": "2026-02-01T00:00:00+00:00"}
    (tmp_path / "in" / "world.json").write_text(json.dumps(world))
    load(workspace, engine, tmp_path / "in")
    with reader(engine).connect() as conn:
        known = facts(conn)
        counted = conn.execute(select(imports.c.events_added, imports.c.rejected)).one()
    assert known is not None
    assert known.clock_fixed_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert tuple(counted) == (1, 0)


def test_a_crash_before_the_commit_leaves_nothing_that_is_read(
    workspace: Workspace, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(tmp_path / "in" / "a.parquet", [event(1, "2026-01-01T00:00:00")])

    def crash(*_args: object, **_more: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.import_events.commit_import", crash)
        with pytest.raises(RuntimeError, match="power cut"):
            load(workspace, engine, tmp_path / "in")
    assert lake_rows(workspace, engine, '"messageId"') == []
    assert load(workspace, engine, tmp_path / "in").detail["events_added"] == 1
    assert len(lake_rows(workspace, engine, '"messageId"')) == 1
