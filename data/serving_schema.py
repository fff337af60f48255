"""Tables of what serving and collecting need: API keys."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from data.schema import BigId, Json, UtcDateTime, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("public_id", String(16), nullable=False, unique=True),  # the part that may be shown
    Column("name", String(120), nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the whole key, in hexadecimal
    Column("scopes", Json, nullable=False),  # see data.api_keys.Scope
    Column("browser", Boolean, nullable=False),  # its holder is a public page
    Column("rate", Integer),  # events or requests a second; null: the API's own limit
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("expires_at", UtcDateTime),  # from then on it is no key; null: never
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", String(100)),
    Column("last_used_at", UtcDateTime),  # to about a minute
    Index(None, "name"),
)
