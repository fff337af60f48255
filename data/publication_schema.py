"""Tables of the one mechanism by which anything is published: drafts, versions, publications."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from data.schema import BigId, Json, UtcDateTime, metadata

SEGMENT = "segment"  # the kind of a segment's definition

definitions = Table(
    "definitions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),  # segment | steering | model | experiment
    Column("key", String(64), nullable=False),  # what serving and other systems call it
    Column("name", String(120), nullable=False),
    Column("owner", String(100), nullable=False),
    Column("tags", Json, nullable=False),
    Column("notes", Text, nullable=False, server_default=""),
    Column("draft", Json),  # null: nothing differs from the last version
    Column("revision", Integer, nullable=False),  # of draft and particulars: compare-and-set
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", String(100), nullable=False),
    UniqueConstraint("kind", "key"),
)

versions = Table(
    "versions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("definition_id", BigInteger, ForeignKey("definitions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("body", Json, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("evidence", Json, nullable=False),  # what was seen when it was made: size, as_of …
    Column("at", UtcDateTime, nullable=False),
    Column("author", String(100), nullable=False),
    UniqueConstraint("definition_id", "number"),
)

version_references = Table(
    "version_references",
    metadata,
    Column("version_id", BigInteger, ForeignKey("versions.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("key", String(64), primary_key=True),  # of the definition that the version uses
    Index(None, "kind", "key"),
)

publications = Table(
    "publications",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("definition_id", BigInteger, ForeignKey("definitions.id"), nullable=False),
    Column("version_id", BigInteger, ForeignKey("versions.id"), nullable=False),
    Column("action", String(16), nullable=False),  # published | rolled_back
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("why", Text, nullable=False),
    Column("valid_from", UtcDateTime),
    Column("valid_until", UtcDateTime),
    Column("browser", Boolean, nullable=False),  # may it be told to browsers?
    Column("ended_at", UtcDateTime),  # null: it stands
    Column("ended_as", String(16)),  # superseded | withdrawn
    Column("ended_by", String(100)),
    Column("ended_why", Text),
    Index(None, "definition_id", "ended_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("key", String(64), nullable=False),
    Column("action", String(16), nullable=False),  # published | rolled_back | withdrawn
    Column("version", Integer),  # that is live from here on; null: none
)
