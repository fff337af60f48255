"""Tell parts of a process that it is about to end, before the server waits for its connections.

The server ends the application only once every connection is closed, and a stream never closes by
itself; so the streams are told by the signal that tells the server.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any


def when_ending(call: Callable[[], None]) -> None:
    """Call something when the process is told to end, before whoever was to be told until now."""
    if threading.current_thread() is not threading.main_thread():
        return  # signals reach the main thread alone; whoever serves in another ends it himself
    for each in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(each)

        def told(number: int, frame: Any, before: Any = before) -> None:
            call()
            if callable(before):
                before(number, frame)

        signal.signal(each, told)
