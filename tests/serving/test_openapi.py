"""The OpenAPI document: complete, with examples, and true of what is answered (Schemathesis)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from data.api_keys import Scope
from data.store import open_store
from data.workspace import workspace_at
from kindred.segments import rules as r
from serving.app import create
from tests.support.api import Api, running
from tests.support.served import Town

DOCUMENT: dict[str, Any] = create().openapi()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
schema = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Api]:
    home = tmp_path_factory.mktemp("openapi")
    (home / "store.sqlite").write_bytes(migrated_sqlite.read_bytes())
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    town = Town(workspace, engine)
    town.open_shelves()
    town.publish("big-spenders", r.TraitRule("plan", "eq", "gold"))
    town.person("u42", {"plan": "gold"})
    KEYS["all"] = town.key(*Scope)
    with running(workspace) as started:
        yield started
    engine.dispose()


KEYS: dict[str, str] = {}
LENIENT: tuple[Any, ...] = (negative_data_rejection, positive_data_acceptance)


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_what_is_answered_is_what_the_document_says(api: Api, case: schemathesis.Case[Any]) -> None:
    # Collect takes what SDKs send, whatever its type, and refuses what times or ids say: neither
    # can be said by a schema. That its answers are of their schema is checked all the same.
    lenient = "collect" in (case.operation.tags or ())
    excluded = [*LENIENT] if lenient else []
    case.call_and_validate(
        base_url=api.url,
        headers={"Authorization": f"Bearer {KEYS['all']}"},
        excluded_checks=excluded,
    )


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_and_question_is_described_with_an_example(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["tags"]
    if "requestBody" in operation:
        (content,) = operation["requestBody"]["content"].values()
        assert "example" in content
    for status, response in operation["responses"].items():
        assert response.get("description"), status
        if status == "200" and not {"collect", "operation"} & set(operation["tags"]):
            (content,) = response["content"].values()
            assert content["schema"]
            assert "example" in content, status


def test_whatever_needs_a_key_says_so() -> None:
    for name, operation in OPERATIONS.items():
        responses = operation["responses"]
        if "operation" in operation["tags"] or "401" not in responses:
            continue
        by_path = "{client_key}" in name or "{ticket}" in name or "projects" in name
        assert operation.get("security") or by_path, name
