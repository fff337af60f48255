"""A running API on an empty workspace, keys for it, and what there is to ask about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from data.api_keys import ApiKey, Scope, create_key
from data.audit import Actor
from data.workspace import Workspace
from tests.support.api import Api, running
from tests.support.served import Town

MakeKey = Callable[..., tuple[ApiKey, str]]


@pytest.fixture
def api(workspace: Workspace, engine: Engine) -> Iterator[Api]:
    with running(workspace) as started:
        yield started


@pytest.fixture
def make_key(api: Api, engine: Engine) -> MakeKey:
    """Makes a key that the running API knows at once."""

    def make(*scopes: Scope, **more: object) -> tuple[ApiKey, str]:
        with engine.begin() as conn:
            made = create_key(
                conn,
                "test",
                scopes,
                actor=Actor("ann"),
                at=datetime.now(UTC),
                **more,  # type: ignore[arg-type]
            )
        api.serving.look()
        return made

    return make


@pytest.fixture
def write_key(make_key: MakeKey) -> str:
    """A key that may send events."""
    return make_key(Scope.COLLECT)[1]


@pytest.fixture
def town(workspace: Workspace, engine: Engine) -> Town:
    """What there is to ask about; live state holds events of the last 400 days."""
    made = Town(workspace, engine)
    made.open_shelves()
    return made
