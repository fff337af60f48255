"""`python -m serving` as it runs: several workers, their counts, their logs, and how they end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.audit import Actor
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace
from kindred.segments import rules as r
from tests.support.collected import events
from tests.support.served import Town

ROOT = Path(__file__).parents[2]
WORKERS = 2
FLAG = "/ofrep/v1/evaluate/flags/all"
ROUTE = "/ofrep/v1/evaluate/flags/{key:path}"
QUESTION = '{"context": {"targetingKey": "u1"}}'


@dataclass
class Process:
    port: int
    key: str
    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, route: str) -> list[dict[str, Any]]:
        """Read what the workers logged of a route."""
        said = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, said) if line.get("route") == route]

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self.key}"}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()


@pytest.fixture
def process(workspace: Workspace, engine: Engine, tmp_path: Path) -> Iterator[Process]:
    with engine.begin() as conn:
        scopes = {Scope.COLLECT, Scope.ADMIN, Scope.EVALUATE}
        _, key = create_key(conn, "test", scopes, actor=Actor("ann"), at=datetime.now(UTC))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        HOME_VARIABLE: str(workspace.home),
        STORE_VARIABLE: workspace.store_url,
        "KINDRED_API_LOG": "INFO",
    }
    command = [sys.executable, "-m", "serving", "--port", str(port), "--workers", str(WORKERS)]
    log = tmp_path / "log"
    with log.open("wb") as said:
        started = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=said)
    running = Process(port, key, started, log)
    deadline = time.monotonic() + 60
    while running.ask("GET", "/readyz")[0] != 200:
        assert time.monotonic() < deadline, "it did not start"
        time.sleep(0.05)
    yield running
    running.process.kill()
    running.process.wait()


@pytest.mark.slow
def test_workers_count_together_log_nobody_and_end_when_told(
    process: Process, workspace: Workspace
) -> None:
    for number in range(30):
        event = {"event": "Seen", "userId": "somebody-secret", "messageId": f"m{number}"}
        assert process.ask("POST", "/v1/track", json.dumps(event))[0] == 200
    assert process.ask("POST", "/v1/track?person=somebody-secret", '{"a": 1}')[0] == 400
    text = process.ask("GET", "/metrics")[1]
    assert 'kindred_events_total{outcome="accepted"} 30.0' in text
    assert 'kindred_events_total{outcome="refused"} 1.0' in text
    assert 'kindred_requests_total{method="POST",route="/v1/track",status="200"} 30.0' in text
    process.process.send_signal(signal.SIGTERM)
    assert process.process.wait(30) in (0, -signal.SIGTERM)
    said, asked = process.log.read_text(), process.lines("/v1/track")
    assert len(asked) == 31
    assert {line["status"] for line in asked} == {200, 400}
    assert all(line["key"] == process.key.split("_")[1] for line in asked)
    assert "somebody-secret" not in said
    assert process.key not in said
    assert len(events(workspace)) == 30


@pytest.mark.slow
def test_workers_end_with_what_keeps_them(process: Process) -> None:
    supervisor = process.process.pid
    kept = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    assert len(kept) >= WORKERS
    process.process.kill()
    deadline = time.monotonic() + 60
    while (left := [pid for pid in kept if _lives(pid)]) or process.ask("GET", "/healthz")[0]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def _lives(pid: str) -> bool:
    """Say whether a process runs; one that ended stays listed until somebody asks how."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_every_worker_answers_by_what_is_published(process: Process, town: Town) -> None:
    def every_worker_says(status: int) -> None:
        """Ask on many connections at once until each worker has answered so, and only so."""
        before, deadline = len(process.lines(ROUTE)), time.monotonic() + 60
        while True:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda _: process.ask("POST", FLAG, QUESTION), range(32)))
            asked = process.lines(ROUTE)
            newest = {line["process"]: line["status"] for line in asked[before:]}
            if set(newest.values()) == {status} and len(newest) == WORKERS:
                return
            assert time.monotonic() < deadline, newest

    every_worker_says(404)
    town.publish("all", r.AllRule(()))
    every_worker_says(200)
    town.withdraw("all")
    every_worker_says(404)
    for worker in {line["process"] for line in process.lines(ROUTE)}:
        said = [line["status"] for line in process.lines(ROUTE) if line["process"] == worker]
        assert [status for status, _ in groupby(said)] == [404, 200, 404]
