"""Fixtures of the API's tests: ``town``, what there is to ask about; ``api``, which answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from data.workspace import Workspace
from tests.support.api import Api, running
from tests.support.served import Town


@pytest.fixture
def town(workspace: Workspace, engine: Engine) -> Town:
    made = Town(workspace, engine)
    made.open_shelves()
    return made


@pytest.fixture
def api(town: Town) -> Iterator[Api]:
    with running(town.workspace) as started:
        yield started
