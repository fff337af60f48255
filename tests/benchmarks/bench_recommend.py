"""Top-k lists and evaluation, against implicit's and LightFM's own, side by side.

Run as ``python -m tests.benchmarks.bench_recommend [--people N] [--million]``. Every way ranks the
same 64 factors with 50 seen items a person crossed out; lists are compared. LightFM ranks one
person at a time, so it is timed on a few hundred.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.evaluation import intervals
from kindred.recommend.fitting import FOLD_IN, factors_form
from kindred.recommend.judge import Task, judge
from kindred.recommend.topk import Ranker, top_k
from tests.benchmarks.child import spend

ME = "tests.benchmarks.bench_recommend"
ITEMS, D, SEEN, K = 20_000, 64, 50, 50
ROUNDS = 3


def world(people: int, items: int = ITEMS) -> tuple[Any, sparse.csr_array]:
    """Draw factors and what each has seen."""
    rng = np.random.default_rng(1)
    users = rng.normal(size=(people, D)).astype(np.float32)
    things = rng.normal(size=(items, D)).astype(np.float32)
    form = factors_form(users, things, rng.normal(size=items), FOLD_IN)
    columns = np.sort(rng.integers(0, items, (people, SEEN)), axis=1).astype(np.int32).ravel()
    starts = np.arange(people + 1, dtype=np.int64) * SEEN
    ones = np.ones(len(columns), dtype=np.float32)
    return form, sparse.csr_array((ones, columns, starts), shape=(people, items))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Time one call."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def ranking(people: int) -> None:
    """Compare rankings of the same factors."""
    from implicit.cpu.topk import topk

    form, seen = world(people)
    ranker = Ranker.of(form)
    extended = np.concatenate([form.people, np.ones((people, 1), np.float32)], axis=1)
    things, filtered = np.ascontiguousarray(ranker.items.T), sparse.csr_matrix(seen)

    def ours() -> NDArray[Any]:
        return np.concatenate([places for _, places, _ in top_k(ranker, K, seen)])

    def theirs(threads: int) -> NDArray[Any]:
        with threadpool_limits(1, "blas"):
            found: NDArray[Any] = topk(
                things, extended, K, filter_query_items=filtered, num_threads=threads
            )[0]
        return found

    best: dict[str, float] = {}
    lists: dict[str, NDArray[Any]] = {}
    for _ in range(ROUNDS):
        for name, work in (
            ("Kindred", ours),
            ("implicit, 1 thread", lambda: theirs(1)),
            ("implicit, 2 threads", lambda: theirs(2)),
        ):
            seconds, lists[name] = timed(work)
            best[name] = min(best.get(name, 1e9), seconds)
    some = min(300, people)
    best["LightFM.predict"] = lightfm(form, seen, some) * people / some
    same = float((lists["Kindred"] == lists["implicit, 2 threads"]).mean())
    fastest = min(best["implicit, 1 thread"], best["implicit, 2 threads"])
    print(f"top {K} of {ITEMS:,} items for {people:,} people\n| way | people/s |\n|---|---:|")
    for name, seconds in best.items():
        print(f"| {name} | {people / seconds:,.0f} |")
    print(f"{fastest / best['Kindred']:.2f}× implicit at its best, "
          f"{best['LightFM.predict'] / best['Kindred']:.0f}× LightFM.predict; "
          f"{same:.4%} of places the same")  # fmt: skip


def lightfm(form: Any, seen: sparse.csr_array, people: int) -> float:
    """Rank as LightFM's users do: predict all items for a person, cross out, sort."""
    from lightfm import LightFM

    model = LightFM(no_components=D)
    model.fit_partial(sparse.coo_matrix(seen[:2].shape, dtype=np.float32), epochs=0)
    items = np.arange(form.items.shape[0], dtype=np.int32)
    model.user_embeddings = form.people[:people].copy()
    model.item_embeddings = form.items.copy()
    model.user_biases, model.item_biases = np.zeros(people, np.float32), form.bias.copy()

    def rank() -> None:
        for person in range(people):
            scores = model.predict(person, items, num_threads=1)
            own = seen.indices[seen.indptr[person] : seen.indptr[person + 1]]
            scores[own] = -np.inf
            np.argpartition(-scores, K)[:K]

    return timed(rank)[0]


