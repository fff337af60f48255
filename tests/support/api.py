"""The API on a loopback port, served by a thread of the test's process, and a client for it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from data.workspace import Workspace
from serving.app import create
from serving.context import Serving
from serving.protocol import Protocol
from serving.settings import Settings


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error, whose body has the one shape that errors have."""
        assert set(self.json) == {"code", "message"}, self.json
        assert isinstance(self.json["message"], str)
        return str(self.json["code"])


@dataclass(frozen=True)
class Api:
    """A running API."""

    port: int
    serving: Serving

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
    ) -> Answer:
        """Send a request: bytes as they are, anything else as JSON."""
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, raw, sent)
            got = connection.getresponse()
            names = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, names, got.read())
        finally:
            connection.close()


@contextmanager
def running(workspace: Workspace, settings: Settings | None = None) -> Iterator[Api]:
    """Serve the API on a workspace until the block ends."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = create(workspace, settings or Settings())
    server = uvicorn.Server(
        uvicorn.Config(app, http=Protocol, log_level="warning", access_log=False, lifespan="on")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive(), "the API did not start"
            assert time.monotonic() < deadline, "the API did not start in time"
            time.sleep(0.01)
        yield Api(listening.getsockname()[1], app.state.serving)
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
