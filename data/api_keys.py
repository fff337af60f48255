"""API keys: made, rotated and revoked; only a digest is kept, so that nobody can read one back.

A key reads ``kd_<public id>_<secret>``: the public id finds its row, and the digest of the whole is
compared in constant time. The secret has 160 random bits, so a plain SHA-256 is enough: nobody can
try that many, and a slow hash would only slow every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from data import audit
from data.audit import Actor
from data.serving_schema import api_keys
from kindred.errors import UserError

GRACE: Final = timedelta(hours=24)
_NOBODY: Final = "0" * 64  # what an unknown key is compared with, so that it takes as long


class Scope(StrEnum):
    """What a key may do."""

    COLLECT = "collect"  # send events
    EVALUATE = "evaluate"  # ask what is live for one person
    READ = "read"  # read people and members
    ADMIN = "admin"  # read metrics


FOR_BROWSERS: Final = frozenset({Scope.COLLECT, Scope.EVALUATE})


@dataclass(frozen=True)
class ApiKey:
    """A key as it is kept; the secret is not in it.

    Parameters
    ----------
    browser : bool
        Its holder is a public page: whoever reads the page has it.
    rate : int or None
        Events or requests a second; None: the API's own limit.
    """

    id: int
    public_id: str
    name: str
    digest: str
    scopes: frozenset[Scope]
    browser: bool
    rate: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None

    def valid(self, at: datetime) -> bool:
        """Tell whether it opens anything at a time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def create_key(
    conn: Connection,
    name: str,
    scopes: Collection[Scope],
    *,
    actor: Actor,
    at: datetime,
    browser: bool = False,
    rate: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; gives it and, this once, what its holder must send.

    Raises
    ------
    UserError
        It has no name or no scope, or a public page would hold what is not for the public.
    """
    name = name.strip()
    if not name:
        raise UserError("The key has no name.", "Name it after who will hold it.", "name")
    if not scopes:
        raise UserError("The key may do nothing.", f"Choose of {', '.join(Scope)}.", "scopes")
    if browser and not FOR_BROWSERS.issuperset(scopes):
        allowed = " and ".join(sorted(FOR_BROWSERS))
        raise UserError(
            "A browser's key is public: whoever opens the page can read it.",
            f"Give it {allowed} only, or let a server hold the key.",
            "scopes",
        )
    if rate is not None and rate < 1:
        raise UserError(f"{rate} a second is no limit.", "Give 1 or more, or none.", "rate")
    public_id, token = _draw()
    values = {
        "public_id": public_id,
        "name": name[:120],
        "digest": digest(token),
        "scopes": sorted(scopes),
        "browser": browser,
        "rate": rate,
        "created_at": at,
        "created_by": actor.name,
    }
    conn.execute(insert(api_keys).values(**values))
    detail = {"name": name, "scopes": sorted(scopes), "browser": browser}
    audit.record(conn, actor, "key.created", f"key:{public_id}", detail, at=at)
    return find_key(conn, public_id), token


def rotate_key(
    conn: Connection, wanted: str, *, actor: Actor, at: datetime, grace: timedelta = GRACE
) -> tuple[ApiKey, str]:
    """Make a key that may do the same, and let the old one end after `grace`."""
    old = find_key(conn, wanted)
    if not old.valid(at):
        raise UserError(f"The key {old.public_id} is no longer valid.", "Make a new one.")
    ends = at + grace
    if old.expires_at is None or ends < old.expires_at:
        conn.execute(update(api_keys).where(api_keys.c.id == old.id).values(expires_at=ends))
    new, token = create_key(
        conn, old.name, old.scopes, actor=actor, at=at, browser=old.browser, rate=old.rate
    )
    detail = {"replaced_by": new.public_id, "ends": ends.isoformat()}
    audit.record(conn, actor, "key.rotated", f"key:{old.public_id}", detail, at=at)
    return new, token


def revoke_key(conn: Connection, wanted: str, *, actor: Actor, at: datetime) -> ApiKey:
    """End a key at once."""
    key = find_key(conn, wanted)
    if key.revoked_at is not None:
        raise UserError(f"The key {key.public_id} is revoked already.", "There is nothing to do.")
    conn.execute(
        update(api_keys).where(api_keys.c.id == key.id).values(revoked_at=at, revoked_by=actor.name)
    )
    audit.record(conn, actor, "key.revoked", f"key:{key.public_id}", {"name": key.name}, at=at)
    return find_key(conn, key.public_id)


def find_key(conn: Connection, wanted: str) -> ApiKey:
    """Find a key by its public id, or by a name that one unrevoked key alone has."""
    row = conn.execute(select(api_keys).where(api_keys.c.public_id == wanted)).one_or_none()
    if row is not None:
        return _key(row)
    standing = (api_keys.c.name == wanted) & api_keys.c.revoked_at.is_(None)
    named = conn.execute(select(api_keys).where(standing & api_keys.c.expires_at.is_(None))).all()
    if len(named) == 1:
        return _key(named[0])
    why = "Several keys have that name" if named else "There is no such key"
    raise UserError(f"{why}: {wanted}.", "Give its id, as `keys list` shows it.", "key")


def list_keys(conn: Connection) -> list[ApiKey]:
    """List all keys, the newest first."""
    return [_key(row) for row in conn.execute(select(api_keys).order_by(api_keys.c.id.desc()))]


def valid_keys(conn: Connection, at: datetime) -> dict[str, ApiKey]:
    """Give the keys that open something at a time, by public id."""
    rows = conn.execute(select(api_keys).where(api_keys.c.revoked_at.is_(None)))
    return {key.public_id: key for key in map(_key, rows) if key.valid(at)}


def recognise(keys: Mapping[str, ApiKey], token: str, at: datetime) -> ApiKey | None:
    """Find the key that a caller sent, comparing in constant time."""
    parts = token.split("_")
    key = keys.get(parts[1]) if len(parts) == 3 else None
    known = key.digest if key is not None else _NOBODY
    same = hmac.compare_digest(digest(token), known)
    return key if key is not None and same and key.valid(at) else None


def note_used(conn: Connection, public_ids: Sequence[str], *, at: datetime) -> None:
    """Remember that keys were used."""
    conn.execute(
        update(api_keys).where(api_keys.c.public_id.in_(public_ids)).values(last_used_at=at)
    )


def digest(token: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _draw() -> tuple[str, str]:
    public_id = secrets.token_hex(5)
    return public_id, f"kd_{public_id}_{secrets.token_hex(20)}"


def _key(row: Row[Any]) -> ApiKey:
    values = dict(row._mapping)
    return ApiKey(**{**values, "scopes": frozenset(Scope(scope) for scope in row.scopes)})
