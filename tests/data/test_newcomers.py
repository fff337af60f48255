"""People who came after the training get a list folded in from what they did since, no error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.duckdb import Backend
from sqlalchemy import Engine, insert

from data.lake import EVENTS, TRAITS, commit_files, describe_file, open_duckdb
from data.live_newcomers import live_newcomer
from data.live_profiles import LivePerson, LiveProfiles
from data.live_views import Wants
from data.newcomers import newcomer
from data.recommendation_choice import choose
from data.recommendation_types import Newcomer
from data.recommendations import Recommender, Source
from data.schema import trait_runs
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA, ORDER_COMPLETED, PRODUCT_ADDED, PRODUCT_VIEWED
from kindred.recommend.forms import Who
from kindred.recommend.steering import CapRule, HideBoughtRule, Steering
from kindred.segments.profile import Happened, Profile
from tests.data.test_recommendations import FEATURES, NOON, TRIPLES, WORDS, catalogue
from tests.support.exported import exported


@pytest.fixture
def backend() -> Iterator[Backend]:
    opened = open_duckdb()
    yield opened
    opened.disconnect()


@pytest.fixture
def recommender() -> Recommender:
    model = exported(TRIPLES, features=FEATURES, words=WORDS)
    return Recommender(model, catalogue(), Source("blend", 2, NOON))


def collect(workspace: Workspace, engine: Engine) -> None:
    """Let "zoe" look at milk, "yan" order fish 90 days ago, and "xi" see what nobody knows."""
    rows = [
        ("zoe", None, 1, PRODUCT_VIEWED, {"product_id": "milk"}),
        ("zoe", None, -1, PRODUCT_VIEWED, {"product_id": "beer"}),  # after the clock
        (None, "yan", 90, ORDER_COMPLETED, {"products": [{"product_id": "fish"}]}),
        ("xi", None, 1, PRODUCT_VIEWED, {"product_id": "newer than the model"}),
        ("ann", None, 1, PRODUCT_VIEWED, {"product_id": "beer"}),
    ]
    events = [
        {"messageId": str(n), "type": "track", "userId": user, "anonymousId": anonymous,
         "timestamp": NOON - timedelta(days=days), "event": name, "properties": properties}
        for n, (user, anonymous, days, name, properties) in enumerate(rows)
    ]  # fmt: skip
    path = workspace.lake / EVENTS / "new.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(events, schema=EVENT_SCHEMA), path)
    with engine.begin() as conn:
        commit_files(conn, EVENTS, [describe_file(workspace, path)], why="new", at=NOON)


def tell(workspace: Workspace, engine: Engine) -> None:
    """Let traits say that "young" has an age, and nothing more."""
    path = workspace.lake / "traits" / "new.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"person_id": ["young"], "age": ["young"]}), path)
    with engine.begin() as conn:
        files = [describe_file(workspace, path)]
        version = commit_files(conn, TRAITS, files, why="new", at=NOON)
        facts = {"at": NOON, "as_of": NOON, "dataset_version": 1, "lake_version": version}
        conn.execute(insert(trait_runs).values(**facts, people=1, traits=[], fingerprint="new"))


def found(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender, who: str
) -> Newcomer | None:
    with engine.connect() as conn:
        return newcomer(backend, workspace, conn, recommender, who, NOON)


def test_what_they_did_before_now_is_folded_in_and_decays(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    zoe = found(backend, workspace, engine, recommender, "zoe")
    yan = found(backend, workspace, engine, recommender, "yan")
    assert zoe is not None
    assert yan is not None
    assert recommender.ids[zoe.who.places].tolist() == ["milk"]
    assert zoe.who.weights == pytest.approx([2 ** (-1 / 90)])  # a view counts 1, halved in 90 days
    assert recommender.ids[yan.who.places].tolist() == ["fish"]
    assert yan.who.weights == pytest.approx([2.5])  # an order counts 5

    lists = {}
    for person, who in (("zoe", zoe), ("yan", yan)):
        answer = recommender.person(person, None, 4, newcomer=who)
        assert answer.route == "clicks"
        assert np.isfinite([each.score for each in answer.items]).all()
        assert sum(abs(r.share) for r in answer.items[0].reasons) == pytest.approx(1)
        lists[person] = [each.item for each in answer.items]
    unknown = [each.item for each in recommender.person("zoe", None, 4).items]
    assert lists["zoe"] != unknown
    assert lists["zoe"] != lists["yan"]


def test_rules_apply_and_what_they_dealt_with_is_hidden_where_only_the_new_counts(
    backend: Backend, workspace: Workspace, engine: Engine
) -> None:
    collect(workspace, engine)
    model = exported(TRIPLES, features=FEATURES, words=WORDS, repeats=False)
    fresh = Recommender(model, catalogue(), Source("blend", 2, NOON))
    who = found(backend, workspace, engine, fresh, "zoe")
    rules = Steering((CapRule("category", 1),))
    answer = fresh.person("zoe", rules, 4, newcomer=who)
    assert answer.items
    assert "milk" not in {each.item for each in answer.items}


def test_what_they_bought_lately_is_hidden_by_rules(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    yan = found(backend, workspace, engine, recommender, "yan")  # ordered fish 90 days ago
    for days, hidden in ((89, False), (90, True)):
        rules = Steering((HideBoughtRule(days),))
        answer = recommender.person("yan", rules, len(recommender.ids), newcomer=yan)
        assert ("fish" not in {each.item for each in answer.items}) is hidden


@pytest.mark.parametrize(
    ("rule", "there"), [(CapRule("category", 1), True), (HideBoughtRule(1), False)]
)
def test_what_they_bought_today_is_no_candidate_only_where_a_rule_hides_it(
    recommender: Recommender, rule: CapRule | HideBoughtRule, there: bool
) -> None:
    total = -np.arange(len(recommender.ids), dtype=np.float64)
    known = recommender.model, recommender.fields, recommender.place
    chosen = choose(*known, total, Who(), Steering((rule,)), 1, {1: 0.0})
    assert (1 in chosen) is there


def test_somebody_known_is_no_newcomer_and_nobody_is_nobody(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    assert found(backend, workspace, engine, recommender, "ann") is None
    assert found(backend, workspace, engine, recommender, "never seen") is None
    assert recommender.person("never seen", None, 3).route == "unknown"


def test_items_that_the_model_does_not_know_leave_somebody_unknown_without_an_error(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    who = found(backend, workspace, engine, recommender, "xi")
    assert who is not None
    assert not len(who.who.places)
    assert recommender.person("xi", None, 3, newcomer=who).route == "unknown"


def test_what_they_told_counts_without_any_event(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    tell(workspace, engine)
    who = found(backend, workspace, engine, recommender, "young")
    assert who is not None
    assert who.who.features == {"age": "young"}
    assert recommender.person("young", None, 3, newcomer=who).route == "metadata"


class Remembered:
    """Live state of one person."""

    def __init__(self, events: list[Happened]) -> None:
        self._profile = Profile.of("new", {"age": "young"}, events)

    def glance(self, _person: str, _wants: Wants) -> LivePerson:
        return LivePerson(self._profile, {}, None)


def test_live_state_and_the_lake_say_the_same_of_somebody(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    times = [NOON - timedelta(days=40), NOON - timedelta(hours=30), NOON - timedelta(hours=29)]
    did: list[tuple[str, dict[str, object]]] = [
        (PRODUCT_VIEWED, {"product_id": "milk"}),
        (PRODUCT_ADDED, {"product_id": "milk"}),
        (ORDER_COMPLETED, {"products": [{"product_id": "milk"}, {"product_id": "fish"}]}),
    ]
    happened = [Happened(name, at, what) for at in times for name, what in did]
    path = workspace.lake / EVENTS / "new.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"messageId": str(n), "type": "track", "userId": "new", "timestamp": each.at,
         "event": each.event, "properties": each.properties}
        for n, each in enumerate(happened)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema=EVENT_SCHEMA), path)
    with engine.begin() as conn:
        commit_files(conn, EVENTS, [describe_file(workspace, path)], why="new", at=NOON)

    kept = found(backend, workspace, engine, recommender, "new")
    live = live_newcomer(cast("LiveProfiles", Remembered(happened)), recommender, "new", NOON)

    assert kept is not None
    assert live is not None
    assert live.who.places.tolist() == kept.who.places.tolist()
    np.testing.assert_allclose(live.who.weights, kept.who.weights)
    assert live.bought == pytest.approx(kept.bought)
    assert {recommender.ids[place] for place in live.bought} == {"milk", "fish"}
    assert live.who.features == {"age": "young"}
    known = live_newcomer(cast("LiveProfiles", Remembered(happened)), recommender, "ann", NOON)
    assert known is None
