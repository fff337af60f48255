"""The store keeps transactions, times and JSON alike on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from data.audit import Actor, history, record
from data.engine import make_engine, reader
from data.schema import audit_log, cluster_members, workspace_facts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ANN = Actor("ann")


def count(store: Engine) -> int:
    with reader(store).connect() as conn:
        return int(conn.scalar(select(func.count()).select_from(audit_log)) or 0)


def test_an_error_inside_a_transaction_keeps_nothing_of_it(store: Engine) -> None:
    def fail_half_way() -> None:
        with store.begin() as conn:
            record(conn, ANN, "did", "something", {}, at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert count(store) == 0


def test_writers_queue_for_each_other_and_none_is_lost(store: Engine) -> None:
    """Each reads before it writes, which on SQLite fails half way unless BEGIN is IMMEDIATE."""

    def write() -> None:
        for _ in range(10):
            with store.begin() as conn:
                seen = int(conn.scalar(select(func.count()).select_from(audit_log)) or 0)
                record(conn, ANN, "did", str(seen), {}, at=NOON)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert count(store) == 40


def test_a_reader_is_not_held_up_by_a_writer(store: Engine) -> None:
    with store.begin() as conn:
        record(conn, ANN, "did", "something", {}, at=NOON)
        assert count(store) == 0  # it sees what was there before
    assert count(store) == 1


def test_times_come_back_aware_and_in_utc(store: Engine) -> None:
    cet = datetime(2026, 11, 23, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    with store.begin() as conn:
        record(conn, ANN, "did", "something", {}, at=cet)
        (row,) = history(conn)
    assert row.at == cet
    assert row.at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(store: Engine) -> None:
    naive = NOON.replace(tzinfo=None)
    with store.begin() as conn, pytest.raises(StatementError, match="without a zone"):
        record(conn, ANN, "did", "something", {}, at=naive)


def test_a_reference_to_nothing_is_refused(store: Engine) -> None:
    row = {"cluster_run_id": 1, "label": 0, "size": 1, "share": 1.0, "revenue": 0.0}
    texts = {"name": "a", "sentence": "b", "box": [], "effects": []}
    with pytest.raises(IntegrityError), store.begin() as conn:
        conn.execute(insert(cluster_members).values(**row, **texts))


def test_the_audit_log_is_read_by_subject_newest_first(store: Engine) -> None:
    with store.begin() as conn:
        for number, subject in enumerate(["a", "b", "a"]):
            detail = {"number": number, "text": "né"}
            record(conn, Actor("bo", verified=True), "did", subject, detail, at=NOON)
        rows = history(conn, "a")
        assert [row.detail for row in rows] == [
            {"number": 2, "text": "né"},
            {"number": 0, "text": "né"},
        ]
        assert rows[0].verified
        assert len(history(conn, limit=2)) == 2


def test_an_address_that_names_no_driver_gets_ours() -> None:
    engine = make_engine("postgresql://ann:secret@db.example/kindred")
    assert engine.dialect.driver == "psycopg"
    assert engine.url.password == "secret"
    engine.dispose()


def test_the_one_row_of_facts_cannot_be_written_twice(store: Engine) -> None:
    row = {"id": 1, "kind": "real", "source": "s", "created_at": NOON}
    with store.begin() as conn:
        conn.execute(insert(workspace_facts).values(row))
    with pytest.raises(IntegrityError), store.begin() as conn:
        conn.execute(insert(workspace_facts).values(row))
