"""Fixtures of all tests: a workspace in a temporary folder, and its store on both databases.

- ``workspace``: an empty workspace whose store is an SQLite file, not yet made;
- ``engine``: that workspace's store, migrated;
- ``store``: a migrated store, once on SQLite and once on PostgreSQL: every test of store code
  takes this one;
- ``live_url``: where live state is kept, once embedded (none) and once in Redis;
- ``chromium``: a browser, which all tests share;
- ``store_workspace``: the workspace that goes with ``store``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine

from data.live_store import REDIS_VARIABLE
from data.store import open_store
from data.workspace import Workspace, workspace_at
from tests.services import browser, postgres, redis

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long a busy machine takes to draw an example says nothing of the law that is tested.
settings.register_profile("kindred", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kindred")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that tests copy, since migrating takes a while."""
    home = tmp_path_factory.mktemp("template")
    engine = open_store(workspace_at(home, f"sqlite:///{home / 'store.sqlite'}"))
    engine.dispose()  # the last connection folds the write-ahead log into the file
    return home / "store.sqlite"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server of this test run's own."""
    try:
        server = postgres.Server().__enter__()
    except postgres.Unavailable as why:
        pytest.skip(f"PostgreSQL is not to be had: {why}")
    yield server
    server.__exit__()


@pytest.fixture(scope="session")
def migrated_postgres(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A migrated database that tests' own are copies of."""
    name = postgres_server.create()
    home = tmp_path_factory.mktemp("template")
    open_store(workspace_at(home, postgres_server.url(name))).dispose()
    return name


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace; nothing is in its folder yet."""
    home = tmp_path / "workspace"
    return workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")


@pytest.fixture
def engine(workspace: Workspace, migrated_sqlite: Path) -> Iterator[Engine]:
    """The store of ``workspace``, migrated."""
    shutil.copy(migrated_sqlite, workspace.home / "store.sqlite")
    opened = open_store(workspace)
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace with a migrated store, once a database."""
    home = tmp_path / "stored"
    home.mkdir()
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "store.sqlite")
        yield workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create(request.getfixturevalue("migrated_postgres"))
    yield workspace_at(home, server.url(name))
    server.drop(name)


@pytest.fixture
def store(store_workspace: Workspace) -> Iterator[Engine]:
    """A migrated store, once on SQLite and once on PostgreSQL."""
    opened = open_store(store_workspace)
    yield opened
    opened.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with nothing in it, once a database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[redis.Server]:
    """A Redis server of this test run's own."""
    try:
        server = redis.Server().__enter__()
    except redis.Unavailable as why:
        pytest.skip(f"Redis is not to be had: {why}")
    yield server
    server.__exit__()


@pytest.fixture(params=["embedded", "redis"])
def live_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Where live state is kept, once embedded (none) and once in Redis; set for all that ask."""
    if request.param == "embedded":
        monkeypatch.delenv(REDIS_VARIABLE, raising=False)
        return None
    server: redis.Server = request.getfixturevalue("redis_server")
    monkeypatch.setenv(REDIS_VARIABLE, server.url)
    return server.url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser, which all tests share: only one may be driven at a time."""
    from playwright.sync_api import sync_playwright  # what no browser is needed for loads none

    executable = browser.executable()
    if executable is None:
        pytest.skip("there is no Chromium")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=executable, args=list(browser.ARGUMENTS))
        yield opened
        opened.close()
