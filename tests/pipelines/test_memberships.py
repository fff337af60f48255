"""Who is in which published segment: counted together, kept with joins and leaves, never stale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, select

from data import runs
from data.audit import Actor
from data.engine import reader
from data.lake import live_files
from data.membership_files import MEMBERSHIP_CHANGES, member_files, members
from data.membership_schema import membership_runs
from data.memberships import (
    HISTORY_JOB,
    JOB,
    Sized,
    commit,
    inputs,
    latest_sizes,
    size_history,
)
from data.publications import Act, Terms
from data.segments import (
    create_segment,
    publish_segment,
    roll_back_segment,
    save_rule,
    withdraw_segment,
)
from data.workspace import Workspace
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.membership import belongs
from kindred.segments.rules import Rule
from pipelines import memberships, segment_history
from pipelines.job import JobResult
from tests.support.segment_workspace import (
    NOON,
    ORDER,
    WORLD,
    add_up,
    job_context,
    keep_traits,
    take_in,
)
from tests.support.segment_worlds import Person, World

ANN = Actor("ann")
DAY = timedelta(days=1)
ACTIVE = r.EventRule(ORDER, "count", "gte", 2, within="P7D")
LATELY = r.EventRule(ORDER, within="P1D")
RICH = r.TraitRule("monetary", "gte", 10)


@pytest.fixture
def filled(store_workspace: Workspace, store: Engine, tmp_path: Path) -> Workspace:
    take_in(store_workspace, store, WORLD, tmp_path / "first")
    keep_traits(store_workspace, store, WORLD)
    return store_workspace


def published(
    store: Engine, key: str, rule: Rule, terms: Terms | None = None, at: datetime = NOON
) -> int:
    with store.begin() as conn:
        made = create_segment(conn, key.title(), rule, actor=ANN, at=at, key=key)
        act = Act(ANN, at, "because")
        return publish_segment(conn, key, act, revision=made.revision, terms=terms)


def changed(store: Engine, key: str, rule: Rule) -> int:
    with store.begin() as conn:
        from data.definitions import definition

        at = definition(conn, "segment", key).revision
        saved = save_rule(conn, key, rule, revision=at, actor=ANN, at=NOON)
        return publish_segment(conn, key, Act(ANN, NOON, "because"), revision=saved.revision)


def worked_out(
    workspace: Workspace, store: Engine, as_of: datetime = NOON, now: datetime = NOON
) -> JobResult:
    return memberships.run(job_context(workspace, store, as_of, now), {})


def expected(rule: Rule, as_of: datetime = NOON, world: World = WORLD) -> list[str]:
    context = world.context([rule])
    return [p.id for p in world.people if belongs(p.profile(), rule, context, as_of)]


def inside(workspace: Workspace, store: Engine, key: str) -> dict[str, tuple[datetime, int]]:
    with reader(store).connect() as conn:
        table = pa.Table.from_batches(members(workspace, conn, key))
    rows = table.to_pylist()
    return {row["person_id"]: (row["since"], row["version"]) for row in rows}


def sizes(store: Engine) -> dict[str, Sized]:
    with reader(store).connect() as conn:
        return latest_sizes(conn)


def all_changes(workspace: Workspace, store: Engine) -> list[dict[str, Any]]:
    with reader(store).connect() as conn:
        files = live_files(conn, MEMBERSHIP_CHANGES)
    rows = [row for file in files for row in pq.read_table(workspace.lake / file.path).to_pylist()]
    return sorted(rows, key=lambda row: (row["at"], row["segment"], row["person_id"]))


def test_members_are_those_of_whom_the_rule_holds(filled: Workspace, store: Engine) -> None:
    published(store, "active", ACTIVE)
    published(store, "rich", RICH)
    result = worked_out(filled, store)
    assert result.detail == {"segments": 2, "failed": {}}
    for key, rule in (("active", ACTIVE), ("rich", RICH)):
        found = inside(filled, store, key)
        assert list(found) == expected(rule)
        assert set(found.values()) == {(NOON, 1)}
        size = sizes(store)[key]
        assert (size.size, size.people, size.as_of) == (len(found), len(WORLD.people), NOON)
        assert (size.joined, size.left) == (None, None), "there was nothing before"
    spent = [p.traits.get("monetary", 0.0) for p in WORLD.people]
    rich = [money for money in spent if money >= 10]
    assert sizes(store)["rich"].revenue_share == pytest.approx(sum(rich) / sum(spent))


def test_nothing_is_done_twice_and_nothing_without_segments(
    filled: Workspace, store: Engine
) -> None:
    assert worked_out(filled, store).fresh
    published(store, "active", ACTIVE)
    assert not worked_out(filled, store).fresh
    assert worked_out(filled, store).fresh
    add_up(filled, store)  # another form of the same events
    assert worked_out(filled, store).fresh


def test_silence_moves_people_out_and_who_joined_and_left_is_told(
    filled: Workspace, store: Engine
) -> None:
    published(store, "active", LATELY)
    worked_out(filled, store, NOON - 3 * DAY)
    before = set(expected(LATELY, NOON - 3 * DAY))
    worked_out(filled, store, NOON)
    now = set(expected(LATELY, NOON))
    assert before - now
    assert now - before
    assert {
        (row["person_id"], row["change"], row["at"], row["version"], row["segment"])
        for row in all_changes(filled, store)
    } == {(p, "joined", NOON, 1, "active") for p in now - before} | {
        (p, "left", NOON, 1, "active") for p in before - now
    }
    since = {person: at for person, (at, _) in inside(filled, store, "active").items()}
    stayed = dict.fromkeys(before & now, NOON - 3 * DAY)
    assert since == stayed | dict.fromkeys(now - before, NOON)
    size = sizes(store)["active"]
    assert (size.joined, size.left) == (len(now - before), len(before - now))
    with reader(store).connect() as conn:
        history = size_history(conn, "active")
    assert [(one.as_of, one.size) for one in history] == [
        (NOON - 3 * DAY, len(before)),
        (NOON, len(now)),
    ]


def test_a_new_version_tells_whom_it_brought_in_and_keeps_since_when_others_are(
    filled: Workspace, store: Engine
) -> None:
    published(store, "rich", RICH)
    worked_out(filled, store, NOON - DAY)
    assert changed(store, "rich", r.TraitRule("monetary", "gte", 8)) == 2
    worked_out(filled, store)
    found = inside(filled, store, "rich")
    assert {version for _, version in found.values()} == {2}
    more = set(expected(r.TraitRule("monetary", "gte", 8))) - set(expected(RICH))
    assert {person for person, (since, _) in found.items() if since == NOON} == more
    assert {row["version"] for row in all_changes(filled, store)} == {2}


def test_back_and_withdrawn(filled: Workspace, store: Engine) -> None:
    published(store, "rich", RICH)
    changed(store, "rich", r.TraitRule("monetary", "gte", 8))
    worked_out(filled, store)
    with store.begin() as conn:
        roll_back_segment(conn, "rich", 1, Act(ANN, NOON, "wrong"))
    worked_out(filled, store)
    assert list(inside(filled, store, "rich")) == expected(RICH)
    with store.begin() as conn:
        withdraw_segment(conn, "rich", Act(ANN, NOON, "over"))
    worked_out(filled, store)
    with reader(store).connect() as conn:
        assert member_files(conn) == {}
        with pytest.raises(UserError, match="have not been worked out"):
            list(members(filled, conn, "rich"))
        assert latest_sizes(conn) == {}
    left = [row["person_id"] for row in all_changes(filled, store) if row["change"] == "left"]
    assert set(left) >= set(expected(RICH))
    assert worked_out(filled, store).fresh


def test_one_that_fails_keeps_its_members_with_their_age_and_holds_up_nobody(
    filled: Workspace, store: Engine
) -> None:
    published(store, "active", ACTIVE)
    published(store, "broken", r.TraitRule("monetary", "gte", 3))
    worked_out(filled, store, NOON - DAY)
    kept = inside(filled, store, "broken")
    from sqlalchemy import update

    from data.publication_schema import versions

    bad = {"format": 1, "rule": {"kind": "trait", "trait": "gone", "op": "is_set"}}
    with store.begin() as conn:  # as after a trait has been taken away
        conn.execute(update(versions).where(versions.c.sentence.contains("3")).values(body=bad))
    result = worked_out(filled, store)
    assert "no trait 'gone'" in result.detail["failed"]["broken"]
    assert inside(filled, store, "broken") == kept
    told = sizes(store)
    assert told["broken"].error is not None
    assert (told["broken"].as_of, told["broken"].size) == (NOON - DAY, len(kept))
    assert (told["active"].as_of, told["active"].error) == (NOON, None)


def test_what_is_valid_goes_by_the_wall_clock(filled: Workspace, store: Engine) -> None:
    """The workspace's clock may stand; a campaign that begins tomorrow begins tomorrow."""
    terms = Terms(valid_from=NOON + DAY, valid_until=NOON + 3 * DAY)
    published(store, "soon", ACTIVE, terms)
    assert worked_out(filled, store).fresh
    assert worked_out(filled, store, now=NOON + DAY).detail["segments"] == 1
    worked_out(filled, store, now=NOON + 3 * DAY)
    assert sizes(store) == {}


