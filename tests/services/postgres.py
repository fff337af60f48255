"""A real PostgreSQL of the tests' own: a temporary cluster on a free loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import psycopg

START_SECONDS = 30
USER = "kindred"


def binaries() -> Path | None:
    """Find the folder of ``initdb`` and ``postgres``, newest version first; Debian hides it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return next((p for p in found if (p / "initdb").exists() and (p / "postgres").exists()), None)


def _major(path: Path) -> int:
    name = path.parent.name
    return int(name) if name.isdigit() else 0


class Unavailable(Exception):
    """PostgreSQL can't be had here; says why."""


class Server:
    """A PostgreSQL server that lasts as long as the context; nothing in it is kept.

    ``fsync`` is off: a test's data need not outlive the machine.
    """

    def __init__(self) -> None:
        bin_folder = binaries()
        if bin_folder is None:
            raise Unavailable("no initdb here: run `python -m tests.services ensure`")
        self._bin = bin_folder
        self._folder = Path(tempfile.mkdtemp(prefix="kindred-postgres-"))
        self._made = 0

    def __enter__(self) -> Self:
        try:
            self._initialise()
            self._start()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)  # its "fast" shutdown
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Give the address of a database, as a user would set it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a fresh database, a copy of `template`, and give its name."""
        self._made += 1
        name = f"test_{self._made}"
        self._say(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Take a database away, whoever is still connected to it."""
        self._say(f"DROP DATABASE {database} WITH (FORCE)")

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute(statement)

    def _initialise(self) -> None:
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = _unprivileged()
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        options = ["-U", USER, "-E", "UTF8", "--auth=trust", "--locale=C", "--no-sync"]
        made = subprocess.run(
            [str(self._bin / "initdb"), "-D", str(self._folder / "data"), *options],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            **self._identity,
        )
        if made.returncode:
            raise Unavailable(f"initdb failed: {made.stderr.strip()[-400:]}")

    def _start(self) -> None:
        self.port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "60",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        # A test run that is killed takes its server with it.
        setpriv = shutil.which("setpriv")
        with_us = [setpriv, "--pdeathsig", "INT"] if setpriv else []
        self._log = self._folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *with_us,
                    str(self._bin / "postgres"),
                    *("-D", str(self._folder / "data"), "-p", str(self.port)),
                    *options,
                ],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                **self._identity,
            )
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                self._process.kill()
                raise Unavailable(f"no answer: {self._log.read_text()[-400:]}") from error
            return


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("no user to run it as: neither postgres nor nobody is there")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
