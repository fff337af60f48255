"""Collect: events a second that are durable, memory over many, and how soon an answer changes.

``python -m tests.benchmarks.bench_collect [--people N] [--events N] [--probes N]``. The API (two
workers) and the deliverer run as `make serve` runs them; the load comes from this process.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, update

from data.api_keys import Scope, create_key
from data.audit import Actor
from data.collect_status import CollectStatus, collect_status
from data.engine import reader
from data.live_profiles import LiveProfiles
from data.live_store import LiveStore, open_live_store
from data.publications import Act
from data.schema import workspace_facts
from data.segments import create_segment, publish_segment
from data.store import open_store
from data.workspace import HOME_VARIABLE, Workspace, workspace_at
from kindred.segments import rules as r
from tests.support.synthetic_map import build

ROOT = Path(__file__).parents[2]
BATCH = 100
CONNECTIONS = 8
ANN = Actor("bench")
SEGMENT = "probed"


@dataclass
class Running:
    """The API and the deliverer."""

    port: int
    key: str
    api: psutil.Process
    deliverer: psutil.Process
    took: list[float] = field(default_factory=list)

    def memory(self) -> dict[str, float]:
        """Give what each has allocated, in MB; pages of mapped files are the system's to take.

        Pages that several of the API's processes have mapped are counted in each of them.
        """
        parts = {
            "api": [self.api, *self.api.children(recursive=True)],
            "deliverer": [self.deliverer],
        }
        kinds = {"": "RssAnon", "_mapped": "RssFile"}
        return {
            name + end: sum(resident(process, kind) for process in own)
            for name, own in parts.items()
            for end, kind in kinds.items()
        }

    def processor(self) -> dict[str, float]:
        """Give the seconds of processor time that each has used."""
        api = [self.api, *self.api.children(recursive=True)]
        times = {"api": [p.cpu_times() for p in api], "deliverer": [self.deliverer.cpu_times()]}
        return {name: sum(each.user + each.system for each in own) for name, own in times.items()}


def resident(process: psutil.Process, kind: str) -> float:
    """Give a process' memory of a kind in MB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(kind)) / 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--probes", type=int, default=300)
    given = parser.parse_args()
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kindred-bench-", dir=ROOT / "var") as home:
        workspace = workspace_at(home)
        engine = open_store(workspace)
        build(workspace, engine, given.people)
        with engine.begin() as conn:
            conn.execute(update(workspace_facts).values(clock_fixed_at=None))
        with served(workspace, engine) as running:
            loaded, store = await_people(workspace, running, given.people)
            found: dict[str, Any] = {"load_seconds": loaded, **reads(store, given.people)}
            show(found)
            found |= show(probes(running, given.probes))
            found |= show(throughput(workspace, engine, running, given.events))
            store.close()
        engine.dispose()
    print(json.dumps({"bench": "collect", **vars(given), **found}))


def show(found: dict[str, Any]) -> dict[str, Any]:
    """Print what was found as soon as it is: the whole takes long."""
    for name, value in found.items():
        told = f"{value:>14,.2f}" if isinstance(value, float) else value
        print(f"  {name:<28}{told}", flush=True)
    return found


@contextmanager
def served(workspace: Workspace, engine: Engine) -> Iterator[Running]:
    """Publish a segment that an event puts people in, and serve."""
    now = datetime.now(UTC)
    with engine.begin() as conn:
        scopes = {Scope.COLLECT, Scope.EVALUATE}
        _, key = create_key(conn, "bench", scopes, actor=ANN, at=now, rate=1_000_000)
        rule = r.EventRule("Probed", within="P1D")
        made = create_segment(conn, "Probed", rule, actor=ANN, at=now, key=SEGMENT)
        publish_segment(conn, SEGMENT, Act(ANN, now, "bench"), revision=made.revision)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, HOME_VARIABLE: str(workspace.home)}
    commands = (("serving", "--port", str(port), "--workers", "2"), ("pipelines", "deliver"))
    processes = [
        subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=environment)
        for command in commands
    ]
    try:
        deadline = time.monotonic() + 600
        while ask(port, "GET", "/readyz") != 200:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.1)
        yield Running(port, key, *(psutil.Process(process.pid) for process in processes))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(port: int, method: str, path: str) -> int:
    """Give the status of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def await_people(workspace: Workspace, running: Running, people: int) -> tuple[float, LiveStore]:
    """Wait until everybody is in live state; gives the seconds since the deliverer began."""
    began, store = running.deliverer.create_time(), open_live_store(workspace)
    live = LiveProfiles(store)
    while True:
        state = live.state()
        if state.traits_as_of and state.cluster_run and state.events_since:
            return time.time() - began, store
        time.sleep(0.2)
        assert time.time() - began < 1_800, f"{people:,} people did not load"


def reads(store: LiveStore, people: int) -> dict[str, float]:
    """Read people all over the store, in microseconds."""
    live, took = LiveProfiles(store), []
    for number in range(20_000):
        person = f"p{number * 7_919 % people:07}"
        began = time.perf_counter_ns()
        assert live.person(person) is not None
        took.append((time.perf_counter_ns() - began) / 1000)
    return {"read_us_median": statistics.median(took), "read_us_p99": at(took, 0.99)}


def at(values: Sequence[float], share: float) -> float:
    """Give a quantile."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def probes(running: Running, count: int) -> dict[str, float]:
    """Send 1,000 events a second; time from an event's acceptance until the answer is another."""
    stop = threading.Event()
    load = threading.Thread(target=steady, args=(running, stop))
    load.start()
    took = []
    try:
        time.sleep(2)
        for number in range(count):
            person = f"probe-{number}"
            event = {"type": "track", "event": "Probed", "userId": person, "messageId": person}
            collect(running, [event])
            accepted = time.perf_counter()
            while not belongs(running, person):
                time.sleep(0.002)
            took.append(time.perf_counter() - accepted)
            time.sleep(0.05)
    finally:
        stop.set()
        load.join()
    return {
        "answer_ms_median": statistics.median(took) * 1000,
        "answer_ms_p99": at(took, 0.99) * 1000,
    }


