"""Segments as kept definitions: keys, drafts, versions, who uses whom; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from data.audit import Actor
from data.definitions import EditConflict, definition
from data.engine import reader
from data.keys import slug
from data.publications import Act, Terms, dependants, previous_version
from data.segments import (
    KIND,
    create_segment,
    free_key,
    list_segments,
    publish_segment,
    roll_back_segment,
    save_rule,
    segment_names,
    segment_rule,
    segment_versions,
    withdraw_segment,
)
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.catalogue import Catalogue
from kindred.segments.parse import RuleRefused
from kindred.segments.rules import Rule
from kindred.traits.trait import TraitType

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN, BO = Actor("ann"), Actor("bo")
RICH = r.TraitRule("monetary", "gte", 100)
POOR = r.TraitRule("monetary", "lt", 10)


def act(why: str = "because", hours: int = 0) -> Act:
    return Act(ANN, NOON + hours * HOUR, why)


def begun(store: Engine, name: str, rule: Rule = RICH, key: str | None = None) -> str:
    with store.begin() as conn:
        return create_segment(conn, name, rule, actor=ANN, at=NOON, key=key).key


def published(store: Engine, key: str, terms: Terms | None = None) -> int:
    with store.begin() as conn:
        revision = definition(conn, KIND, key).revision
        return publish_segment(conn, key, act(), revision=revision, terms=terms)


def saved(store: Engine, key: str, rule: Rule, revision: int | None = None) -> int:
    with store.begin() as conn:
        at = definition(conn, KIND, key).revision if revision is None else revision
        return save_rule(conn, key, rule, revision=at, actor=BO, at=NOON).revision


def states(store: Engine, at: datetime = NOON) -> dict[str, str]:
    with reader(store).connect() as conn:
        return {one.definition.key: one.state for one in list_segments(conn, at)}


def test_a_segment_goes_from_draft_to_live_to_changed_to_withdrawn(store: Engine) -> None:
    key = begun(store, "Big spenders")
    assert states(store) == {"big-spenders": "draft"}
    assert published(store, key) == 1
    assert states(store) == {"big-spenders": "live"}
    saved(store, key, POOR)
    assert states(store) == {"big-spenders": "changed"}
    with reader(store).connect() as conn:
        assert segment_rule(conn, key) == POOR, "the draft's"
        assert segment_rule(conn, key, 1) == RICH
    assert published(store, key) == 2
    with store.begin() as conn:
        withdraw_segment(conn, key, act("over"))
    assert states(store) == {"big-spenders": "withdrawn"}
    with reader(store).connect() as conn:
        assert [version.number for version in segment_versions(conn, key)] == [2, 1]
        assert segment_rule(conn, key) == POOR, "the newest version's"


def test_the_sentence_of_a_version_calls_other_segments_by_their_names(store: Engine) -> None:
    published(store, begun(store, "Big spenders"))
    key = begun(store, "The others", r.NotRule(r.SegmentRule("big-spenders")))
    published(store, key)
    with reader(store).connect() as conn:
        (version,) = segment_versions(conn, key)
        assert segment_names(conn)[KIND, "big-spenders"] == "Big spenders"
        assert dependants(conn, KIND, "big-spenders") == ["The others"]
    assert version.sentence == "People except those who are in the segment “Big spenders”."


def test_of_two_editors_the_second_is_told_by_whom_and_when(store: Engine) -> None:
    key = begun(store, "Rich")
    saved(store, key, POOR, revision=1)
    with pytest.raises(EditConflict, match="bo changed “Rich” at 12:00:00 UTC") as told:
        saved(store, key, RICH, revision=1)
    assert (told.value.by, told.value.at) == ("bo", NOON)
    with reader(store).connect() as conn:
        assert segment_rule(conn, key) == POOR


def test_what_was_not_seen_is_not_published(store: Engine) -> None:
    key = begun(store, "Rich")
    saved(store, key, POOR)
    with pytest.raises(EditConflict), store.begin() as conn:
        publish_segment(conn, key, act(), revision=1)
    assert states(store) == {"rich": "draft"}


def test_particulars_are_saved_beside_the_rule(store: Engine) -> None:
    key = begun(store, "Rich")
    particulars = {"name": "Very rich", "owner": "bo", "tags": ["fair"], "notes": "see the fair"}
    with store.begin() as conn:
        found = save_rule(conn, key, RICH, revision=1, actor=BO, at=NOON, **particulars)
    assert (found.name, found.owner, found.tags, found.notes) == (
        "Very rich",
        "bo",
        ("fair",),
        "see the fair",
    )


def test_validity_is_half_open(store: Engine) -> None:
    key = begun(store, "Rich")
    published(store, key, Terms(NOON + HOUR, NOON + 2 * HOUR))
    at = {hours: states(store, NOON + hours * HOUR)[key] for hours in (0, 1, 2)}
    assert at == {0: "waiting", 1: "live", 2: "expired"}


def test_a_circle_and_what_is_not_there_are_refused_upon_publishing(store: Engine) -> None:
    published(store, begun(store, "A"))
    published(store, begun(store, "B", r.SegmentRule("a")))
    saved(store, "a", r.AnyRule((RICH, r.SegmentRule("b"))))
    with pytest.raises(RuleRefused, match="a → b → a"):
        published(store, "a")
    begun(store, "C", r.SegmentRule("nobody"))
    with pytest.raises(RuleRefused, match="nobody"):
        published(store, "c")
    catalogue = Catalogue(traits={"income": TraitType.CATEGORY})
    begun(store, "D")
    with pytest.raises(RuleRefused, match="monetary"), store.begin() as conn:
        publish_segment(conn, "d", act(), revision=1, catalogue=catalogue)


def test_what_is_used_is_not_withdrawn_nor_rolled_back_onto_what_is_gone(store: Engine) -> None:
    published(store, begun(store, "Base"))
    key = begun(store, "User", r.SegmentRule("base"))
    published(store, key)
    with pytest.raises(UserError, match="“User” would break"), store.begin() as conn:
        withdraw_segment(conn, "base", act())
    saved(store, key, POOR)
    published(store, key)
    with store.begin() as conn:
        withdraw_segment(conn, "base", act())
    with pytest.raises(UserError, match="Publish “base” first"), store.begin() as conn:
        roll_back_segment(conn, key, 1, act())


def test_the_version_before_is_the_one_that_was_live_before(store: Engine) -> None:
    key = begun(store, "Rich")
    published(store, key)
    with reader(store).connect() as conn, pytest.raises(UserError, match="No other version"):
        previous_version(conn, KIND, key)
    for rule in (POOR, RICH):
        saved(store, key, rule)
        published(store, key)
    with store.begin() as conn:
        assert previous_version(conn, KIND, key) == 2
        roll_back_segment(conn, key, 1, act())
        assert previous_version(conn, KIND, key) == 3
        withdraw_segment(conn, key, act())
        assert previous_version(conn, KIND, key) == 1


def test_keys_are_made_of_names_and_given_once(store: Engine) -> None:
    assert begun(store, "Käse & Wein!") == "kase-wein"
    assert begun(store, "Käse & Wein!") == "kase-wein-2"
    assert begun(store, "x" * 120) == "x" * 60
    assert begun(store, "x" * 120) == "x" * 58 + "-2"
    with reader(store).connect() as conn:
        assert free_key(conn, "2 for 1") == "s-2-for-1"
        with pytest.raises(UserError, match="Give the key"):
            free_key(conn, "東京")
    with pytest.raises(UserError, match="belongs to"):
        begun(store, "Another", key="kase-wein")


@pytest.mark.parametrize("name", ["a", "10 %", "ÄÖÜ", "x" * 300, "-_-a-_-"])
def test_every_key_is_one_that_other_systems_can_take(name: str) -> None:
    from data.definitions import KEY

    assert KEY.fullmatch(slug(name))
