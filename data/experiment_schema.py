"""Tables of experiments' results: by day of exposure, as of the last run, and of uploaded files."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from data.schema import BigId, Json, UtcDateTime, metadata

experiment_days = Table(
    "experiment_days",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),  # of the experiment
    Column("day", String(10), nullable=False),  # UTC, of the first exposure
    Column("signature", String(64), nullable=False),  # of all that its numbers were made from
    Column("units", BigInteger, nullable=False),
    Column("body", Json, nullable=False),  # sufficient statistics and counts
    UniqueConstraint("key", "day"),
)

experiment_results = Table(
    "experiment_results",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("as_of", UtcDateTime, nullable=False),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),
    Column("experiment", Json, nullable=False),  # as it was defined when it was computed
    Column("unknown_variations", BigInteger, nullable=False),
    Column("last_exposure_at", UtcDateTime),
    Column("days_computed", Integer, nullable=False),  # by the last run; the others stood
)

experiment_files = Table(
    "experiment_files",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("name", String(120), nullable=False),
    Column("kind", String(16), nullable=False),  # real | simulated: said on screens
    Column("source", String(200), nullable=False),  # the file, or where it comes from
    Column("notes", Text, nullable=False, server_default=""),
    Column("added_at", UtcDateTime, nullable=False),
    Column("added_by", String(100), nullable=False),
    Column("removed_at", UtcDateTime),
    Column("plan", Json, nullable=False),  # metrics, control, split, alpha, method
    Column("body", Json, nullable=False),  # arms, sufficient statistics, caveats
)
