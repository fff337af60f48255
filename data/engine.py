"""Engines for the SQL store: SQLite in WAL mode by default, PostgreSQL by one setting."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url

BUSY_TIMEOUT_SECONDS = 10


def make_engine(url: str) -> Engine:
    """Open an engine on the store at `url`.

    On SQLite every write transaction starts as ``BEGIN IMMEDIATE``, so that two writers queue
    for the busy time-out instead of failing half way (https://sqlite.org/isolation.html).
    A reader says ``engine.connect()``, a writer ``engine.begin()``.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(_with_psycopg(url), pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read_only = connection.get_execution_options().get("kindred_read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def make_durable(engine: Engine) -> Engine:
    """Let each commit be on disk before it returns, also on SQLite; for what is then deleted."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _sync(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA synchronous=FULL")

        engine.dispose()  # connections from before know nothing of it
    return engine


def reader(engine: Engine) -> Engine:
    """Give an engine of the same pool whose transactions never take the write lock."""
    return engine.execution_options(kindred_read_only=True)


def _with_psycopg(url: str) -> str:
    parsed = make_url(url)
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)