def evaluation(people: int) -> None:
    """Judge lists by all metrics, and compare precision alone with LightFM's."""
    form, seen = world(people)
    rng = np.random.default_rng(2)
    columns = np.sort(rng.integers(0, ITEMS, (people, 10)), axis=1).astype(np.int32).ravel()
    starts = np.arange(people + 1, dtype=np.int64) * 10
    wanted = sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), seen.shape)
    task = Task(
        Crowd(np.arange(people), seen),
        wanted,
        seen,
        np.full(ITEMS, 0.01),
        sparse.csr_array(sparse.random(ITEMS, 200, 0.03, format="csr", random_state=1)),
    )
    seconds, judged = timed(lambda: judge(lambda crowd: block_scores(form, crowd), task, 10))
    more, found = timed(lambda: intervals(judged.people))
    print(f"evaluation of {people:,} people, {len(found)} metrics: {seconds:.1f} s of lists and "
          f"metrics, {more:.1f} s of {len(found)} intervals")  # fmt: skip
    small = min(3_000, people)
    peers, own = against_lightfm(form, seen, wanted, small)
    print(f"precision@10 of {small:,} people: LightFM {peers:.2f} s, Kindred {own:.2f} s, "
          f"{peers / own:.1f}×")  # fmt: skip


def against_lightfm(
    form: Any, seen: sparse.csr_array, wanted: sparse.csr_array, people: int
) -> tuple[float, float]:
    """Time LightFM's precision_at_k and ours on the same people and factors."""
    from lightfm import LightFM
    from lightfm.evaluation import precision_at_k

    model = LightFM(no_components=D)
    test, train = (sparse.coo_matrix(each[:people]) for each in (wanted, seen))
    model.fit_partial(sparse.coo_matrix((people, ITEMS), dtype=np.float32), epochs=0)
    model.user_embeddings, model.item_embeddings = form.people[:people].copy(), form.items.copy()
    model.user_biases, model.item_biases = np.zeros(people, np.float32), form.bias.copy()

    def peer() -> float:
        return float(
            precision_at_k(
                model, test, train, k=10, num_threads=2, check_intersections=False
            ).mean()
        )

    def own() -> float:
        crowd = Crowd(np.arange(people), sparse.csr_array(seen[:people]))
        part = sparse.csr_array(seen[:people])
        ranker = Ranker.of(factors_form(form.people[:people], form.items, form.bias, FOLD_IN))
        del crowd
        lists = np.concatenate([places for _, places, _ in top_k(ranker, 10, part)])
        from kindred.recommend import metrics

        target = sparse.csr_array(wanted[:people])
        hit = metrics.hits(lists, target)
        return float(np.nanmean(metrics.precision(hit, metrics.wanted(target))))

    theirs, ours = timed(peer), timed(own)
    assert abs(theirs[1] - ours[1]) < 1e-3, (theirs[1], ours[1])
    return theirs[0], ours[0]


def stream(people: int) -> None:
    """Rank everybody and keep nothing: for its peak."""
    form, seen = world(people)
    done = sum(len(places) for _, places, _ in top_k(Ranker.of(form), K, seen))
    print(json.dumps({"people": done}))


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--people", type=int, default=100_000)
    arguments.add_argument("--stream", type=int)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    if given.stream:
        stream(given.stream)
        return
    ranking(given.people)
    evaluation(given.people)
    spent = spend(ME, "--stream", str(given.people * 10))
    print(f"{given.people * 10:,} people × {ITEMS:,} items: {spent.seconds:.0f} s, "
          f"peak {spent.peak:.2f} GiB")  # fmt: skip


if __name__ == "__main__":
    main()
