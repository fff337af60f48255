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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.audit import Actor
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace
from tests.support.collected import events

ROOT = Path(__file__).parents[2]


@dataclass
class Process:
    port: int
    key: str
    process: subprocess.Popen[str]

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
def process(workspace: Workspace, engine: Engine) -> Iterator[Process]:
    with engine.begin() as conn:
        scopes = {Scope.COLLECT, Scope.ADMIN}
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
    command = [sys.executable, "-m", "serving", "--port", str(port), "--workers", "2"]
    running = Process(
        port,
        key,
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True),
    )
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
    _, said = process.process.communicate(timeout=30)
    assert process.process.returncode in (0, -signal.SIGTERM)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    asked = [line for line in lines if line.get("route") == "/v1/track"]
    assert len(asked) == 31
    assert {line["status"] for line in asked} == {200, 400}
    assert len({line["process"] for line in asked}) >= 1
    assert all(line["key"] == process.key.split("_")[1] for line in asked)
    assert "somebody-secret" not in said
    assert process.key not in said
    assert len(events(workspace)) == 30
