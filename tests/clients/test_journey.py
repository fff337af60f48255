"""The journey: publish → OpenFeature's answer changes → an event by Segment's SDK → it changes
again → roll back → it changes back; through the processes that people run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from openfeature import api as openfeature
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

from data.api_keys import Scope
from data.store import open_store
from data.workspace import workspace_at
from kindred.segments import rules as r
from tests.clients import python_env
from tests.services.dashboard import ROOT
from tests.support.served import Town

pytestmark = pytest.mark.slow
PATIENCE = 60.0  # of a busy machine; what is promised is measured in tests/benchmarks


@pytest.fixture
def town(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Town]:
    (tmp_path / "store.sqlite").write_bytes(migrated_sqlite.read_bytes())
    workspace = workspace_at(tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")
    engine = open_store(workspace)
    yield Town(workspace, engine)
    engine.dispose()


@contextmanager
def served(town: Town) -> Iterator[str]:
    """Run what ``make serve`` runs: the API, and what delivers its events; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "KINDRED_HOME": str(town.workspace.home)}
    environment.pop("KINDRED_STORE_URL", None)
    command = [sys.executable, "-m", "pipelines", "serve", "--api-port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not ready(url):
            assert process.poll() is None, "it ended early"
            assert time.monotonic() < deadline, "it is not ready"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def becomes(client: OpenFeatureClient, wanted: bool, reason: str) -> None:
    """Ask as a site does, again and again, until the answer has changed."""
    who = EvaluationContext("shopper-1")
    deadline = time.monotonic() + PATIENCE
    while True:
        found = client.get_boolean_details("newcomers", False, who)
        if found.value is wanted and found.reason == reason:
            return
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_what_is_published_is_answered_and_events_change_it(town: Town, python_sdks: None) -> None:
    ordered = r.EventRule("Order Completed", within="P1D")
    key = town.key(Scope.COLLECT, Scope.EVALUATE)
    town.publish("newcomers", ordered)
    with served(town) as url:
        headers = {"Authorization": f"Bearer {key}"}
        openfeature.set_provider(OFREPProvider(url, headers_factory=lambda: headers))
        try:
            client = openfeature.get_client()
            becomes(client, False, "DEFAULT")
            town.publish("newcomers", r.NotRule(ordered))
            becomes(client, True, "TARGETING_MATCH")
            sent = python_env.run("one_event.py", url, key, "shopper-1", "Order Completed")
            assert sent == {"failed": []}
            becomes(client, False, "DEFAULT")
            town.roll_back("newcomers", 1)
            becomes(client, True, "TARGETING_MATCH")
        finally:
            openfeature.shutdown()
