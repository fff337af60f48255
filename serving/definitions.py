"""What is published, held in the memory of each process and taken over within a second of a change.

The store is looked at twice a second, by one small query. What is new is read and compiled beside
what is held, and then takes its place at once: a request sees the one or the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from data.engine import reader
from data.live_profiles import LivePerson, LiveState
from data.live_views import Wants
from data.published import Published, Thresholds, mark_of, read_published
from kindred.segments.durations import micros
from kindred.segments.profile import Profile
from serving.context import Serving
from serving.ending import when_ending
from serving.experiment_flags import ExperimentFlag, experiment_flags
from serving.flags import NEVER, Asked, SegmentFlag, segment_flag
from serving.raw import Patience

Flag = SegmentFlag | ExperimentFlag


@dataclass(frozen=True)
class Held:
    """One state of what is published.

    Parameters
    ----------
    fixed : int or None
        Where the workspace's clock stands, in microseconds since 1970; None: it goes.
    number : int
        Counts the states that this process has held.
    payloads : dict
        What GrowthBook's SDKs are told of this state, once it was asked for; by who is a browser.
    """

    published: Published
    segments: Mapping[str, SegmentFlag]
    experiments: Mapping[str, ExperimentFlag]
    flags: Mapping[str, Flag]
    state: LiveState
    fixed: int | None
    number: int = 0
    payloads: dict[bool, Any] = field(default_factory=dict, compare=False)

    def flag(self, key: str, browser: bool) -> Flag | None:
        """Find a flag, if it may be told."""
        flag = self.flags.get(key)
        return flag if flag is not None and (flag.browser or not browser) else None

    def segment(self, key: str, browser: bool) -> SegmentFlag | None:
        """Find a segment, if it may be told."""
        flag = self.segments.get(key)
        return flag if flag is not None and (flag.browser or not browser) else None

    def flags_for(self, browser: bool) -> list[Flag]:
        """List the flags that may be told, segments first, by key."""
        return [flag for flag in self.flags.values() if flag.browser or not browser]

    def segments_for(self, browser: bool) -> list[SegmentFlag]:
        """List the segments that may be told, by key."""
        return [flag for flag in self.segments.values() if flag.browser or not browser]

    def now(self) -> int:
        """Give the time that windows end at, in microseconds since 1970."""
        return time.time_ns() // 1000 if self.fixed is None else self.fixed


@dataclass
class Definitions:
    """Holds what is published, and wakes whoever waits for a change."""

    shared: Serving
    held: Held
    _thresholds: Thresholds
    _loop: asyncio.AbstractEventLoop
    patience: Patience
    streams: set[object] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def start(cls, shared: Serving) -> None:
        """Read what is published, and look for changes from here on; a part of the process."""
        kept, state, now = Thresholds(), shared.live.state(), datetime.now(UTC)
        with reader(shared.engine).connect() as conn:
            published = read_published(shared.workspace, conn, state, now, thresholds=kept)
        opened = cls(
            shared,
            _held(published, state, 1),
            kept,
            asyncio.get_running_loop(),
            Patience(shared.settings.patience),
        )
        shared.parts[cls] = opened
        when_ending(opened._end)
        shared.each_look.append(opened.look)

    def look(self) -> None:
        """Take over what has changed, if anything."""
        state, now = self.shared.live.state(), datetime.now(UTC)
        held = self.held.published
        with reader(self.shared.engine).connect() as conn:
            turned = held.until is not None and now >= held.until
            if not turned and mark_of(conn, state) == held.mark:
                return
            published = read_published(
                self.shared.workspace, conn, state, now, thresholds=self._thresholds
            )
        self.held = _held(published, state, self.held.number + 1)
        with contextlib.suppress(RuntimeError):  # the process ends meanwhile
            self._loop.call_soon_threadsafe(self._wake)

    def _end(self) -> None:
        self.shared.stopping = True
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()

    async def changed(self, since: int, patience: float) -> bool:
        """Wait until another state than `since` is held; false where none came in time."""
        if self.held.number != since:
            return True
        try:
            await asyncio.wait_for(self._changed.wait(), patience)
        except TimeoutError:
            return False
        return True


def _held(published: Published, state: LiveState, number: int) -> Held:
    segments = {key: segment_flag(told, published) for key, told in published.segments.items()}
    experiments = experiment_flags(published.experiments, segments)
    clock = published.mark.clock_fixed_at
    fixed = None if clock is None else micros(clock)
    flags: dict[str, Flag] = {**segments, **experiments}
    return Held(published, segments, experiments, flags, state, fixed, number)


def ask_about(shared: Serving, held: Held, person_id: str, wants: Wants | None = None) -> Asked:
    """Read what is known of a person right now: all of it, or what an answer takes."""
    live = shared.live
    found = live.person(person_id) if wants is None else live.glance(person_id, wants)
    return asked_of(held, person_id, found)


def asked_of(held: Held, person_id: str, person: LivePerson | None) -> Asked:
    """Put what is known of a person as flags ask; of who nobody has heard of, that is nothing."""
    if person is None:
        # Whoever has no events anywhere has none in any window, as soon as events are held at all.
        since = NEVER if held.state.events_since is None else -NEVER
        return Asked(Profile(person_id, {}, {}, {}, {}), held.now(), since, {})
    since = NEVER if person.since is None else person.since
    return Asked(person.profile, held.now(), since, person.memberships)
