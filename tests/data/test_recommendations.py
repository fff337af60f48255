"""Recommendations over arrays: kept and opened, steered, with reasons that add up; quick ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine

from data.items import Items
from data.lake import commit_files
from data.model_files import open_model, open_sample, save_model
from data.quick_recommendations import quick_answer
from data.recommendation_files import RECOMMENDATIONS, Lists, part_of, people_part, write_part
from data.recommendation_types import Answer, Visitor
from data.recommendations import Recommender, Source
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.events import CATALOGUE_SCHEMA
from kindred.recommend import steering as s
from kindred.recommend.exported import carried, score
from kindred.recommend.steering_cost import Sample
from tests.support.exported import exported

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TRIPLES = [
    ("ann", "milk", 3.0), ("ann", "bread", 2.0), ("ann", "fish", 1.0),
    ("bo", "milk", 2.0), ("bo", "bread", 1.0), ("bo", "beer", 4.0),
    ("cy", "beer", 3.0), ("cy", "crisps", 3.0),
    ("di", "milk", 1.0), ("di", "fish", 2.0),
]  # fmt: skip
FEATURES = {"ann": {"age": "old"}, "bo": {"age": "young"}, "cy": {"age": "young"}}
CATEGORIES = {"milk": "DAIRY", "bread": "BAKERY", "fish": "FISH", "beer": "DRINKS", "crisps": None}
WORDS = {"milk": "cold white", "bread": "warm", "fish": "cold", "beer": "cold", "new": "warm cold"}


def catalogue() -> Items:
    rows = [
        {"item_id": i, "name": i.upper(), "category": c, "attributes": '{"shelf": 1}'}
        for i, c in CATEGORIES.items()
    ]
    table = pa.Table.from_pylist(rows, schema=CATALOGUE_SCHEMA)
    return Items(table.column("item_id").to_numpy(zero_copy_only=False), table)


@pytest.fixture
def recommender() -> Recommender:
    model = exported(TRIPLES, features=FEATURES, words=WORDS)
    return Recommender(model, catalogue(), Source("blend", 2, NOON))


def ids(answer: Answer) -> list[str]:
    return [each.item for each in answer.items]


def test_a_model_is_opened_as_it_was_kept_without_pickles(workspace: Workspace) -> None:
    model = exported(TRIPLES, features=FEATURES, words=WORDS)
    sample = Sample(
        np.array([[0, 1], [2, -1]]),
        np.array([[2.0, 1.0], [1.0, 0.0]]),
        np.array([[np.nan, 3.0], [1.0, np.nan]]),
        (np.array([1]), np.array([], dtype=np.int64)),
        {"factors": np.zeros((2, 2))},
    )

    path = save_model(workspace, model, sample)

    opened, kept = open_model(workspace, path), open_sample(workspace, path)
    assert (opened.name, opened.repeats, opened.features) == ("blend", True, model.features)
    assert opened.person_features["age"].tolist() == ["old", "young", "young", None]
    for person in ("ann", "cy"):
        row = model.row(person)
        assert row is not None
        assert opened.row(person) == row
        one, other = score(model, model.who(row)), score(opened, opened.who(row))
        np.testing.assert_allclose(one.total, other.total)
    assert kept is not None
    assert [w.tolist() for w in kept.wanted] == [[1], []]
    assert all(np.load(f, allow_pickle=False) is not None
               for f in (workspace.models / path).glob("*.npy"))  # fmt: skip
    assert not list(workspace.models.glob(".*"))


def test_a_model_that_is_gone_is_told_so(workspace: Workspace) -> None:
    with pytest.raises(UserError, match="files are not in"):
        open_model(workspace, "blend-none")


def test_a_known_person_is_answered_from_their_history(recommender: Recommender) -> None:
    answer = recommender.person("ann", None, 3)

    assert (answer.route, answer.version, answer.steering) == ("history", 2, None)
    assert ids(answer)[0] == "milk"
    assert [each.before for each in answer.items] == [1, 2, 3]
    assert answer.items[0].name == "MILK"
    assert answer.items[0].reasons


def test_somebody_unknown_is_answered_with_what_is_popular(recommender: Recommender) -> None:
    answer = recommender.person("nobody", None, 2)

    assert answer.route == "unknown"
    assert ids(answer) == ["beer", "milk"]
    assert [reason.label for reason in answer.items[0].reasons] == ["popular"]


def test_a_reason_without_a_name_is_said_to_be_an_item() -> None:
    model = exported(TRIPLES, features=FEATURES, words=WORDS)
    full = catalogue()
    nameless = Items(full.ids[:0], full.table.slice(0, 0))
    told = Recommender(model, nameless, Source("blend", 2, NOON)).person("ann", None, 5)
    labels = {reason.label for item in told.items for reason in item.reasons}
    assert labels & {f"item {item}" for item in CATEGORIES}
    assert not labels & set(CATEGORIES)


def test_only_what_is_new_is_recommended_where_repeats_are_not_wanted() -> None:
    model = exported(TRIPLES, repeats=False)
    only_new = Recommender(model, catalogue(), Source("blend", 1, NOON))

    shown = ids(only_new.person("ann", None, 5))

    assert not {"milk", "bread", "fish"} & set(shown)
    assert shown


def test_each_thing_told_moves_a_visitor_s_list(recommender: Recommender) -> None:
    nothing = recommender.visitor(Visitor(), None, 3)
    old = recommender.visitor(Visitor({"age": "old"}), None, 3)
    clicked = recommender.visitor(Visitor({"age": "old"}, {}, ("crisps",)), None, 3)

    assert (nothing.route, old.route, clicked.route) == ("unknown", "metadata", "clicks")
    assert ids(nothing)[0] == "beer"
    assert ids(old)[0] == "milk"
    assert ids(clicked)[0] == "beer"
    assert "crisps" in ids(clicked)  # people deal with things again
    assert {"history"} <= {reason.kind for reason in clicked.items[0].reasons}


def test_an_answer_counts_as_the_item_that_it_names(recommender: Recommender) -> None:
    question = recommender.asking.next({})
    assert question is not None
    answered = recommender.visitor(Visitor(answers={question.key: "crisps"}), None, 3)
    clicked = recommender.visitor(Visitor(clicks=("crisps",)), None, 3)

    assert "crisps" in question.choices
    assert [(i.item, i.score) for i in answered.items] == [(i.item, i.score) for i in clicked.items]


def test_answers_to_questions_that_were_never_asked_tell_nothing(recommender: Recommender) -> None:
    first = recommender.asking.next({})
    for key in ("FRUIT|MILK", "[1, 2]", "{}", '["unheard of"]'):
        assert recommender.asking.next({key: "unheard of"}) == first
        assert recommender.visitor(Visitor(answers={key: "unheard of"}), None, 2).items


def test_where_only_the_new_counts_a_visitor_is_not_shown_again_what_they_clicked() -> None:
    model = exported(TRIPLES, repeats=False)
    only_new = Recommender(model, catalogue(), Source("blend", 1, NOON))
    assert "crisps" not in ids(only_new.visitor(Visitor(clicks=("crisps",)), None, 5))


def test_unknown_clicks_and_contexts_are_no_error(recommender: Recommender) -> None:
    answer = recommender.visitor(Visitor({"planet": "Mars"}, {}, ("unheard of",)), None, 2)
    assert len(answer.items) == 2
    assert all(np.isfinite(each.score) for each in answer.items)


def test_reasons_are_shares_of_the_whole_and_true_to_the_score(recommender: Recommender) -> None:
    model = recommender.model
    row = model.row("bo")
    assert row is not None
    who = model.who(row)
    scored = score(model, who)
    for place in range(len(model.items)):
        found = carried(model, who, scored, place)
        if found:
            assert sum(abs(each.amount) for each in found) == pytest.approx(1.0)
    neighbours = model.forms["neighbours"]
    scores = neighbours.scores(who)
    assert scores is not None
    for place in range(len(model.items)):
        told = sum(each.amount for each in neighbours.carried(who, place))
        assert told == pytest.approx(scores[place])


def test_folding_in_a_known_history_comes_near_the_fitted_vector(recommender: Recommender) -> None:
    factors, row = recommender.model.forms["factors"], recommender.model.row("cy")
    assert row is not None
    who = recommender.model.who(row)
    fitted, folded = factors.scores(who), factors.scores(replace(who, row=None))
    assert fitted is not None
    assert folded is not None
    assert np.corrcoef(fitted, folded)[0, 1] > 0.8
    told = sum(each.amount for each in factors.carried(replace(who, row=None), 0))
    assert told == pytest.approx(folded[0])


def test_steering_is_applied_and_told(recommender: Recommender) -> None:
    no_milk = s.ExcludeRule((s.ItemFilter("category", "eq", "DAIRY"),))
    answer = recommender.person("ann", s.Steering((s.PinRule(("crisps",)), no_milk)), 3)

    assert ids(answer)[0] == "crisps"
    assert "milk" not in ids(answer)
    assert answer.items[0].moved == ("pinned",)
    assert (answer.left_out[0].item, answer.left_out[0].before) == ("milk", 1)


def test_hiding_what_was_bought_looks_at_the_person_s_own_days(recommender: Recommender) -> None:
    model = recommender.model
    row = model.row("ann")
    assert row is not None
    days = model.days(row, np.arange(len(model.items)))
    recent = {recommender.ids[p] for p in np.flatnonzero(days <= 7)}
    assert recent
    shown = ids(recommender.person("ann", s.Steering((s.HideBoughtRule(7),)), 6))
    assert not recent & set(shown)


def test_an_item_that_is_not_in_the_catalogue_is_called_by_its_id(recommender: Recommender) -> None:
    found = recommender.similar("bread", 5)
    new = next(each for each in found if each.item == "new")
    assert (new.name, new.described) == ("new", "not in the catalogue")
    assert all(0 < each.score <= 1 for each in found)
    assert recommender.similar("unheard of", 5) == []


def test_who_likes_an_item_begins_with_those_who_bought_it(recommender: Recommender) -> None:
    found = recommender.likers("crisps", 2)
    assert found[0].person == "cy"
    assert found[0].bought
    assert recommender.likers("unheard of", 2) == []


def test_a_segment_is_answered_by_the_mean_of_its_people(recommender: Recommender) -> None:
    young = recommender.segment("young", ["bo", "cy", "unheard of"], None, 2)
    assert (young.route, ids(young)[0]) == ("segment", "beer")
    assert ids(recommender.segment("empty", [], None, 2)) == ids(
        recommender.person("nobody", None, 2)
    )


def test_a_quick_answer_is_the_computed_list_steered(
    store: Engine, store_workspace: Workspace, recommender: Recommender
) -> None:
    lists = Lists(["ann"], np.array([[2, 0, 1]]), np.array([[3.0, 2.0, 1.0]]),
                  pa.array(["milk", "bread", "beer"]))  # fmt: skip
    part = people_part(part_of("ann"))
    file = write_part(store_workspace, None, part, lists, "m").file
    assert file is not None
    drinks = s.Steering((s.ExcludeRule((s.ItemFilter("category", "eq", "DRINKS"),)),))
    with store.begin() as conn:
        commit_files(conn, RECOMMENDATIONS, [file], why="t", at=NOON, snapshot=part)
        plain = quick_answer(store_workspace, conn, recommender, "ann", None, 2)
        dry = quick_answer(store_workspace, conn, recommender, "ann", drinks, 2)
        fallen_back = quick_answer(store_workspace, conn, recommender, "ann", drinks, 3)
        other = quick_answer(store_workspace, conn, recommender, "nobody", None, 2)

    assert ids(plain) == ["beer", "milk"]
    assert ids(dry) == ["milk", "bread"]
    assert dry.left_out[0].reason == "excluded: whose category is “DRINKS”"
    assert len(fallen_back.items) == 3  # from the arrays: the list had too few left
    assert other.route == "unknown"
