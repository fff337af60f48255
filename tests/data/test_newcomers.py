"""People who came after the training get a list folded in from what they did since, no error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ibis.backends.duckdb import Backend
from sqlalchemy import Engine, insert

from data.lake import EVENTS, TRAITS, commit_files, describe_file, open_duckdb
from data.newcomers import newcomer
from data.recommendations import Recommender, Source
from data.schema import trait_runs
from data.workspace import Workspace
from kindred.events import EVENT_SCHEMA, ORDER_COMPLETED, PRODUCT_VIEWED
from kindred.recommend.forms import Who
from kindred.recommend.steering import CapRule, Steering
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
) -> Who | None:
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
    assert recommender.ids[zoe.places].tolist() == ["milk"]
    assert zoe.weights == pytest.approx([2 ** (-1 / 90)])  # a view counts 1, halved in 90 days
    assert recommender.ids[yan.places].tolist() == ["fish"]
    assert yan.weights == pytest.approx([2.5])  # an order counts 5

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
    assert not len(who.places)
    assert recommender.person("xi", None, 3, newcomer=who).route == "unknown"


def test_what_they_told_counts_without_any_event(
    backend: Backend, workspace: Workspace, engine: Engine, recommender: Recommender
) -> None:
    collect(workspace, engine)
    tell(workspace, engine)
    who = found(backend, workspace, engine, recommender, "young")
    assert who is not None
    assert who.features == {"age": "young"}
    assert recommender.person("young", None, 3, newcomer=who).route == "metadata"
