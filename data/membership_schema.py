"""Tables of who belongs to which segment: runs that counted, sizes over time, uploaded lists."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from data.schema import BigId, UtcDateTime, metadata

membership_runs = Table(
    "membership_runs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("run_id", BigInteger, ForeignKey("pipeline_runs.id")),
    Column("follows", BigInteger, nullable=False, unique=True),  # the run whose files it compared
    Column("at", UtcDateTime, nullable=False),
    Column("as_of", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),  # of the events it read
    Column("trait_run_id", BigInteger, ForeignKey("trait_runs.id"), nullable=False),
    Column("people", BigInteger, nullable=False),
    Column("fingerprint", String(64), nullable=False),  # of inputs and live versions
)

segment_sizes = Table(
    "segment_sizes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("membership_run_id", BigInteger, ForeignKey("membership_runs.id"), nullable=False),
    Column("key", String(64), nullable=False),  # of the segment
    Column("version", Integer),  # null: none was live any more
    Column("as_of", UtcDateTime, nullable=False),
    Column("computed_at", UtcDateTime, nullable=False),
    Column("dataset_version", BigInteger, nullable=False),
    Column("size", BigInteger),  # null: it could not be counted, see error
    Column("people", BigInteger, nullable=False),  # of whom it is a share
    Column("revenue_share", Float),  # of all that was spent; null: not known
    Column("joined", BigInteger),  # since the row before; null: nothing to compare with
    Column("left", BigInteger),
    Column("path", String(400)),  # of the members, below the lake's folder
    Column("backcast", Boolean, nullable=False),  # counted afterwards for an earlier time
    Column("error", Text),
    Index(None, "key", "id"),
)

id_lists = Table(
    "id_lists",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),  # what rules call it; its newest row counts
    Column("name", String(120), nullable=False),
    Column("path", String(400), nullable=False),  # below the lake's folder
    Column("rows_read", BigInteger, nullable=False),  # = blank + duplicate + invalid + kept
    Column("blank", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("invalid", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Column("known", BigInteger),  # of the kept, people of the last traits run; null: there was none
    Column("encoding", String(16), nullable=False),
    Column("uploaded_at", UtcDateTime, nullable=False),
    Column("uploaded_by", String(100), nullable=False),
    Index(None, "key", "id"),
)
