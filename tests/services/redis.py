"""A real Redis of the tests' own, on a free loopback port; nothing in it is kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

from redis import Redis, RedisError

START_SECONDS: Final = 20


def executable() -> str | None:
    """Find the server."""
    return shutil.which("redis-server")


class Unavailable(Exception):
    """Redis can't be had here; says why."""


class Server:
    """A Redis server that lasts as long as the context."""

    def __init__(self) -> None:
        found = executable()
        if found is None:
            raise Unavailable("no redis-server here: run `python -m tests.services ensure`")
        self._folder = Path(tempfile.mkdtemp(prefix="kindred-redis-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        setpriv = shutil.which("setpriv")  # a test run that is killed takes its server with it
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        self._command = [
            *([setpriv, "--pdeathsig", "TERM"] if setpriv else []),
            *(found, *options, "--save", "", "--appendonly", "no"),
        ]

    @property
    def url(self) -> str:
        """Its address, as a user would set it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with Redis.from_url(self.url) as client:
                    client.ping()
            except RedisError as error:
                if self._process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                self.__exit__()
                raise Unavailable("redis-server does not answer") from error
            return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
