"""What is published goes draft → version → live, with audit and outbox rows, or not at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from data import publications as pub
from data.audit import Actor, history
from data.definitions import (
    EditConflict,
    all_definitions,
    create,
    definition,
    publication_history,
    save,
    version_body,
    version_history,
)
from data.engine import reader
from data.publication_schema import outbox
from data.publications import Act, Terms
from kindred.errors import UserError

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN, BO = Actor("ann"), Actor("bo")


def act(hours: int = 0, actor: Actor = ANN, why: str = "because") -> Act:
    return Act(actor, NOON + hours * HOUR, why)


def draft(store: Engine, key: str = "loyal", **body: object) -> int:
    with store.begin() as conn:
        made = create(conn, "segment", key, key.title(), body or {"n": 1}, actor=ANN, at=NOON)
    return made.revision


def change(store: Engine, revision: int, key: str = "loyal", **body: object) -> int:
    with store.begin() as conn:
        return save(
            conn, "segment", key, revision=revision, actor=ANN, at=NOON, draft=body
        ).revision


def publish(
    store: Engine,
    revision: int,
    key: str = "loyal",
    hours: int = 0,
    uses: tuple[tuple[str, str], ...] = (),
    terms: Terms | None = None,
) -> int:
    with store.begin() as conn:
        return pub.publish(
            conn,
            "segment",
            key,
            act(hours),
            revision=revision,
            sentence=f"People who are {key}.",
            uses=uses,
            terms=terms,
            evidence={"people": 12},
        )


def live(store: Engine, at: datetime = NOON + 10 * HOUR) -> dict[str, int]:
    with reader(store).connect() as conn:
        return {each.key: each.number for each in pub.live(conn, "segment", at)}


def published_twice(store: Engine) -> None:
    """Leave “loyal” with versions 1 and 2, the second live."""
    publish(store, draft(store, n=1))
    publish(store, change(store, 2, n=2), hours=1)


def test_a_draft_is_not_live_until_it_is_published(store: Engine) -> None:
    revision = draft(store)
    assert live(store) == {}
    assert publish(store, revision) == 1
    assert live(store) == {"loyal": 1}


def test_a_version_never_changes_whatever_the_draft_becomes(store: Engine) -> None:
    publish(store, draft(store, n=1))
    change(store, 2, n=2)
    with reader(store).connect() as conn:
        (standing,) = pub.live(conn, "segment", NOON)
        assert standing.body == version_body(conn, "segment", "loyal", 1) == {"n": 1}
        assert standing.evidence == {"people": 12}
        assert definition(conn, "segment", "loyal").draft == {"n": 2}


def test_publishing_what_was_not_seen_is_refused_and_says_who_changed_it(store: Engine) -> None:
    seen = draft(store)
    change(store, seen, n=2)
    with pytest.raises(EditConflict, match="ann changed “Loyal”"):
        publish(store, seen)
    assert live(store) == {}


def test_publishing_without_a_change_is_refused(store: Engine) -> None:
    publish(store, draft(store))
    with pytest.raises(UserError, match="no draft"):
        publish(store, 2)


def test_a_new_version_supersedes_the_one_before(store: Engine) -> None:
    published_twice(store)
    assert live(store) == {"loyal": 2}
    with reader(store).connect() as conn:
        newest, oldest = publication_history(conn, "segment", "loyal")
    assert (newest.number, newest.ended_at) == (2, None)
    assert (oldest.number, oldest.ended_as, oldest.ended_at) == (1, "superseded", NOON + HOUR)


def test_rolling_back_lets_an_earlier_version_be_live_on_the_terms_it_had(store: Engine) -> None:
    terms = Terms(valid_until=NOON + 100 * HOUR, browser=True)
    publish(store, draft(store, n=1), terms=terms)
    publish(store, change(store, 2, n=2), hours=1)
    with store.begin() as conn:
        pub.roll_back(conn, "segment", "loyal", 1, act(2))
        (standing,) = pub.live(conn, "segment", NOON + 3 * HOUR)
    assert (standing.number, standing.body, standing.terms) == (1, {"n": 1}, terms)


@pytest.mark.parametrize(("number", "said"), [(2, "live already"), (7, "no version 7")])
def test_rolling_back_to_what_makes_no_sense_is_refused(
    store: Engine, number: int, said: str
) -> None:
    published_twice(store)
    with store.begin() as conn, pytest.raises(UserError, match=said):
        pub.roll_back(conn, "segment", "loyal", number, act(2))


def test_what_is_withdrawn_is_live_no_more_and_can_come_back(store: Engine) -> None:
    published_twice(store)
    with store.begin() as conn:
        pub.withdraw(conn, "segment", "loyal", act(2))
    assert live(store) == {}
    with store.begin() as conn, pytest.raises(UserError, match="not live"):
        pub.withdraw(conn, "segment", "loyal", act(3))
    with store.begin() as conn:
        pub.roll_back(conn, "segment", "loyal", 2, act(4))
    assert live(store) == {"loyal": 2}


def test_validity_is_half_open(store: Engine) -> None:
    terms = Terms(valid_from=NOON + HOUR, valid_until=NOON + 2 * HOUR)
    publish(store, draft(store), terms=terms)
    second = timedelta(seconds=1)
    assert live(store, NOON + HOUR - second) == {}
    assert live(store, NOON + HOUR) == {"loyal": 1}
    assert live(store, NOON + 2 * HOUR - second) == {"loyal": 1}
    assert live(store, NOON + 2 * HOUR) == {}


def test_validity_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UserError, match="end before it begins"):
        Terms(valid_from=NOON, valid_until=NOON)


def test_only_what_is_live_can_be_used_and_what_is_used_stays(store: Engine) -> None:
    loyal, outer = draft(store), draft(store, "outer")
    uses = (("segment", "loyal"),)
    with pytest.raises(UserError, match="uses the segment “loyal”, which is not live"):
        publish(store, outer, "outer", uses=uses)
    publish(store, loyal)
    publish(store, outer, "outer", uses=uses)
    with store.begin() as conn, pytest.raises(UserError, match="“Outer” would break"):
        pub.withdraw(conn, "segment", "loyal", act(1))
    with store.begin() as conn:
        pub.withdraw(conn, "segment", "outer", act(2))
        pub.withdraw(conn, "segment", "loyal", act(3))
    assert live(store) == {}


def test_every_act_leaves_an_audit_row_and_news_for_serving(store: Engine) -> None:
    published_twice(store)
    with store.begin() as conn:
        pub.roll_back(conn, "segment", "loyal", 1, act(2, BO, "it was better"))
        pub.withdraw(conn, "segment", "loyal", act(3))
        news = pub.news(conn, after=0)
        said = history(conn, "segment:loyal")
    assert [(row.action, row.version) for row in news] == [
        ("published", 1),
        ("published", 2),
        ("rolled_back", 1),
        ("withdrawn", None),
    ]
    assert [row.action for row in said] == [
        "segment.withdrawn",
        "segment.rolled_back",
        "segment.published",
        "segment.saved",
        "segment.published",
        "segment.created",
    ]
    assert (said[1].actor, said[1].detail) == ("bo", {"version": 1, "why": "it was better"})


def test_news_goes_on_where_the_reader_left_off(store: Engine) -> None:
    published_twice(store)
    with reader(store).connect() as conn:
        first = pub.news(conn, after=0, limit=1)
        assert [row.version for row in pub.news(conn, after=first[-1].id)] == [2]


def test_what_fails_half_way_leaves_neither_version_nor_news(store: Engine) -> None:
    revision = draft(store)

    def fail() -> None:
        with store.begin() as conn:
            pub.publish(conn, "segment", "loyal", act(), revision=revision, sentence="")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reader(store).connect() as conn:
        assert version_history(conn, "segment", "loyal") == []
        assert conn.execute(select(outbox)).all() == []
        assert definition(conn, "segment", "loyal").revision == revision


def test_of_two_editors_at_once_one_saves_and_the_other_is_told(store: Engine) -> None:
    revision = draft(store)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def edit(actor: Actor) -> None:
        ready.wait()
        try:
            with store.begin() as conn:
                save(
                    conn,
                    "segment",
                    "loyal",
                    revision=revision,
                    actor=actor,
                    at=NOON,
                    draft={"by": actor.name},
                )
            outcomes.append(actor.name)
        except EditConflict as conflict:
            outcomes.append(f"told of {conflict.by}")

    threads = [threading.Thread(target=edit, args=(actor,)) for actor in (ANN, BO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = [each for each in outcomes if not each.startswith("told")]
    assert sorted(outcomes) == sorted([winner, f"told of {winner}"])
    with reader(store).connect() as conn:
        assert definition(conn, "segment", "loyal").draft == {"by": winner}


def test_of_two_who_publish_at_once_one_does_and_one_version_is_live(store: Engine) -> None:
    published_twice(store)
    revision = change(store, 4, n=3)
    outcomes: list[str] = []
    ready = threading.Barrier(3)

    def publish_third() -> None:
        ready.wait()
        try:
            outcomes.append(f"published {publish(store, revision, hours=2)}")
        except UserError:
            outcomes.append("refused")

    def roll_back() -> None:
        ready.wait()
        with store.begin() as conn:
            pub.roll_back(conn, "segment", "loyal", 1, act(2))

    threads = [threading.Thread(target=f) for f in (publish_third, publish_third, roll_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["published 3", "refused"]
    with reader(store).connect() as conn:
        shown = publication_history(conn, "segment", "loyal")
    assert len(shown) == 4
    assert [row.number for row in shown if row.ended_at is None] == [shown[0].number]


@pytest.mark.parametrize("key", ["", "Loyal", "1st", "a b", "x" * 65, "é"])
def test_a_key_is_what_other_systems_can_take(store: Engine, key: str) -> None:
    with store.begin() as conn, pytest.raises(UserError, match="can't be a key"):
        create(conn, "segment", key, "Loyal", {}, actor=ANN, at=NOON)


def test_a_key_is_given_once_a_kind(store: Engine) -> None:
    draft(store)
    with store.begin() as conn, pytest.raises(UserError, match="belongs to “Loyal”"):
        create(conn, "segment", "loyal", "Again", {}, actor=ANN, at=NOON)
    with store.begin() as conn:
        create(conn, "experiment", "loyal", "Another kind", {}, actor=ANN, at=NOON)
        assert [each.key for each in all_definitions(conn, "segment")] == ["loyal"]


def test_a_name_that_is_missing_is_answered_with_those_there_are(store: Engine) -> None:
    draft(store)
    with reader(store).connect() as conn, pytest.raises(UserError, match="There are: loyal"):
        definition(conn, "segment", "royal")
