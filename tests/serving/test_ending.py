"""A process that is told to end: streams end by themselves, and what was acknowledged is kept."""

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
from contextlib import ExitStack, contextmanager
from itertools import count

from data.api_keys import Scope
from kindred.segments import rules as r
from tests.services.dashboard import ROOT
from tests.support.collected import events
from tests.support.served import Town

STREAMS = 200


@contextmanager
def started(town: Town) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Serve in a process of its own, whose port is given."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "KINDRED_HOME": str(town.workspace.home)}
    environment["KINDRED_STORE_URL"] = town.workspace.store_url
    command = [sys.executable, "-m", "serving", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process, port
    finally:
        process.kill()
        process.wait(10)


def test_open_streams_end_when_the_process_is_told_to(town: Town) -> None:
    town.publish("all", r.AllRule(()))
    key = town.key()
    with started(town) as (process, port):
        connection = _connected(process, port)
        connection.request("GET", f"/sub/{key}")
        answer = connection.getresponse()
        assert b"event: features" in answer.readline() + answer.readline()
        process.send_signal(signal.SIGTERM)
        answer.read()  # to the end: one that is cut off raises IncompleteRead
        connection.close()
        assert process.wait(30) in {0, -signal.SIGTERM}


def test_unread_streams_and_a_body_that_never_comes_hold_nothing_up_and_lose_nothing(
    town: Town,
) -> None:
    key = town.key(Scope.COLLECT, Scope.EVALUATE)
    acknowledged: list[str] = []

    def send(number: int) -> None:
        """Send events one by one until nobody takes them."""
        for event in count():
            message = f"{number}-{event}"
            body = json.dumps({"event": "Seen", "userId": "u", "messageId": message})
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                connection.request("POST", "/v1/track", body, {"X-API-Key": key})
                if connection.getresponse().status == 200:
                    acknowledged.append(message)
            except (OSError, http.client.HTTPException):
                return
            finally:
                connection.close()

    with started(town) as (process, port), ExitStack() as held:
        held.callback(_connected(process, port).close)
        half = f"POST /v1/track HTTP/1.1\r\nX-API-Key: {key}\r\nContent-Length: 9\r\n\r\n{{"
        for asked in (*[f"GET /sub/{key} HTTP/1.1\r\nHost: x\r\n\r\n"] * STREAMS, half):
            held.enter_context(socket.create_connection(("127.0.0.1", port))).sendall(
                asked.encode()
            )
        with ThreadPoolExecutor(4) as senders:
            sending = [senders.submit(send, number) for number in range(4)]
            while len(acknowledged) < 50:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) in {0, -signal.SIGTERM}
            for each in sending:
                each.result()
    kept = [event.message_id for event in events(town.workspace)]
    assert set(acknowledged) <= set(kept)


def _connected(process: subprocess.Popen[bytes], port: int) -> http.client.HTTPConnection:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, "it ended early"
        assert time.monotonic() < deadline, "it does not answer"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.1)
        else:
            return connection
