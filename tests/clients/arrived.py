"""What SDKs sent, as it stands in the log that collect answers from."""

from __future__ import annotations

from collections import defaultdict

from data.collect_log import log_folder, read_frames, segments
from kindred.intake import Event
from tests.support.api import Api

KINDS = ["alias", "group", "identify", "page", "screen", "track"]


def events_of(api: Api, *people: str) -> dict[str, list[Event]]:
    """Read everything durable of some people, by type."""
    found: dict[str, list[Event]] = defaultdict(list)
    folder = log_folder(api.serving.workspace)
    for name in segments(folder):
        for placed in read_frames(folder / name, 0, 1 << 30):
            for event in placed.frame.events:
                if event.person in people:
                    found[event.type or ""].append(event)
    return found
