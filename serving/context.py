"""What the handlers of one API process share: workspace, store, keys and live state."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from data.api_keys import ApiKey, note_used, recognise, valid_keys
from data.collect_log import log_folder
from data.collect_writer import LogWriter
from data.engine import reader
from data.live_profiles import LiveProfiles
from data.live_store import LiveStore, open_live_store
from data.store import open_store
from data.workspace import Workspace
from serving.limits import Limiter
from serving.settings import Settings

log = logging.getLogger(__name__)
Part = TypeVar("Part")
LOOK_SECONDS: Final = 0.5
USED_SECONDS: Final = 60.0


@dataclass
class Serving:
    """One API process.

    Parameters
    ----------
    each_look : list of callable
        Called twice a second in a thread, with the engine to read from; other parts (what is
        published) add theirs here.
    before_counts : list of callable
        Called in the event loop before metrics are read.
    ready : dict of str to bool
        What has to be true before the process takes requests; ``/readyz`` shows it.
    parts : dict
        What parts of the API keep for the process, by its type.
    """

    workspace: Workspace
    settings: Settings
    engine: Engine
    store: LiveStore
    live: LiveProfiles
    log: LogWriter
    limiter: Limiter
    keys: dict[str, ApiKey] = field(default_factory=dict)
    each_look: list[Callable[[], None]] = field(default_factory=list)
    before_counts: list[Callable[[], None]] = field(default_factory=list)
    ready: dict[str, bool] = field(default_factory=dict)
    parts: dict[type, Any] = field(default_factory=dict)
    stopping: bool = False
    _used: set[str] = field(default_factory=set)
    _recognised: dict[bytes, ApiKey] = field(default_factory=dict)
    _used_told: float = 0.0

    @classmethod
    def open(cls, workspace: Workspace, settings: Settings) -> Serving:
        """Open what a process needs."""
        store = open_live_store(workspace)
        opened = cls(
            workspace,
            settings,
            open_store(workspace),
            store,
            LiveProfiles(store),
            LogWriter(log_folder(workspace)),
            Limiter(settings.rate, settings.workers),
        )
        opened.log.start()
        opened.each_look.append(opened.look_up_keys)
        return opened

    def part(self, kind: type[Part]) -> Part:
        """Give what a part of the API keeps."""
        found: Part = self.parts[kind]
        return found

    def look_up_keys(self) -> None:
        """Take over which keys are valid; one that was revoked is refused from here on."""
        now = datetime.now(UTC)
        with reader(self.engine).connect() as conn:
            self.keys, self._recognised = valid_keys(conn, now), {}
        if self._used and now.timestamp() - self._used_told > USED_SECONDS:
            used, self._used = sorted(self._used), set()
            self._used_told = now.timestamp()
            with self.engine.begin() as conn:
                note_used(conn, used, at=now)

    def recognise(self, token: str) -> ApiKey | None:
        """Find the valid key that a caller sent.

        Keys that were recognised since the store was last looked at are found by their digest,
        which a caller can't choose: how long that takes tells nothing of a key.
        """
        known = self._recognised
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        key = known.get(name)
        if key is None:
            key = recognise(self.keys, token, datetime.now(UTC))
            if key is None:
                return None
            if key.expires_at is None:
                known[name] = key
            self._used.add(key.public_id)
        return key

    def look(self) -> None:
        """Look at the store once, for everything that may have changed in it."""
        try:
            for each in self.each_look:
                each()
            self.ready["store"] = True
        except SQLAlchemyError as error:  # what is known goes on being served
            log.warning("the store does not answer: %s", type(error).__name__)
            self.ready["store"] = False

    async def keep_looking(self) -> None:
        """Look at the store again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self.look)
            except Exception:
                log.exception("what changed could not be taken over")

    def close(self) -> None:
        """Let go of everything."""
        self.log.close()
        with contextlib.suppress(Exception):
            self.store.close()
        self.engine.dispose()


async def serving(request: Request) -> Serving:
    """Give what the process shares; a dependency of handlers."""
    found: Serving = request.app.state.serving
    return found
