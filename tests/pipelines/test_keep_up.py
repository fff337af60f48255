"""While events come in, what is worked out from them is brought up to date by itself."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from data import runs
from data.audit import Actor
from data.engine import reader
from data.lake_tidy import delete_replaced
from data.manifest import COMPACTED, EVENTS, TRAITS, LakeFile, commit_files
from data.membership_files import MEMBERSHIPS
from data.memberships import latest_sizes
from data.publications import Act
from data.runs import Status
from data.schema import cluster_runs, trait_runs, workspace_facts
from data.segments import create_segment, publish_segment
from data.traits import latest_run, save_run
from data.workspace import Workspace, declare_workspace
from kindred.errors import UserError
from kindred.segments import rules as r
from kindred.segments.profile import Happened
from pipelines import keep_up
from pipelines.due import JOB, ask_where_due, interval, is_due
from pipelines.worker import Worker
from tests.support.segment_workspace import NOON, ORDER, job_context, take_in
from tests.support.segment_worlds import Person, World

ANN = Actor("ann")
TEN = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def come_in(store: Engine, day: str | None = "2026-11-01", why: str = "collect") -> int:
    """Let events come in; gives the version of the data set."""
    with store.begin() as conn:
        file = LakeFile(f"{uuid.uuid4().hex}.parquet", 3, 1, day)
        return commit_files(conn, EVENTS, [file], why=why, at=NOON)


def computed(store: Engine, version: int, as_of: datetime = NOON) -> int:
    with store.begin() as conn:
        file = LakeFile(f"traits/{uuid.uuid4().hex}.parquet", 3, 1)
        return save_run(
            conn,
            file,
            [],
            run_id=None,
            at=as_of,
            as_of=as_of,
            dataset_version=version,
            fingerprint=uuid.uuid4().hex,
        )


def opened(store: Engine, fixed: datetime | None = None) -> None:
    with store.begin() as conn:
        declare_workspace(
            conn, kind="real", source="shop", currency=None, clock_fixed_at=fixed, at=NOON
        )


def due(store: Engine, now: datetime = NOON) -> bool:
    with reader(store).connect() as conn:
        return is_due(conn, TEN, now)


def ran(store: Engine, job: str, at: datetime, seconds: float = 1) -> None:
    with store.begin() as conn:
        run_id = runs.enqueue(conn, job, {}, actor=ANN, at=at)
        runs.take(conn, "w", at=at, run_id=run_id)
        runs.finish(conn, run_id, Status.FAILED, at=at + timedelta(seconds=seconds))


def test_nothing_is_due_in_an_empty_workspace(store: Engine) -> None:
    assert not due(store)
    opened(store)
    assert not due(store)


def test_it_is_due_once_for_what_came_in(store: Engine) -> None:
    opened(store)
    version = come_in(store)
    assert due(store)  # nothing was ever computed
    computed(store, version)
    assert not due(store)
    come_in(store)
    assert due(store)


def test_files_joined_to_larger_ones_are_no_news(store: Engine) -> None:
    opened(store)
    computed(store, come_in(store))
    come_in(store, why=COMPACTED)
    assert not due(store)


def test_under_a_fixed_clock_only_earlier_days_count(store: Engine) -> None:
    opened(store, fixed=datetime(2026, 11, 2, tzinfo=UTC))
    computed(store, come_in(store, "2026-11-01"))
    come_in(store, "2026-11-02")
    assert not due(store, NOON + timedelta(days=400)), "its clock does not move either"
    come_in(store, "2026-11-01")
    assert due(store)


def test_under_a_live_clock_silence_is_news_after_a_day(store: Engine) -> None:
    opened(store)
    computed(store, come_in(store))
    assert not due(store, NOON + timedelta(hours=23))
    assert due(store, NOON + timedelta(hours=25))


def test_it_rests_between_runs_and_longer_after_long_ones(store: Engine) -> None:
    opened(store)
    come_in(store)
    ran(store, JOB, NOON, seconds=1)
    assert not due(store, NOON + 9 * MINUTE)
    assert due(store, NOON + 11 * MINUTE)
    ran(store, JOB, NOON, seconds=600)
    assert not due(store, NOON + 39 * MINUTE)
    assert due(store, NOON + 41 * MINUTE)
    ran(store, "refresh", NOON + 41 * MINUTE)
    assert not due(store, NOON + 42 * MINUTE)


@pytest.mark.parametrize("job", [JOB, "refresh"])
def test_it_is_not_asked_for_twice(store: Engine, job: str) -> None:
    opened(store)
    come_in(store)
    with store.begin() as conn:
        waiting = runs.enqueue(conn, job, {}, actor=ANN, at=NOON)
    assert ask_where_due(store, TEN, NOON) is None
    with store.begin() as conn:
        runs.request_cancel(conn, waiting, at=NOON - 2 * TEN)
    assert ask_where_due(store, TEN, NOON) == waiting + 1
    assert ask_where_due(store, TEN, NOON) is None
    with reader(store).connect() as conn:
        assert runs.run(conn, waiting + 1).requested_by == "Kindred"


@pytest.mark.parametrize(
    ("said", "minutes"), [("", 10), (" ", 10), ("0", None), ("1", 1), ("90", 90)]
)
def test_how_often_is_read_from_the_environment(said: str, minutes: int | None) -> None:
    expected = None if minutes is None else timedelta(minutes=minutes)
    assert interval({"KINDRED_KEEP_UP_MINUTES": said}) == expected


@pytest.mark.parametrize("said", ["often", "-1", "1.5", "²", "9999999"])
def test_what_is_no_number_of_minutes_is_refused(said: str) -> None:
    with pytest.raises(UserError, match="no number of minutes"):
        interval({"KINDRED_KEEP_UP_MINUTES": said})


@pytest.mark.parametrize("keeps_up", [True, False])
def test_a_worker_asks_by_itself(workspace: Workspace, engine: Engine, keeps_up: bool) -> None:
    opened(engine)
    come_in(engine)
    worker = Worker(workspace, engine, keep_up=TEN if keeps_up else None)
    taken: list[str] = []

    def carry_out(run: object, **_: object) -> Status:
        taken.append(run.job)  # type: ignore[attr-defined]
        worker.stopping.set()
        return Status.SUCCEEDED

    worker.carry_out = carry_out  # type: ignore[method-assign]
    if not keeps_up:
        with engine.begin() as conn:
            runs.enqueue(conn, "summaries", {}, actor=ANN, at=NOON)
    worker.work()
    assert taken == [JOB if keeps_up else "summaries"]


def test_a_worker_that_only_empties_the_queue_asks_for_nothing(
    workspace: Workspace, engine: Engine
) -> None:
    opened(engine)
    come_in(engine)
    Worker(workspace, engine, keep_up=TEN).work(once=True)
    with reader(engine).connect() as conn:
        assert runs.recent(conn) == []


def test_who_did_something_lately_moves_in_and_out(
    workspace: Workspace, engine: Engine, tmp_path: Path
) -> None:
    lately = r.EventRule(ORDER, within="P1D")
    early = Happened(ORDER, NOON - timedelta(days=3), {"revenue": 1.0}, None)
    take_in(workspace, engine, World([Person("p1", {}, [early])], NOON), tmp_path / "first")
    with engine.begin() as conn:
        conn.execute(update(workspace_facts).values(clock_fixed_at=None))
        made = create_segment(conn, "Lately", lately, actor=ANN, at=NOON, key="lately")
        publish_segment(conn, "lately", Act(ANN, NOON, "because"), revision=made.revision)
    keep_up.run(job_context(workspace, engine), {})
    assert size(engine) == (0, NOON)
    again = keep_up.run(job_context(workspace, engine), {})
    assert again.fresh
    assert again.rows == 0
    late = Happened(ORDER, NOON - timedelta(hours=1), {"revenue": 2.0}, None)
    take_in(workspace, engine, World([Person("p2", {}, [late])], NOON), tmp_path / "second")
    keep_up.run(job_context(workspace, engine), {})
    assert size(engine) == (1, NOON)
    assert not due(engine)
    keep_up.run(job_context(workspace, engine, NOON + timedelta(days=2)), {})
    assert size(engine) == (0, NOON + timedelta(days=2))  # by silence
    with reader(engine).connect() as conn:
        newest = latest_run(conn)
        assert newest is not None
        assert newest.as_of == NOON + timedelta(days=2)


def size(store: Engine) -> tuple[int | None, datetime]:
    with reader(store).connect() as conn:
        found = latest_sizes(conn)["lately"]
    return found.size, found.as_of


def test_what_was_replaced_long_ago_is_deleted_unless_a_map_was_made_of_it(
    workspace: Workspace, engine: Engine
) -> None:
    def keep(dataset: str, name: str, at: datetime, snapshot: str = "") -> int:
        path = workspace.lake / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        with engine.begin() as conn:
            file = LakeFile(path.name, 1, 1)
            return commit_files(
                conn, dataset, [file], why="t", at=at, snapshot=snapshot, replace=True
            )

    mapped = keep(TRAITS, "mapped", NOON)
    for number in range(3):
        keep(TRAITS, f"traits-{number}", NOON + number * MINUTE)
        keep(MEMBERSHIPS, f"vip-{number}", NOON + number * MINUTE, "vip")
    keep(MEMBERSHIPS, "fans", NOON, "fans")
    with engine.begin() as conn:
        conn.execute(trait_runs.insert().values(_trait_run(mapped)))
        conn.execute(cluster_runs.insert().values(_cluster_run()))
        early = delete_replaced(workspace, conn, NOON + timedelta(minutes=61))
    assert early == 0, "who began to read a file may go on for an hour"
    with reader(engine).connect() as conn:
        assert delete_replaced(workspace, conn, NOON + timedelta(minutes=61, seconds=1)) == 2
        assert delete_replaced(workspace, conn, NOON + timedelta(hours=9)) == 2
    left = sorted(path.stem for path in workspace.lake.glob("*.parquet"))
    assert left == ["fans", "mapped", "traits-2", "vip-2"]


def _trait_run(version: int) -> dict[str, object]:
    about = {"id": 7, "at": NOON, "as_of": NOON, "dataset_version": 1, "people": 1, "traits": []}
    return {**about, "lake_version": version, "fingerprint": "f"}


def _cluster_run() -> dict[str, object]:
    about = {"at": NOON, "as_of": NOON, "method": "kmeans", "settings": {}, "features": []}
    sizes = {"lake_version": 1, "people": 1, "sampled": 1, "bounds": [], "fingerprint": "f"}
    return {"trait_run_id": 7, **about, **sizes}