def steady(running: Running, stop: threading.Event) -> None:
    """Send ten batches of a hundred each second."""
    begin, sent = time.monotonic(), 0
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        while not stop.is_set():
            send(connection, running.key, f"steady-{sent}")
            sent += 1
            stop.wait(max(begin + sent / 10 - time.monotonic(), 0))


def collect(running: Running, batch: list[dict[str, Any]]) -> None:
    """Send events and wait until they are accepted."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("POST", "/v1/batch", json.dumps({"batch": batch, "writeKey": running.key}))
    assert connection.getresponse().status == 200
    connection.close()


def belongs(running: Running, person: str) -> bool:
    """Ask whether a person is in the segment, as OpenFeature's providers do."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    headers = {"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"}
    body = json.dumps({"context": {"targetingKey": person}})
    connection.request("POST", f"/ofrep/v1/evaluate/flags/{SEGMENT}", body, headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return bool(answer.get("value"))


def throughput(
    workspace: Workspace, engine: Engine, running: Running, events: int
) -> dict[str, Any]:
    """Send batches over several connections as quickly as they are accepted, until all is moved."""
    each = events // BATCH // CONNECTIONS
    threads = [
        threading.Thread(target=flood, args=(running, number, each))
        for number in range(CONNECTIONS)
    ]
    sent = each * BATCH * CONNECTIONS
    watch = Watch(workspace, engine, running, sent)
    used, running.took = running.processor(), []
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        watch.look()
    accepted, load = time.monotonic() - watch.began, os.getloadavg()[0]
    while watch.look().waiting:
        pass
    status, drained = watch.look(), time.monotonic() - watch.began
    assert status.last_day.received == status.last_day.added == status.lake_events
    now = running.processor()
    return {
        "accepted_per_second": sent / accepted,
        "in_the_lake_per_second": sent / drained,
        "batch_ms_median": statistics.median(running.took) * 1000,
        "batch_ms_p99": at(running.took, 0.99) * 1000,
        "processor_us_an_event": {
            name: round((now[name] - used[name]) / sent * 1e6, 1) for name in now
        },
        "memory_mb": watch.memory(),
        "load_average": round(load, 1),
        "in_the_lake": status.lake_events,
        "lake_files": status.lake_files,
    }


@dataclass
class Watch:
    """Looks at memory every half second, and at what is in the lake."""

    workspace: Workspace
    engine: Engine
    running: Running
    sent: int
    began: float = field(default_factory=time.monotonic)
    seen: list[tuple[int, dict[str, float]]] = field(default_factory=list)  # by tenth of all

    def look(self) -> CollectStatus:
        """Look once."""
        time.sleep(0.5)
        with reader(self.engine).connect() as conn:
            status = collect_status(conn, self.workspace, datetime.now(UTC))
        tenth = min(status.lake_events * 10 // self.sent, 9)
        if self.seen and tenth > self.seen[-1][0]:
            taken, load = len(self.running.took) * BATCH, os.getloadavg()[0]
            at = f"{time.monotonic() - self.began:.0f} s, load {load:.1f}: {taken:,} accepted"
            used = {name: round(used) for name, used in self.running.processor().items()}
            held = self.memory()[-1]
            print(f"    {at}, {status.lake_events:,} in the lake, {held}, {used} s", flush=True)
        self.seen.append((tenth, self.running.memory()))
        return status

    def memory(self) -> list[dict[str, int]]:
        """Give the most that each had in every tenth of the way into the lake."""
        tenths: dict[int, list[dict[str, float]]] = {}
        for tenth, memory in self.seen:
            tenths.setdefault(tenth, []).append(memory)
        return [
            {"tenth": tenth + 1} | {name: round(max(m[name] for m in found)) for name in found[0]}
            for tenth, found in sorted(tenths.items())
        ]


def flood(running: Running, number: int, batches: int) -> None:
    """Send batches one after the other."""
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        for batch in range(batches):
            began = time.perf_counter()
            send(connection, running.key, f"{number}-{batch}")
            running.took.append(time.perf_counter() - began)


def send(connection: socket.socket, key: str, name: str) -> None:
    """Send a batch on an open connection, by hand: the client should cost the server no core."""
    number = int(name.rpartition("-")[2])
    body = _BODIES[number % len(_BODIES)].replace("NAME", name).encode()
    head = (
        f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
        answer += connection.recv(65_536)


def _event(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": ("Product Viewed", "Product Added", "Content Viewed")[number % 3],
        "userId": f"p{number * 9_973 % 1_000_000:07}",
        "anonymousId": None,
        "messageId": f"NAME-{number}-8a4d5e0c",
        "timestamp": "2026-11-24T12:00:00.000Z",
        "properties": {
            "product_id": f"product-{number}",
            "category": "Cheese",
            "price": 4.5,
            "list": "search results",
        },
        "context": {
            "library": {"name": "analytics-python", "version": "2.3.4"},
            "locale": "en-GB",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        },
    }


def _body(number: int) -> str:
    """A batch of other people than any of the next 999."""
    return json.dumps({"batch": [_event(number * BATCH + place) for place in range(BATCH)]})


_BODIES = [_body(number) for number in range(1_000)]  # 100,000 people


if __name__ == "__main__":
    main()