def test_a_segment_within_another_is_the_live_version(filled: Workspace, store: Engine) -> None:
    published(store, "rich", RICH)
    published(store, "both", r.AllRule((r.SegmentRule("rich"), ACTIVE)))
    worked_out(filled, store)
    assert set(inside(filled, store, "both")) == set(expected(RICH)) & set(expected(ACTIVE))


def test_two_runs_at_once_do_not_count_joins_twice(filled: Workspace, store: Engine) -> None:
    published(store, "rich", RICH)
    with reader(store).connect() as conn:
        given = inputs(conn, NOON, NOON)
    worked_out(filled, store)
    from data.memberships import Computed

    with pytest.raises(UserError, match="Another run"), store.begin() as conn:
        commit(conn, given, Computed(), people=1, run_id=None, at=NOON)
    with reader(store).connect() as conn:
        assert len(conn.execute(select(membership_runs)).all()) == 1


def test_files_of_a_run_that_fails_are_not_left_behind(
    filled: Workspace, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(store, "rich", RICH)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(memberships, "commit", broken)
    with pytest.raises(RuntimeError):
        worked_out(filled, store)
    assert list((filled.lake / "memberships").rglob("*.parquet")) == []


def queued(store: Engine) -> Mapping[str, int]:
    with reader(store).connect() as conn:
        rows = [row for row in runs.recent(conn) if row.status == "queued"]
    return {row.job: row.id for row in rows}


def test_publishing_asks_for_members_once(filled: Workspace, store: Engine) -> None:
    published(store, "rich", RICH)
    published(store, "active", ACTIVE)
    assert list(queued(store)) == [JOB]


def test_without_traits_nobody_is_asked(store: Engine) -> None:
    published(store, "rich", RICH)
    assert queued(store) == {}


# --- times before the first --------------------------------------------------------------------


def test_a_new_version_is_counted_for_earlier_times_too(filled: Workspace, store: Engine) -> None:
    published(store, "active", ACTIVE)
    worked_out(filled, store)
    assert HISTORY_JOB in queued(store)
    context = job_context(filled, store)
    result = segment_history.run(context, {})
    assert result.detail == {"segments": ["active"]}
    with reader(store).connect() as conn:
        history = size_history(conn, "active")
    assert [one.as_of for one in history] == [NOON - n * timedelta(days=28) for n in (2, 1, 0)]
    assert [one.backcast for one in history] == [True, True, False]
    for one in history[:2]:
        assert one.size == len(expected(ACTIVE, one.as_of))
        there = [p for p in WORLD.people if any(e.at < one.as_of for e in p.events)]
        assert one.people == len(there), "who came later is not counted"
    assert segment_history.run(context, {}).fresh


def test_history_is_not_counted_again_for_what_has_none(filled: Workspace, store: Engine) -> None:
    """Of a trait that nobody had then there is no history; that is noted, and not tried again."""
    published(store, "tagged", r.TraitRule("tags", "any_of", ("vip",)))
    worked_out(filled, store)
    context = job_context(filled, store)
    segment_history.run(context, {})
    assert segment_history.run(context, {}).fresh
    with reader(store).connect() as conn:
        assert len(size_history(conn, "tagged")) == 1


def test_people_who_came_later_join(filled: Workspace, store: Engine, tmp_path: Path) -> None:
    published(store, "rich", RICH)
    worked_out(filled, store, NOON - DAY)
    more = World([*WORLD.people, Person("zz", {"monetary": 99.0}, [])], NOON)
    keep_traits(filled, store, more)
    worked_out(filled, store)
    assert inside(filled, store, "rich")["zz"] == (NOON, 1)
    assert [row["person_id"] for row in all_changes(filled, store)] == ["zz"]
