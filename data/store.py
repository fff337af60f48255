"""Open the SQL store, brought to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from data import (
    collect_schema,
    experiment_schema,
    membership_schema,
    publication_schema,
    recommend_schema,
    serving_schema,
)  # so that their tables join the metadata
from data.engine import make_engine, reader
from data.schema import metadata
from data.workspace import STORE_VARIABLE, Workspace
from kindred.errors import UserError

METADATA: Final = metadata
assert publication_schema.outbox.metadata is METADATA
assert experiment_schema.experiment_days.metadata is METADATA
assert membership_schema.segment_sizes.metadata is METADATA
assert recommend_schema.trainings.metadata is METADATA
assert serving_schema.api_keys.metadata is METADATA
assert collect_schema.collect_hours.metadata is METADATA
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 6_125_371  # of ours alone, in PostgreSQL's space of advisory locks


def open_store(workspace: Workspace) -> Engine:
    """Open the workspace's store, and migrate it first where that is needed.

    Raises
    ------
    UserError
        It does not answer, is no database, or was made by a newer Kindred.
    """
    engine = make_engine(workspace.store_url)
    try:
        migrate(engine)
    except DatabaseError as error:
        where = engine.url.render_as_string(hide_password=True)
        raise UserError(
            f"The store can't be opened: {str(error.orig).strip()}.",
            f"See that {STORE_VARIABLE} is right, that the database is up and may be written, "
            "and that its disk has room.",
            where,
        ) from error
    return engine


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring a store to a revision in one transaction; two processes at once queue for it."""
    script = ScriptDirectory(str(_MIGRATIONS))
    with reader(engine).connect() as conn:
        current = MigrationContext.configure(conn).get_current_revision()
    if current not in {None, *(each.revision for each in script.walk_revisions())}:
        raise UserError(
            f"The store is at version {current}, which this Kindred does not know.",
            "A newer Kindred made it: use that one, or another workspace.",
        )
    if revision == "head" and current == script.get_current_head():
        return
    with engine.begin() as conn:
        if engine.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = conn
        if revision == "base" or _is_behind(script, revision, current):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)


def _is_behind(script: ScriptDirectory, revision: str, current: str | None) -> bool:
    if revision == "head" or current is None:
        return False
    return revision in {s.revision for s in script.iterate_revisions(current, "base")} - {current}
