"""Measure OFREP: against a bare handler on the same server, at half of saturation, and freshness.

``python -m tests.benchmarks.bench_evaluate [PEOPLE] [SECONDS]``
"""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from data.store import open_store
from data.workspace import Workspace, workspace_at
from kindred.segments import rules as r
from tests.benchmarks.evaluate_app import BARE, FASTAPI, STARLETTE
from tests.benchmarks.evaluate_world import make, rules
from tests.services.dashboard import ROOT
from tests.support.served import Town

CONNECTIONS = 32
ROUNDS = 5


@dataclass(frozen=True)
class Server:
    """The API and the bare handler in a process of their own."""

    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds of processor that it has taken."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def served(workspace: Workspace) -> Iterator[Server]:
    """Serve until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "tests.benchmarks.evaluate_app:create", "--factory"]
    command += ["--port", str(port), "--loop", "uvloop", "--no-access-log"]
    command += ["--http", "serving.protocol:Protocol", "--no-proxy-headers"]
    command += ["--log-level", "warning", "--no-server-header"]
    environment = {**os.environ, "KINDRED_HOME": str(workspace.home), "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield Server(port, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(20)


def load(
    server: Server, requests: list[bytes], *, seconds: float, pace: float = 0
) -> dict[str, Any]:
    """Load the server from another process; with the processor's time a request took, in µs."""
    settings = {"port": server.port, "connections": CONNECTIONS, "seconds": seconds, "pace": pace}
    lines = [json.dumps(settings), *(json.dumps(each.decode("latin-1")) for each in requests)]
    before = server.cpu()
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.http_load"],
        input="\n".join(lines).encode(),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return {**said, "cpu": (server.cpu() - before) / said["n"] * 1e6}


def request(path: str, key: str, body: bytes) -> bytes:
    """Write a request whole."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def questions(key: str, people: int, count: int = 20_000) -> list[bytes]:
    """Ask about random people and all segments alike."""
    dice, keys = random.Random(3), sorted(rules())
    return [
        request(
            f"/ofrep/v1/evaluate/flags/{keys[n % len(keys)]}",
            key,
            b'{"context":{"targetingKey":"u%d"}}' % dice.randrange(people),
        )
        for n in range(count)
    ]


def freshness(workspace: Workspace, port: int, key: str) -> list[float]:
    """Publish and roll back, and see how long the answer stays as it was, in seconds."""
    engine = open_store(workspace)
    town = Town(workspace, engine)
    town.publish("fresh", r.AllRule(()))
    time.sleep(1)
    town.publish("fresh", r.AnyRule((r.TraitRule("plan", "eq", "none such"),)))
    time.sleep(1)
    took = []
    for number in range(20):
        wanted = number % 2 == 0
        time.sleep(random.random())
        town.roll_back("fresh", 1 if wanted else 2)
        began = time.perf_counter()
        while _answer(port, key) is not wanted:
            pass
        took.append(time.perf_counter() - began)
    engine.dispose()
    return took


def _answer(port: int, key: str) -> Any:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/ofrep/v1/evaluate/flags/fresh",
        b'{"context":{"targetingKey":"u1"}}',
        {"Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(asked) as found:
        return json.load(found)["value"]


def against_bare(
    server: Server, asked: list[bytes], others: dict[str, list[bytes]], seconds: float
) -> float:
    """Hold OFREP against handlers that return a constant, in turn; gives its saturation."""
    load(server, asked, seconds=2)  # warm
    every = {**others, "OFREP": asked}
    rounds = [
        {name: load(server, requests, seconds=seconds) for name, requests in every.items()}
        for _ in range(ROUNDS)
    ]
    for each in rounds:
        print("; ".join(_said(name, found) for name, found in each.items()))
    for name in others:
        rates = statistics.median(each["OFREP"]["rate"] / each[name]["rate"] for each in rounds)
        work = statistics.median(each[name]["cpu"] / each["OFREP"]["cpu"] for each in rounds)
        print(f"OFREP / {name}: {rates:.2f} by throughput, {work:.2f} by processor time")
    return float(statistics.median(each["OFREP"]["rate"] for each in rounds))


def at_half(
    server: Server, asked: list[bytes], bare: list[bytes], pace: float, seconds: float
) -> None:
    """See how long answers take at a pace, beside those of a handler that only returns."""
    for _ in range(ROUNDS):
        for name, requests in (("OFREP", asked), ("bare ASGI", bare)):
            half = load(server, requests, seconds=seconds, pace=pace)
            print(
                f"{name} at {half['rate']:,.0f}/s: p50 {half['p50']:.2f} ms, "
                f"p99 {half['p99']:.2f} ms (wanted: 5 ms), p99.9 {half['p999']:.2f} ms; "
                f"failed {half['failed']}; the load itself late by {half['late']:.2f} ms (p99); "
                f"machine's load {os.getloadavg()[0]:.1f}"
            )


def _said(name: str, found: dict[str, Any]) -> str:
    failed = f", {found['failed']} failed" if found["failed"] else ""
    return f"{name} {found['rate']:,.0f}/s at {found['cpu']:.0f} µs of processor{failed}"


def main(people: int = 1_000_000, seconds: float = 8) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = workspace_at(Path(folder))
        began = time.perf_counter()
        key = make(workspace, people)
        spent = time.perf_counter() - began
        print(f"{people:,} people and {len(rules())} segments made in {spent:.0f} s")
        with served(workspace) as server:
            asked = questions(key, people)
            bodies = [each.split(b"\r\n\r\n")[1] for each in asked[:1000]]
            constants = {
                "bare ASGI": [request(BARE, key, body) for body in bodies],
                "Starlette's route": [request(STARLETTE, key, body) for body in bodies],
                "FastAPI's function": [request(FASTAPI, key, body) for body in bodies],
            }
            saturated = against_bare(server, asked, constants, seconds)
            print(f"saturation {saturated:,.0f}/s")
            at_half(server, asked, constants["bare ASGI"], saturated / 2, seconds)
            took = sorted(freshness(workspace, server.port, key))
            print(
                f"publish → answer changed, {len(took)} times: "
                f"median {took[len(took) // 2]:.2f} s, longest {took[-1]:.2f} s (wanted: 1 s)"
            )


if __name__ == "__main__":
    main(*(kind(text) for kind, text in zip((int, float), sys.argv[1:], strict=False)))
