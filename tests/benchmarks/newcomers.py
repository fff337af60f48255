"""New people: by traits alone, by three onboarding answers, by their first three clicks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.onboarding import NONE, Onboarding
from data.recommendations import ANSWER
from kindred.recommend import metrics, splits
from kindred.recommend.blend import blend_scores
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.dataset import Interactions
from kindred.recommend.evaluation import interval, paired
from kindred.recommend.exported import History
from kindred.recommend.judge import Judged, Scorer, Task, judge
from kindred.recommend.material import Material
from kindred.recommend.onboarding import Tastes, answer_of, tastes
from kindred.recommend.recipes import GROUPS, HYBRID, recipes
from kindred.recommend.training import STRANGERS, Contest, fit_all, ingredients

K = 10
NEW_PEOPLE = 0.2
CLICKS = 3
QUESTIONS = 3
Floats = NDArray[np.float64]


def ndcg(judged: Judged, positives: sparse.csr_array) -> Floats:
    """Give NDCG@10 of each, whatever the length of the lists."""
    return metrics.ndcg(metrics.hits(judged.lists[:, :K], positives), metrics.wanted(positives))


def told(values: Floats) -> str:
    """Write a mean with its interval."""
    found = interval(values)
    return f"{found.value or 0:.4f} | {found.low or 0:.4f}–{found.high or 0:.4f}"


def new_people(material: Material, cut: float, live: Contest) -> None:
    """Judge people whom no model was fitted with, who come in at the cut, by what they want then.

    Models are fitted on what all others did before the cut; the blends are those that a training
    would use, learned from known people as if little were known of them. First by traits alone,
    then by three onboarding answers or the first three items that they dealt with.
    """
    rows = material.rows
    out = np.random.default_rng(4).uniform(size=len(rows.people)) < NEW_PEOPLE
    rest = splits.temporal(splits.without_people(rows, out)[0], cut, repeats=True).train
    needed = {GROUPS, HYBRID, *(name for route in STRANGERS for name in live.blend[route])}
    chosen = [r for r in recipes(repeats=True, features=True, items_described=True)
              if r.name in needed]  # fmt: skip
    given = ingredients(material, rest)
    forms = fit_all(given, chosen, time.monotonic).forms
    out[np.setdiff1d(np.arange(len(out)), live.people)] = False  # by whom the weights were learned
    who, clicks, others = _first_clicks(rows.only(out[rows.person] & (rows.time >= cut)))
    features = {name: values[who] for name, values in material.people.items()}
    nobody, nothing = np.full(len(who), -1), sparse.csr_array(others.shape, dtype=np.float32)
    before = rows.only(rows.time < cut).seen()  # by which questions are answered
    asking, group_of = asking_over(given.matrix, material.items)
    answers = answered(asking, sparse.csr_array(before[who]), group_of)
    dealt = np.bincount(rest.item, minlength=others.shape[1]) / len(rest.people)
    flat = sparse.csr_array((others.shape[1], 1), dtype=np.float32)

    def quality(history: sparse.csr_array, scorer: Scorer) -> Floats:
        # Whoever clicked something isn't shown it again; all are judged by the same.
        task = Task(Crowd(nobody, history, features), others, clicks, dealt, flat)
        return ndcg(judge(scorer, task, K, with_auc=False), others)

    weights = dict(live.blend)
    known = {**weights, "history": weights["clicks"]}
    base = quality(nothing, partial(block_scores, forms[GROUPS]))
    print(f"\nnew people: {len(who):,}\n| told | model | NDCG@10 | 95 % | × groups (paired 95 %) |")
    print("|---|---|---:|---|---|")
    for what, model, history, scorer in (
        ("traits", "popularity per group", nothing, partial(block_scores, forms[GROUPS])),
        ("traits", "hybrid", nothing, partial(block_scores, forms[HYBRID])),
        ("traits", "blend", nothing, partial(blend_scores, forms, weights)),
        ("and three answers", "blend", answers, partial(blend_scores, forms, known)),
        ("and three clicks", "blend", clicks, partial(blend_scores, forms, known)),
    ):
        found = quality(history, scorer)
        gain = paired(found, base).relative
        print(f"| {what} | {model} | {told(found)} | {1 + (gain.value or 0):.2f} "
              f"({1 + (gain.low or 0):.2f}–{1 + (gain.high or 0):.2f}) |")  # fmt: skip


def _first_clicks(
    rows: Interactions,
) -> tuple[NDArray[np.int64], sparse.csr_array, sparse.csr_array]:
    """Give who dealt with more than three items, the first three, and the others.

    Those of one moment come in an order drawn by chance.
    """
    chance = np.random.default_rng(4).uniform(size=len(rows))
    order = np.lexsort((chance, rows.time, rows.person))
    pairs = np.stack([rows.person[order], rows.item[order]])
    _, first = np.unique(pairs, axis=1, return_index=True)
    person, item = pairs[:, np.sort(first)]
    starts = np.searchsorted(person, np.arange(len(rows.people) + 1))
    rank = np.arange(len(person)) - starts[person]
    shape = (len(rows.people), len(rows.items))
    who = np.flatnonzero(np.diff(starts) > CLICKS)
    clicks, others = (
        sparse.csr_array((np.ones(int(some.sum()), np.float32), (person[some], item[some])), shape)
        for some in (rank < CLICKS, rank >= CLICKS)
    )
    return who, sparse.csr_array(clicks[who]), sparse.csr_array(others[who])


def asking_over(
    matrix: sparse.csr_array, items: Mapping[str, NDArray[Any]]
) -> tuple[Onboarding, NDArray[np.int64]]:
    """Ask as the dashboard does, over people whom models were fitted with.

    Returns
    -------
    asking : Onboarding
    group_of : array of shape (I,)
        The group of each item, -1 for none.
    """
    known = sparse.csr_array(matrix[np.flatnonzero(np.diff(matrix.indptr) > 0)])
    days = np.zeros(known.nnz)
    history = History(known.indptr, known.indices, known.data, days)
    people, places = np.arange(known.shape[0]), np.arange(known.shape[1])
    model = SimpleNamespace(history=history, people=people, items=places)
    asking = Onboarding(model, items)  # type: ignore[arg-type]
    return asking, asking._group_of


def answered(
    asking: Onboarding, wanted: sparse.csr_array, group_of: NDArray[np.int64]
) -> sparse.csr_array:
    """Let each answer three questions truly, and give the items that their answers stand for.

    Parameters
    ----------
    wanted : csr array of shape (n, I)
        What each dealt with, by which they answer: the group that they care for most, relative to
        what known people do, as :func:`~kindred.recommend.onboarding.answer_of` has it.
    group_of : array of shape (I,)
        −1 for none.
    """
    count = len(asking.groups)
    own = tastes(wanted.indptr, wanted.indices, wanted.data, group_of, count)
    usual = asking._tastes.shares.mean(axis=0, keepdims=True)
    questions: dict[tuple[tuple[str, str], ...], Any] = {}
    rows, places = [], []
    for person in range(wanted.shape[0]):
        answers: dict[str, str] = {}
        for _ in range(QUESTIONS):
            told = tuple(answers.items())
            if told not in questions:
                questions[told] = asking.next(answers)
            if questions[told] is None:
                break
            key = questions[told].key
            answers[key] = _answer(key.split("|"), asking.groups, own.shares[person], usual)
        chosen = sorted(set(asking.items_for(answers)))
        rows += [person] * len(chosen)
        places += chosen
    parts = (np.full(len(rows), ANSWER, dtype=np.float32), (rows, places))
    return sparse.csr_array(parts, shape=wanted.shape)


def _answer(
    offered: list[str], groups: list[str], mine: NDArray[np.float64], usual: NDArray[np.float64]
) -> str:
    question = [groups.index(name) for name in offered]
    # Beside somebody who makes the mean of all come out as usual.
    pair = Tastes(np.vstack([mine, 2 * usual - mine]))
    place = int(answer_of(pair, question)[0])
    return offered[place] if place >= 0 else NONE
