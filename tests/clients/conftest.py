"""One running API for all SDKs, the SDKs themselves, and what arrived from them.

- ``node``, ``python_sdks``: installed, or the test is skipped and says why;
- ``api``: the API on a workspace where two segments and an experiment are published;
- ``town``: what else may be published there;
- ``keys``: API keys: ``server`` may send and ask, ``page`` is a browser's.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.api_keys import Scope
from data.store import open_store
from data.workspace import workspace_at
from kindred.segments import rules as r
from kindred.traits.trait import TraitType
from tests.clients import node_env, python_env
from tests.serving.test_experiments import HERO
from tests.support.api import Api, running
from tests.support.served import Town

GOLD = r.TraitRule("plan", "eq", "gold")
VIEWERS = r.EventRule("Product Viewed", within="P1D")


@pytest.fixture(scope="session")
def node() -> None:
    try:
        node_env.ensure()
    except node_env.Unavailable as why:
        pytest.skip(f"the Node SDKs are not to be had: {why}")


@pytest.fixture(scope="session")
def python_sdks() -> None:
    try:
        python_env.ensure()
    except python_env.Unavailable as why:
        pytest.skip(f"the Python SDKs are not to be had: {why}")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("clients")
    shutil.copy(migrated_sqlite, home / "store.sqlite")
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    made = Town(workspace, engine)
    made.compute_traits({"plan": TraitType.CATEGORY}, {})
    made.open_shelves()
    made.publish("gold", GOLD, browser=True)
    made.publish("viewers", VIEWERS, browser=True)
    made.publish_experiment("hero", HERO)
    made.person("u1", {"plan": "gold"})
    made.person("u2", {"plan": "free"})
    yield made
    engine.dispose()


@pytest.fixture(scope="session")
def keys(town: Town) -> dict[str, str]:
    both = (Scope.COLLECT, Scope.EVALUATE)
    return {"server": town.key(*both), "page": town.key(*both, browser=True)}


@pytest.fixture(scope="session")
def api(town: Town, keys: dict[str, str]) -> Iterator[Api]:
    with running(town.workspace) as started:
        yield started
