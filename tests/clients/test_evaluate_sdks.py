"""OpenFeature's and GrowthBook's SDKs, unmodified: they take our answers for what they are."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest
from growthbook import GrowthBook
from openfeature import api as openfeature
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from kindred.segments import rules as r
from tests.clients import node_env
from tests.clients.condition_cases import cases
from tests.support.api import Api
from tests.support.served import Town

PEOPLE = 40


def variations(api: Api, keys: dict[str, str]) -> dict[str, str]:
    """Ask for everybody's variation by OFREP, as a server does."""
    found = {}
    for n in range(PEOPLE):
        body = {"context": {"targetingKey": f"u{n}"}}
        said = api.ask("POST", "/ofrep/v1/evaluate/flags/hero", body, key=keys["server"])
        found[f"u{n}"] = said.json["value"]
    return found


def test_openfeatures_python_sdk(api: Api, keys: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {keys['server']}"}
    openfeature.set_provider(OFREPProvider(api.url, headers_factory=lambda: headers))
    try:
        client = openfeature.get_client()
        who, other = EvaluationContext("u1"), EvaluationContext("u2")
        found = client.get_boolean_details("gold", False, who)
        assert (found.value, found.reason, found.variant) == (True, Reason.TARGETING_MATCH, "in")
        assert found.flag_metadata["version"] == 1
        out = client.get_boolean_details("gold", True, other)
        assert (out.value, out.reason, out.error_code) == (False, Reason.DEFAULT, None)
        overlaid = EvaluationContext("u2", {"plan": "gold"})
        assert client.get_boolean_value("gold", False, overlaid) is True
        split = client.get_string_details("hero", "none", who)
        assert (split.value, split.reason) == (variations(api, keys)["u1"], Reason.SPLIT)
        missing = client.get_boolean_details("nothing", True, who)
        assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
        nobody = client.get_boolean_details("gold", True, EvaluationContext())
        assert nobody.error_code is ErrorCode.TARGETING_KEY_MISSING
        wrong = client.get_string_details("gold", "none", who)
        assert (wrong.value, wrong.error_code) == ("none", ErrorCode.TYPE_MISMATCH)
    finally:
        openfeature.shutdown()


def test_openfeatures_node_sdk(api: Api, keys: dict[str, str], node: None) -> None:
    (found,) = node_env.run("openfeature.mjs", api.url, keys["server"])
    inside = found["in"]
    assert (inside["value"], inside["reason"], inside["variant"]) == (True, "TARGETING_MATCH", "in")
    assert inside["flagMetadata"]["version"] == 1
    assert (found["out"]["value"], found["out"]["reason"]) == (False, "DEFAULT")
    assert found["overlaid"]["value"] is True
    assert found["split"]["value"] == variations(api, keys)["u1"]
    errors = {name: each.get("errorCode") for name, each in found.items()}
    assert errors["missing"] == "FLAG_NOT_FOUND"
    assert errors["nobody"] == "TARGETING_KEY_MISSING"
    assert errors["wrong"] == "TYPE_MISMATCH"
    assert errors["unauthorized"] is not None
    assert found["unauthorized"]["value"] is True


def test_growthbooks_python_sdk(api: Api, keys: dict[str, str]) -> None:
    expected = variations(api, keys)
    sdk = GrowthBook(api_host=api.url, client_key=keys["server"], attributes={})
    try:
        sdk.load_features()
        for n in range(PEOPLE):
            sdk.set_attributes({"id": f"u{n}", "plan": "gold" if n % 2 else "free"})
            assert sdk.is_on("gold") is bool(n % 2)
            assert sdk.get_feature_value("hero", "none") == expected[f"u{n}"]
    finally:
        sdk.destroy()


def test_growthbooks_javascript_sdk_hears_of_a_publication(
    api: Api, town: Town, keys: dict[str, str], node: None
) -> None:
    script = str(node_env.HERE / "node" / "growthbook.mjs")
    command = ["node", script, api.url, keys["server"], str(PEOPLE)]
    process = subprocess.Popen(command, cwd=node_env.HERE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        begun = _line(process)
        assert begun["first"] == {"success": True, "gold": True, "feature": "force"}
        assert begun["variations"] == variations(api, keys)
        town.publish("later", r.TraitRule("plan", "in", ("gold", "silver")))
        assert _line(process) == {"changed": True, "later": True}
        town.withdraw("later")
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def _line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return json.loads(line)
    pytest.fail("the script ended early")


def test_growthbooks_javascript_evaluator_finds_whom_the_rules_find(node: None) -> None:
    """Python's evaluator is asked in tests/kindred/segments; engines of patterns differ most."""
    asked = cases(400)
    given = [[case.condition, case.attributes, case.groups] for case in asked]
    (answers,) = node_env.run("conditions.mjs", given=given)
    wrong = [c for c, answer in zip(asked, answers, strict=True) if answer is not c.expected]
    assert wrong == []


def test_openfeature_sees_a_publication_at_its_next_question(
    api: Api, town: Town, keys: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {keys['server']}"}
    openfeature.set_provider(OFREPProvider(api.url, headers_factory=lambda: headers))
    try:
        client, who = openfeature.get_client(), EvaluationContext("u1")
        assert client.get_boolean_details("fresh", False, who).error_code is not None
        town.publish("fresh", r.AllRule(()))
        deadline = time.monotonic() + 10
        while client.get_boolean_value("fresh", False, who) is not True:
            assert time.monotonic() < deadline
        town.withdraw("fresh")
    finally:
        openfeature.shutdown()
