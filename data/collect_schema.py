"""Tables of what was collected: how far the log has been moved, counts by hour, refusals."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from data.schema import UtcDateTime, metadata

collect_positions = Table(
    "collect_positions",
    metadata,
    Column("segment", String(64), primary_key=True),  # of the log
    Column("position", BigInteger, nullable=False),  # bytes whose events are in the lake
)

collect_hours = Table(
    "collect_hours",
    metadata,
    Column("hour", UtcDateTime, primary_key=True),  # in which they were received
    Column("key_id", String(16), primary_key=True),  # public id of the API key
    # received = added + duplicates + rejected
    Column("received", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("duplicates", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

collect_rejections = Table(
    "collect_rejections",
    metadata,
    Column("day", String(10), primary_key=True),  # in which they were received
    Column("key_id", String(16), primary_key=True),
    Column("reason", String(200), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("example", Text, nullable=False),  # how the last one began
)
