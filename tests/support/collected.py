"""What the log of a workspace holds, in order."""

from __future__ import annotations

from data.collect_log import Frame, Refused, log_folder, read_frames, segments
from data.workspace import Workspace
from kindred.intake import Event


def frames(workspace: Workspace) -> list[Frame]:
    """Read every whole frame."""
    folder = log_folder(workspace)
    return [
        placed.frame
        for name in segments(folder)
        for placed in read_frames(folder / name, 0, 1 << 40)
    ]


def events(workspace: Workspace) -> list[Event]:
    """Read every event that was taken in."""
    return [event for frame in frames(workspace) for event in frame.events]


def refusals(workspace: Workspace) -> list[Refused]:
    """Read every event that was refused."""
    return [refused for frame in frames(workspace) for refused in frame.refused]
