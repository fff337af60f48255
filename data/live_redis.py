"""Shelves in Redis, one hash a shelf: API processes on several machines share live state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from redis import ConnectionError as RedisAway
from redis import Redis, RedisError
from redis.exceptions import TimeoutError as RedisSlow

from data.live_store import Address, Change, LiveStoreDown
from data.workspace import Workspace
from kindred.errors import UserError

PATIENCE: Final = 2.0  # seconds in which it must answer
CHUNK: Final = 1_000  # values sent at once


class RedisStore:
    """Shelves in Redis; a write is one ``MULTI``, a read one round trip."""

    def __init__(self, client: Redis, name: str) -> None:
        self._client = client
        self._name = name

    @classmethod
    def at(cls, url: str, workspace: Workspace) -> RedisStore:
        """Connect; several workspaces may share a server.

        Raises
        ------
        UserError
            Nothing answers there.
        """
        try:
            client = Redis.from_url(
                url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, protocol=2
            )
            client.ping()
        except (RedisError, ValueError, OSError) as error:
            raise UserError(
                f"Redis does not answer: {error}.",
                "See that KINDRED_REDIS_URL is right and that the server is up, or unset it.",
            ) from error
        digest = hashlib.blake2b(str(workspace.home).encode(), digest_size=6).hexdigest()
        return cls(client, f"kindred:{digest}")

    def read(self, addresses: Sequence[Address]) -> list[bytes | None]:
        """Read some values, all as they were at one moment."""
        with _answering(), self._client.pipeline(transaction=True) as pipe:
            for shelf, key in addresses:
                pipe.hget(self._shelf(shelf), key)
            found: list[bytes | None] = pipe.execute()
            return found

    def write(self, changes: Iterable[Change]) -> None:
        """Write some values, all or none of them."""
        with _answering(), self._client.pipeline(transaction=True) as pipe:
            for shelf, key, value in changes:
                name: Any = self._shelf(shelf)
                if value is None:
                    pipe.hdel(name, key)
                else:
                    pipe.hset(name, key, value)
            pipe.execute()

    def fill(self, shelf: str, items: Iterable[tuple[bytes, bytes]]) -> None:
        """Add many values."""
        rest = iter(items)
        with _answering():
            while chunk := dict(islice(rest, CHUNK)):
                self._client.hset(self._shelf(shelf), mapping=chunk)  # type: ignore[arg-type]

    def clear(self, shelf: str) -> None:
        """Take everything off a shelf; Redis frees the memory beside its other work."""
        with _answering():
            self._client.unlink(self._shelf(shelf))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _shelf(self, shelf: str) -> str:
        return f"{self._name}:{shelf}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisAway, RedisSlow) as error:
        raise LiveStoreDown(type(error).__name__) from error
