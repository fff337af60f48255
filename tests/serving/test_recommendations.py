"""``/v1/people/{id}/recommendations``: the live model's answer, steered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from data.api_keys import Scope
from data.audit import Actor
from data.live_model import promote
from data.model_files import save_model
from data.publications import Act
from data.steering import create_steering, publish_steering
from data.trainings import save_training
from data.workspace import Workspace
from kindred.events import ORDER_COMPLETED, PRODUCT_VIEWED
from kindred.recommend import steering as s
from tests.support.api import Answer, Api
from tests.support.exported import exported
from tests.support.served import Town
from tests.support.trainings import model, training

ACT = Act(Actor("ada"), datetime(2026, 11, 23, 12, tzinfo=UTC), "test")
TRIPLES = [
    ("ann", "milk", 3.0), ("ann", "bread", 2.0), ("bo", "milk", 2.0), ("bo", "beer", 4.0),
    ("cy", "beer", 3.0), ("cy", "crisps", 3.0),
]  # fmt: skip


@pytest.fixture
def live(workspace: Workspace, engine: Engine) -> None:
    path = save_model(workspace, exported(TRIPLES), None)
    with engine.begin() as conn:
        _, kept = save_training(conn, training(), [model("blend", path=path)])
        promote(conn, kept["blend"], ACT)


def ask(api: Api, town: Town, person: str, query: str = "") -> Answer:
    key = town.key(Scope.READ)
    api.serving.look()
    return api.ask("GET", f"/v1/people/{person}/recommendations{query}", key=key)


def test_a_person_is_recommended_items_by_the_live_model(api: Api, town: Town, live: None) -> None:
    found = ask(api, town, "ann", "?k=3").json
    assert (found["person"], found["route"]) == ("ann", "history")
    assert found["model"]["version"] == 1
    assert len(found["items"]) == 3
    assert all(isinstance(each["score"], float) for each in found["items"])
    stranger = ask(api, town, "nobody").json
    assert (stranger["route"], stranger["items"][0]["item"]) == ("unknown", "beer")


def test_who_came_after_the_training_is_folded_in_from_live_state(
    api: Api, town: Town, live: None
) -> None:
    unknown = [each["item"] for each in ask(api, town, "zoe").json["items"]]
    ago = datetime.now(UTC) - timedelta(hours=1)
    town.open_shelves()
    town.person("zoe", events=[(PRODUCT_VIEWED, ago, {"product_id": "bread"})])
    town.person("yan", events=[("Clicked", ago, {"product_id": "bread"})])
    odd: list[dict[str, Any]] = [
        {}, {"product_id": None}, {"product_id": ["bread"]}, {"product_id": "never heard of"},
    ]  # fmt: skip
    orders: list[dict[str, Any]] = [{"products": "bread"}, {"products": [None, 3, {}]}, {}]
    town.person(
        "odd",
        events=[(PRODUCT_VIEWED, ago, properties) for properties in odd]
        + [(ORDER_COMPLETED, ago, properties) for properties in orders],
    )

    zoe = ask(api, town, "zoe").json
    assert zoe["route"] == "clicks"
    assert [each["item"] for each in zoe["items"]] != unknown
    for person in ("yan", "odd", "nobody"):  # nothing that they did is about an item
        other = ask(api, town, person).json
        assert other["route"] == "unknown", person
        assert [each["item"] for each in other["items"]] == unknown
    assert ask(api, town, "ann").json["route"] == "history"


def test_what_a_newcomer_bought_lately_is_hidden_by_a_rule(
    api: Api, town: Town, live: None, engine: Engine
) -> None:
    now = datetime.now(UTC)
    line = [{"product_id": "milk"}]
    town.open_shelves()
    town.person("late", events=[(ORDER_COMPLETED, now - timedelta(days=2), {"products": line})])
    town.person("long", events=[(ORDER_COMPLETED, now - timedelta(days=20), {"products": line})])
    with engine.begin() as conn:
        made = create_steering(
            conn, "Not again", s.Steering((s.HideBoughtRule(7),)), actor=ACT.actor, at=ACT.at,
            key="everywhere",
        )  # fmt: skip
        publish_steering(conn, "everywhere", ACT, revision=made.revision)
    assert "milk" not in {each["item"] for each in ask(api, town, "late").json["items"]}
    assert "milk" in {each["item"] for each in ask(api, town, "long").json["items"]}


def test_steering_is_taken_over_when_it_is_published(
    api: Api, town: Town, live: None, engine: Engine
) -> None:
    assert ask(api, town, "ann").json["items"][0]["item"] != "crisps"
    pinned = s.Steering((s.PinRule(("crisps",)),))
    with engine.begin() as conn:
        made = create_steering(
            conn, "Crisps first", pinned, actor=ACT.actor, at=ACT.at, key="everywhere"
        )
        publish_steering(conn, "everywhere", ACT, revision=made.revision)
    after = ask(api, town, "ann").json
    assert after["steering"] == 1
    assert after["items"][0]["item"] == "crisps"
    assert after["items"][0]["moved"]


def test_without_a_live_model_there_is_nothing_to_recommend(api: Api, town: Town) -> None:
    assert ask(api, town, "ann").code == "no_model"


def test_what_can_not_be_asked_is_told(api: Api, town: Town, live: None) -> None:
    assert ask(api, town, "ann", "?k=0").code == "invalid_request"
    assert ask(api, town, "ann", "?steering=none-such").code == "not_found"
