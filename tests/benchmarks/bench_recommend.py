"""Top-k lists and evaluation, against implicit's and LightFM's own, side by side.

Run as ``python -m tests.benchmarks.bench_recommend [--people N] [--only PART]``. Every way ranks
the same 64 factors with 50 seen items a person crossed out; lists are compared. LightFM ranks one
person at a time, so it is timed on a few hundred.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from kindred.recommend.blocks import Crowd
from kindred.recommend.evaluation import intervals_of
from kindred.recommend.fitting import FOLD_IN, factors_form
from kindred.recommend.forms import Content, Form, Neighbours, Personal, Popular
from kindred.recommend.judge import Task, judge_each
from kindred.recommend.leaderboard import each_scores
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

    took: dict[str, list[float]] = {}
    lists: dict[str, NDArray[Any]] = {}
    some = min(300, people)
    for _ in range(ROUNDS):  # in turn, so that a load from elsewhere falls on all alike
        for name, work in (
            ("Kindred", ours),
            ("implicit, 1 thread", lambda: theirs(1)),
            ("implicit, 2 threads", lambda: theirs(2)),
        ):
            seconds, lists[name] = timed(work)
            took.setdefault(name, []).append(seconds)
        took.setdefault("LightFM.predict", []).append(lightfm(form, seen, some) * people / some)
    best = {name: min(each) for name, each in took.items()}
    same = float((lists["Kindred"] == lists["implicit, 2 threads"]).mean())
    rounds = zip(took["implicit, 1 thread"], took["implicit, 2 threads"], took["Kindred"],
                 took["LightFM.predict"], strict=True)  # fmt: skip
    gains = np.array([(min(one, two) / own, slow / own) for one, two, own, slow in rounds])
    against, predicted = np.median(gains, axis=0)
    print(f"top {K} of {ITEMS:,} items for {people:,} people\n| way | people/s |\n|---|---:|")
    for name, seconds in best.items():
        print(f"| {name} | {people / seconds:,.0f} |")
    print(f"medians of {ROUNDS} rounds: {against:.2f}× implicit at its best (asked ≥ 1.3), "
          f"{predicted:.0f}× LightFM.predict (asked ≥ 20); {same:.4%} of places the same; "
          f"load {os.getloadavg()[0]:.0f}", flush=True)  # fmt: skip


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


def twelve(people: int) -> tuple[dict[str, Form], Task]:
    """Draw the twelve kinds of model as they are once fitted, and people to judge them by.

    What was dealt with may be recommended, so that every kind takes part; items are as unequally
    frequent as in a shop.
    """
    rng = np.random.default_rng(3)
    share = 1.0 / np.arange(1, ITEMS + 1) ** 0.7

    def drawn(each: int) -> sparse.csr_array:
        columns = rng.choice(ITEMS, (people, each), p=share / share.sum()).ravel()
        starts = np.arange(people + 1, dtype=np.int64) * each
        weights = rng.uniform(0.5, 3.0, len(columns)).astype(np.float32)
        found = sparse.csr_array((weights, columns, starts), shape=(people, ITEMS))
        found.sum_duplicates()
        return found

    def factors(d: int) -> Form:
        users, things = rng.normal(size=(people, d)), rng.normal(size=(ITEMS, d))
        return factors_form(users, things, rng.normal(size=ITEMS), FOLD_IN)

    def neighbours(items: int, keep: int) -> Form:
        rows = np.repeat(np.arange(items), keep)
        weights = rng.random(len(rows), dtype=np.float32)
        columns = rng.integers(0, items, len(rows))
        return Neighbours(sparse.csr_array((weights, (rows, columns)), shape=(ITEMS, ITEMS)))

    def popular(*names: str) -> Form:
        everybody, groups = (
            rng.random(size, dtype=np.float32) for size in (ITEMS, (len(names), ITEMS))
        )
        return Popular(everybody, groups, names)

    ages, regions = (rng.choice([*kinds, None], people) for kinds in ("abcde", "nesw"))
    groups = [*(f"age={each}" for each in "abcde"), *(f"region={each}" for each in "nesw")]
    words = sparse.random(ITEMS, 2_000, 0.003, format="csr", random_state=1, dtype=np.float32)
    length = np.sqrt(np.asarray(words.multiply(words).sum(axis=1))).ravel()
    rows = sparse.csr_array(sparse.diags_array(1 / np.maximum(length, 1e-9)) @ words)
    forms: dict[str, Form] = {
        "popularity": popular(),
        "segment_popularity": popular(*groups),
        "trending": popular(),
        "personal": Personal(ITEMS),
        "covisitation_cosine": neighbours(ITEMS, 60),
        "covisitation_bm25": neighbours(ITEMS, 60),
        "ease": neighbours(10_000, 300),
        "svd": factors(24),
        "als": factors(48),
        "bpr": factors(48),
        "content": Content(rows.astype(np.float32)),
        "hybrid": factors(64),
    }
    crowd = Crowd(np.arange(people), drawn(SEEN), {"age": ages, "region": regions})
    nothing = sparse.csr_array((people, ITEMS), dtype=np.float32)
    return forms, Task(crowd, drawn(10), nothing, share / share[0], rows)


def evaluation(people: int) -> None:
    """Judge twelve models and their blend by all metrics, each with its interval."""
    forms, task = twelve(people)
    weights = {"popularity": 0.2, "covisitation_cosine": 0.2, "als": 0.2, "hybrid": 0.4}
    began, spent = time.perf_counter(), time.process_time()
    found = judge_each(partial(each_scores, forms, {"history": weights}), task, 10)
    told = intervals_of({name: own.people for name, own in found.items()})
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    ranked = told["hybrid"]["auc"].people
    print(f"{len(told)} models by {len(told['hybrid'])} metrics with intervals, {people:,} people "
          f"× {ITEMS:,} items (AUC by {ranked:,}): {seconds:.1f} s by the clock, {spent:.1f} s of "
          f"processor time, on two cores {spent / 2:.1f} s (asked ≤ 60 s of 100,000 people); "
          f"load {os.getloadavg()[0]:.0f}", flush=True)  # fmt: skip


def precision(people: int) -> None:
    """Compare precision alone with LightFM's own."""
    form, seen = world(people)
    rng = np.random.default_rng(2)
    columns = np.sort(rng.integers(0, ITEMS, (people, 10)), axis=1).astype(np.int32).ravel()
    starts = np.arange(people + 1, dtype=np.int64) * 10
    wanted = sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), seen.shape)
    gains = []
    for _ in range(ROUNDS):
        peers, own = against_lightfm(form, seen, wanted, people)
        gains.append(peers / own)
    print(f"precision@10 of {people:,} people: LightFM {peers:.2f} s, Kindred {own:.2f} s; median "
          f"of {ROUNDS} rounds {np.median(gains):.1f}× (asked ≥ 10)", flush=True)  # fmt: skip


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
    arguments.add_argument("--only", choices=("ranking", "evaluation", "precision", "million"))
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    if given.stream:
        stream(given.stream)
        return
    only = given.only
    if only in {None, "ranking"}:
        ranking(given.people)
    if only in {None, "evaluation"}:
        evaluation(given.people)
    if only in {None, "precision"}:
        precision(min(3_000, given.people))
    if only in {None, "million"}:
        spent = spend(ME, "--stream", str(given.people * 10))
        print(f"{given.people * 10:,} people × {ITEMS:,} items: {spent.seconds:.0f} s, "
              f"peak {spent.peak:.2f} GiB (asked ≤ 4)")  # fmt: skip


if __name__ == "__main__":
    main()
