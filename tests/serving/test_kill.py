"""Killed again and again under load: what was acknowledged is kept, once."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import Engine

from data.api_keys import Scope, create_key
from data.audit import Actor
from data.collect_moves import received_since
from data.engine import reader
from data.lake import EVENTS, dataset_version, live_files
from data.live_profiles import LiveProfiles
from data.store import open_store
from data.workspace import HOME_VARIABLE, STORE_VARIABLE, Workspace
from pipelines.deliver import Deliverer

ROOT = Path(__file__).parents[2]
KILLS = 54
PEOPLE = 400  # so many that live state keeps all events of each, however quick the machine is
SENDERS = 3
LOAD = 500  # events acknowledged while there are kills, at least
PATIENCE = 240  # seconds until a move is made, on a machine that has much else to do


@dataclass
class Lives:
    """The processes that are killed."""

    maker: subprocess.Popen[str]
    going: dict[str, int] = field(default_factory=dict)
    kills: int = 0

    def begin(self, kind: str) -> None:
        assert self.maker.stdin is not None
        assert self.maker.stdout is not None
        self.maker.stdin.write(f"{kind}\n")
        self.maker.stdin.flush()
        self.going[kind] = int(self.maker.stdout.readline())

    def kill(self, kind: str) -> None:
        os.kill(self.going.pop(kind), signal.SIGKILL)
        self.kills += 1


@dataclass
class Sender:
    """Sends batches, as an SDK does: what is not acknowledged is sent again under the same ids."""

    port: int
    key: str
    number: int
    stop: threading.Event
    acknowledged: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    def run(self) -> None:
        chance, batch = random.Random(self.number), 0
        while not self.stop.is_set():
            batch += 1
            events = {
                f"{self.number}-{batch}-{n}": f"p{chance.randrange(PEOPLE)}" for n in range(5)
            }
            self.tried |= set(events)
            for _ in range(50):
                if self.send(events):
                    self.acknowledged |= events
                    if chance.random() < 0.1:  # and again, although it arrived
                        self.send(events)
                    break
                if self.stop.is_set():
                    return
                time.sleep(0.005)

    def send(self, events: dict[str, str]) -> bool:
        batch = [
            {"type": "track", "event": "Seen", "messageId": message, "userId": person}
            for message, person in events.items()
        ]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            body = json.dumps({"batch": batch, "writeKey": self.key})
            connection.request("POST", "/v1/batch", body)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def lives(workspace: Workspace, listening: socket.socket) -> Iterator[Lives]:
    environment = {
        **os.environ,
        HOME_VARIABLE: str(workspace.home),
        STORE_VARIABLE: workspace.store_url,
    }
    maker = subprocess.Popen(
        [sys.executable, "-m", "tests.support.lives", str(listening.fileno())],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[listening.fileno()],
        text=True,
    )
    made = Lives(maker)
    try:
        yield made
    finally:
        for process in made.going.values():
            os.kill(process, signal.SIGKILL)
        maker.communicate(timeout=10)


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_double_nothing(workspace: Workspace, engine: Engine) -> None:
    with engine.begin() as conn:
        _, key = create_key(conn, "test", {Scope.COLLECT}, actor=Actor("ann"), at=datetime.now(UTC))
    chance, stop = random.Random(7), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        senders = [Sender(port, key, number, stop) for number in range(SENDERS)]
        with lives(workspace, listening) as made:
            made.begin("api")
            made.begin("deliver")
            threads = [threading.Thread(target=sender.run) for sender in senders]
            for thread in threads:
                thread.start()
            # On a machine that is slow or busy it takes more kills until there was a load.
            while made.kills < KILLS or sum(len(each.acknowledged) for each in senders) <= LOAD:
                # Most lives are short; some last until a move to the lake is made, or nearly.
                if made.kills % 18 == 17:
                    await_move(engine)
                time.sleep(chance.uniform(0.02, 0.2))
                kind = chance.choice(["api", "deliver"])
                made.kill(kind)
                made.begin(kind)
            stop.set()
            for thread in threads:
                thread.join()
    acknowledged = {k: v for sender in senders for k, v in sender.acknowledged.items()}
    assert made.kills >= KILLS
    check(workspace, acknowledged, set().union(*(sender.tried for sender in senders)))


def await_move(engine: Engine) -> None:
    deadline = time.monotonic() + PATIENCE
    with reader(engine).connect() as conn:
        before = dataset_version(conn)
    while time.monotonic() < deadline:
        with reader(engine).connect() as conn:
            if dataset_version(conn) > before:
                return
        time.sleep(0.02)
    raise AssertionError("nothing was moved to the lake")


def check(workspace: Workspace, acknowledged: dict[str, str], tried: set[str]) -> None:
    last = Deliverer(workspace, open_store(workspace))
    last.open()
    last.builds.look()
    while last.builds.candidate is not None or last.pump():
        last.pump()
    last.move()
    with reader(last.engine).connect() as conn:
        paths = [str(workspace.lake / file.path) for file in live_files(conn, EVENTS)]
        (counted,) = received_since(conn, datetime(2000, 1, 1, tzinfo=UTC))
    rows = (
        duckdb.connect()
        .execute('SELECT "messageId", "userId" FROM read_parquet(?)', [paths])
        .fetchall()
    )
    found = dict(rows)
    assert len(rows) == len(found), "a message is twice in the lake"
    assert acknowledged.items() <= found.items(), "an acknowledged message is lost"
    assert set(found) <= tried
    assert counted.added == len(rows)
    assert counted.received == counted.added + counted.duplicates
    live = LiveProfiles(last.store)
    seen: Counter[str] = Counter()
    for number in range(PEOPLE):
        person = live.person(f"p{number}")
        seen[f"p{number}"] = len(person.profile.events["Seen"].times) if person else 0
    assert seen == Counter(found.values()), "live state and the lake differ"
    last.sweep()
    last.close()
