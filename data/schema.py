"""Every table of the SQL store, in one ``MetaData``; `data/migrations` brings a store here."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Json = JSON().with_variant(JSONB(), "postgresql")
BigId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up INTEGER keys only


class UtcDateTime(TypeDecorator[datetime]):
    """An instant; aware in Python, in UTC in the store, whatever the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:
        """Refuse a time without a zone and bring it to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be kept: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:
        """Give the zone back where the database dropped it."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# --- the workspace and its lake -------------------------------------------------------------

workspace_facts = Table(
    "workspace_facts",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1: a workspace is one
    Column("kind", String(16), nullable=False),  # real | simulated
    Column("source", String(200), nullable=False),  # named on screens: "Complete Journey" …
    Column("currency", String(8)),
    Column("clock_fixed_at", UtcDateTime),  # null: the clock is live
    Column("created_at", UtcDateTime, nullable=False),
)

lake_versions = Table(
    "lake_versions",
    metadata,
    Column("version", BigId, primary_key=True, autoincrement=True),
    Column("dataset", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("why", String(200), nullable=False),
    Index(None, "dataset", "version"),
)

lake_files = Table(
    "lake_files",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("dataset", String(64), nullable=False),  # events | catalogue | traits | map …
    Column("snapshot", String(64), nullable=False, server_default=""),  # e.g. a cluster run's id
    Column("path", String(400), nullable=False, unique=True),  # below the lake's folder
    Column("day", String(10)),  # UTC, of partitioned data sets
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("added_in", BigInteger, ForeignKey("lake_versions.version"), nullable=False),
    Column("removed_in", BigInteger, ForeignKey("lake_versions.version")),
    Index(None, "dataset", "snapshot", "removed_in"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False, unique=True),  # of the input: twice is once
    Column("at", UtcDateTime, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("events_added", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

rejections = Table(
    "rejections",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("import_id", BigInteger, ForeignKey("imports.id"), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("example", Text, nullable=False),
    Index(None, "import_id"),
)

# --- runs -----------------------------------------------------------------------------------

pipeline_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("job", String(64), nullable=False),
    Column("params", Json, nullable=False),
    Column("status", String(16), nullable=False),  # see data.runs.Status
    Column("requested_by", String(100), nullable=False),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("heartbeat_at", UtcDateTime),
    Column("worker", String(100)),
    Column("attempt", Integer, nullable=False, server_default="1"),
    Column("retry_of", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("cancel_requested", Boolean, nullable=False, server_default="0"),
    Column("progress", Float, nullable=False, server_default="0"),  # 0 … 1
    Column("message", String(400), nullable=False, server_default=""),
    Column("as_of", UtcDateTime),
    Column("dataset_version", BigInteger),  # of the events it read
    Column("rows", BigInteger),
    Column("error", Text),
    Column("result", Json),
    Index(None, "status", "queued_at"),
)

run_steps = Table(
    "run_steps",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", String(100), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("rows", BigInteger),
    Column("message", String(400), nullable=False, server_default=""),
    UniqueConstraint("run_id", "position"),
)

# --- summaries that screens read ------------------------------------------------------------

summaries = Table(
    "summaries",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("revenue", Float, nullable=False),
    Column("first_event_at", UtcDateTime),
    Column("last_event_at", UtcDateTime),
)

daily_summaries = Table(
    "daily_summaries",
    metadata,
    Column("summary_id", BigInteger, ForeignKey("summaries.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("people", BigInteger, nullable=False),  # with at least one event that day
    Column("new_people", BigInteger, nullable=False),  # whose first event is that day
    Column("orders", BigInteger, nullable=False),
    Column("revenue", Float, nullable=False),
)

trait_runs = Table(
    "trait_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),  # of the events it read
    Column("lake_version", BigInteger, nullable=False),  # of the snapshot it wrote
    Column("people", BigInteger, nullable=False),
    Column("traits", Json, nullable=False),  # the declarations, in the snapshot's column order
    Column("fingerprint", String(64), nullable=False),  # of inputs and declarations
)

# --- clusters and the map -------------------------------------------------------------------

cluster_runs = Table(
    "cluster_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("trait_run_id", BigInteger, ForeignKey("trait_runs.id"), nullable=False),
    Column("lake_version", BigInteger, nullable=False),  # of the map snapshot it wrote
    Column("method", String(16), nullable=False),  # hdbscan | kmeans | ward
    Column("settings", Json, nullable=False),
    Column("features", Json, nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("sampled", BigInteger, nullable=False),
    Column("quality", Json),  # filled in after the clusters are there
    Column("bounds", Json, nullable=False),  # [xmin, xmax, ymin, ymax] of the projection
    Column("fingerprint", String(64), nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),  # the identity, across runs
    Column("colour", Integer, nullable=False),  # place in the categorical palette
    Column("name", String(120)),  # a person's own; null: the run's
    Column("sentence", Text),
    Column("named_by", String(100)),
    Column("named_at", UtcDateTime),
    Column("first_run_id", BigInteger, ForeignKey("cluster_runs.id"), nullable=False),
)

cluster_members = Table(
    "cluster_members",
    metadata,
    Column("cluster_run_id", BigInteger, ForeignKey("cluster_runs.id"), primary_key=True),
    Column("label", Integer, primary_key=True),  # in that run; -1 is noise
    Column("cluster_id", BigInteger, ForeignKey("clusters.id")),  # null for noise
    Column("size", BigInteger, nullable=False),
    Column("share", Float, nullable=False),
    Column("revenue", Float, nullable=False),
    Column("name", String(120), nullable=False),  # found by the run
    Column("sentence", Text, nullable=False),
    Column("overlap", Float),  # Jaccard with the cluster of the run before it was matched to
    Column("box", Json, nullable=False),  # [x0, x1, y0, y1] that holds nine in ten of it
    Column("effects", Json, nullable=False),  # what sets it apart, strongest first
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("cluster_run_id", BigInteger, ForeignKey("cluster_runs.id"), nullable=False),
    Column("x", Float, nullable=False),
    Column("y", Float, nullable=False),
    Column("text", String(400), nullable=False),
    Column("author", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("verified", Boolean, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Json, nullable=False),
    Index(None, "subject"),
)
