"""The job ``precompute``: lists for everybody, segments, the unknown visitor, similar items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.engine import reader
from data.lake import LakeFile, commit_files
from data.live_model import LiveModel, live_model
from data.membership_files import member_files
from data.model_files import open_model
from data.recommendation_files import (
    PEOPLE_PARTS,
    RECOMMENDATIONS,
    SEGMENTS,
    SIMILAR,
    UNKNOWN,
    Lists,
    Written,
    part_file,
    part_of,
    people_part,
    write_part,
)
from data.trainings import latest_recommendation_run, save_recommendation_run
from kindred.errors import UserError
from kindred.recommend.exported import Exported
from kindred.recommend.lists import (
    crowd_of,
    group_list,
    similar_lists,
    top_lists,
    unknown_crowd,
)
from pipelines.job import JobContext, JobResult, Step

REVISION: Final = 1  # raise it when the same inputs would give other lists
K: Final = 50  # more than is shown, since steering takes from them
K_SIMILAR: Final = 20
MOST_SIMILAR: Final = 2_000  # items; of others the arrays tell what is like them when asked
MOST_MEMBERS: Final = 500
EVERYBODY: Final = "everybody"


def run(context: JobContext, _params: Mapping[str, Any]) -> JobResult:
    """Compute all lists of the live model, unless they stand; only parts that differ are written.

    One part of the people is held at a time, so memory does not grow with their number.

    Raises
    ------
    UserError
        No model is live.
    """
    with reader(context.engine).connect() as conn:
        live = live_model(conn, context.now)
        if live is None:
            raise UserError(
                "No model is live yet.", "Train one: python -m pipelines train_recommender"
            )
        segments = member_files(conn)
        last = latest_recommendation_run(conn)
        parts = [*map(people_part, range(PEOPLE_PARTS)), SEGMENTS, UNKNOWN, SIMILAR]
        before = {part: part_file(conn, part) for part in parts}
    fingerprint = _fingerprint(live, segments)
    if last is not None and last.fingerprint == fingerprint:
        return JobResult(fresh=True, detail={"model": live.id})
    model = open_model(context.workspace, live.path)
    made = _Maker(context, model, before, live.path)
    with context.report.step("Computing everybody’s list") as step:
        people = made.people(step)
    with context.report.step("Computing segments’ lists and similar items") as step:
        made.segments(segments)
        made.unknown()
        made.similar()
        step.rows(len(made.written))
    changed = _keep(context, live, made.written, people, fingerprint)
    files = sum(each.file is not None for each in made.written)
    detail = {"model": live.id, "people": people, "changed": changed, "files": files}
    return JobResult(rows=people, detail=detail)


def _keep(
    context: JobContext, live: LiveModel, written: list[Written], people: int, fingerprint: str
) -> int:
    """Let what was written be live, at once; gives how many lists differ from before."""
    changed = sum(each.changed for each in written)
    with context.engine.begin() as conn:
        for each in written:
            if each.file is not None:
                commit_files(
                    conn,
                    RECOMMENDATIONS,
                    [each.file],
                    why="precompute",
                    at=context.now,
                    snapshot=each.part,
                    replace=True,
                )
        save_recommendation_run(
            conn,
            run_id=context.run_id,
            at=context.now,
            as_of=live.as_of,
            model_id=live.id,
            people=people,
            k=K,
            rewritten=changed,
            fingerprint=fingerprint,
        )
    return changed


class _Maker:
    """Makes parts one after the other, and remembers what came of each."""

    def __init__(
        self,
        context: JobContext,
        model: Exported,
        before: Mapping[str, LakeFile | None],
        path: str,
    ) -> None:
        self._context = context
        self._model = model
        self._before = before
        self._path = path
        self._ids = pa.array([bytes(item).decode() for item in model.items], pa.string())
        self.written: list[Written] = []

    def people(self, step: Step) -> int:
        """Make the parts of people; gives how many people there are."""
        names = [bytes(person).decode() for person in self._model.people]
        numbers = np.array([part_of(name) for name in names], dtype=np.int64)
        for number in range(PEOPLE_PARTS):
            rows = np.flatnonzero(numbers == number)
            places, scores = top_lists(self._model, crowd_of(self._model, rows), K)
            self._write(people_part(number), [names[row] for row in rows], places, scores)
            step.progress((number + 1) / PEOPLE_PARTS, f"part {number + 1} of {PEOPLE_PARTS}")
        step.rows(len(names))
        return len(names)

    def segments(self, files: Mapping[str, LakeFile]) -> None:
        """Make the segments' lists, from at most 500 of the people of each."""
        keys, lists = [], []
        for key, file in files.items():
            if not file.rows:
                continue
            table = pq.read_table(self._context.workspace.lake / file.path, columns=["person_id"])
            step = max(1, table.num_rows // MOST_MEMBERS)
            members = table.column(0).to_pylist()[::step][:MOST_MEMBERS]
            rows = [row for who in members if (row := self._model.row(who)) is not None]
            keys.append(key)
            lists.append(group_list(self._model, np.asarray(rows, dtype=np.int64), K))
        self._write(SEGMENTS, keys, *_stacked(lists, K))

    def unknown(self) -> None:
        """Make the list for somebody of whom nothing is known, and one a known feature."""
        keys = [EVERYBODY]
        lists = [top_lists(self._model, unknown_crowd(self._model), K)]
        for trait, values in self._model.features.items():
            for value in values:
                keys.append(f"{trait}={value}")
                crowd = unknown_crowd(self._model, {trait: value})
                lists.append(top_lists(self._model, crowd, K))
        self._write(UNKNOWN, keys, *_stacked(lists, K))

    def similar(self) -> None:
        """Make the lists of what is like the items that most people deal with."""
        counts = np.bincount(
            np.asarray(self._model.history.places), minlength=len(self._model.items)
        )
        often = np.argsort(-counts, kind="stable")[:MOST_SIMILAR]
        often = np.sort(often[counts[often] > 0])
        places, scores = similar_lists(self._model, often, K_SIMILAR)
        self._write(SIMILAR, [self._ids[int(row)].as_py() for row in often], places, scores)

    def _write(
        self, part: str, keys: list[str], places: NDArray[Any], scores: NDArray[Any]
    ) -> None:
        lists = Lists(keys, places, scores, self._ids)
        done = write_part(self._context.workspace, self._before[part], part, lists, self._path)
        self.written.append(done)


def _stacked(
    lists: list[tuple[NDArray[Any], NDArray[Any]]], k: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    if not lists:
        return np.empty((0, k), dtype=np.int64), np.empty((0, k), dtype=np.float32)
    return np.concatenate([p for p, _ in lists]), np.concatenate([s for _, s in lists])


def _fingerprint(live: LiveModel, segments: Mapping[str, LakeFile]) -> str:
    files = sorted(file.path for file in segments.values())
    given = json.dumps([REVISION, K, K_SIMILAR, MOST_SIMILAR, live.path, files])
    return hashlib.blake2b(given.encode(), digest_size=16).hexdigest()
