"""Ask an API on this machine from a process of its own: as fast as it answers, or at a pace.

``python -m tests.benchmarks.http_load`` reads JSON lines of requests on standard input, the first
the settings, and prints rate, latencies and how many answers were no 200.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import uvloop


@dataclass
class Load:
    """What is sent and what came back.

    Parameters
    ----------
    pace : float
        Requests a second over all connections; 0: each connection asks again once it has an answer.
    """

    requests: Iterator[bytes]
    seconds: float
    pace: float
    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # what this process is behind its own pace
    failed: int = 0
    stops: float = 0.0


class Caller(asyncio.Protocol):
    """One connection; it takes answers whole, by their content length."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.sent: list[float] = []  # times of requests that wait for their answers
        self.buffer = b""
        self.closed_loop = not load.pace

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        if self.closed_loop:
            self.send(time.perf_counter())

    def send(self, at: float) -> None:
        self.sent.append(at)
        self.transport.write(next(self.load.requests))

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            place = self.buffer.find(b"content-length: ") + 16
            end = head + 4 + int(self.buffer[place : self.buffer.find(b"\r\n", place)])
            if len(self.buffer) < end:
                return
            now = time.perf_counter()
            self.load.failed += self.buffer[9:12] != b"200"
            self.load.latencies.append(now - self.sent.pop(0))
            self.buffer = self.buffer[end:]
            if self.closed_loop and now < self.load.stops:
                self.send(now)


async def run(load: Load, port: int, connections: int) -> dict[str, float]:
    """Load the server and say how it went."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    load.stops = began + load.seconds
    callers = []
    for _ in range(connections):
        _, caller = await loop.create_connection(lambda: Caller(load), "127.0.0.1", port)
        callers.append(caller)
    if load.pace:
        await _paced(load, callers, time.perf_counter())
    else:
        await asyncio.sleep(load.seconds)
    spent = time.perf_counter() - began
    while any(caller.sent for caller in callers) and time.perf_counter() < load.stops + 5:
        await asyncio.sleep(0.02)
    for caller in callers:
        caller.transport.close()
    times = sorted(load.latencies)
    share = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    at = {name: times[int(len(times) * part)] * 1000 for name, part in share.items()}
    late = sorted(load.late or [0.0])
    at["late"] = late[int(len(late) * 0.99)] * 1000
    return {"rate": len(times) / spent, "failed": load.failed, "n": len(times), **at}


async def _paced(load: Load, callers: list[Caller], began: float) -> None:
    """Send at even distances, whatever comes back: a slow answer holds up no later question.

    Times are taken from when a question was sent: on a crowded machine this process is late, too,
    which says nothing of the server, and is told apart. What is due together goes together, since
    timers have milliseconds.
    """
    number, last = 0, int(load.pace * load.seconds)
    while number < last:
        due = min(int((time.perf_counter() - began) * load.pace) + 1, last)
        for each in range(number, due):
            now = time.perf_counter()
            load.late.append(now - began - each / load.pace)
            callers[each % len(callers)].send(now)
        number = due
        await asyncio.sleep(0.001)


def main() -> None:
    """Read settings and requests, and run."""
    settings = json.loads(sys.stdin.readline())
    requests = [json.loads(line).encode("latin-1") for line in sys.stdin]
    load = Load(cycle(requests), settings["seconds"], settings["pace"])
    print(json.dumps(uvloop.run(run(load, settings["port"], settings["connections"]))))


if __name__ == "__main__":
    main()
