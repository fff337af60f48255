"""A stream ends by itself when the process is told to end; else the server would wait for it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

from kindred.segments import rules as r
from tests.services.dashboard import ROOT
from tests.support.served import Town


def test_open_streams_end_when_the_process_is_told_to(town: Town) -> None:
    town.publish("all", r.AllRule(()))
    key = town.key()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "KINDRED_HOME": str(town.workspace.home)}
    environment["KINDRED_STORE_URL"] = town.workspace.store_url
    command = [sys.executable, "-m", "serving", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        connection = _connected(process, port)
        connection.request("GET", f"/sub/{key}")
        answer = connection.getresponse()
        assert b"event: features" in answer.readline() + answer.readline()
        process.send_signal(signal.SIGTERM)
        answer.read()  # to the end: one that is cut off raises IncompleteRead
        connection.close()
        assert process.wait(30) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait(10)


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
