"""A leaderboard of all models on rows of interactions: fitted, tuned, blended, judged, in bounds.

What is held out for the board is looked at once, at the end. Settings and blends are chosen on a
validation cut from what comes before it; then every model is fitted anew on all of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend import splits
from kindred.recommend.bench import Bench
from kindred.recommend.blend import blend_scores
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.board import Board, Entry, Question
from kindred.recommend.choosing import Choice, Progress, choose
from kindred.recommend.evaluation import Interval, intervals
from kindred.recommend.features import as_categories, words_of
from kindred.recommend.forms import Form
from kindred.recommend.judge import Judged, judge
from kindred.recommend.recipes import (
    BLEND,
    POPULARITY,
    recipes,
)
from kindred.recommend.splits import Split
from kindred.recommend.tuning import Clock

TEST_SHARE: Final = 0.2


def leaderboard(asked: Question, *, clock: Clock, progress: Progress) -> Board:
    """Draw up the board.

    Raises
    ------
    UserError
        There is nothing to learn from, or nobody to judge by.
    """
    if not len(asked.rows.wanted()):
        raise UserError(
            "There is no interaction that somebody wanted.",
            "Give rows with a weight above 0.",
        )
    notes: list[str] = []
    split = _outer(asked, notes)
    people, items = as_categories(asked.person_columns), as_categories(asked.item_columns)
    texts = words_of(asked.item_columns, len(asked.rows.items))
    chosen = recipes(repeats=split.repeats, features=bool(people), items_described=bool(items))
    bench = Bench(asked.k, asked.budget, people, items, texts, split.repeats)
    found = choose(bench, split, chosen, clock, progress, notes)
    entries = _judged(bench, split, found, clock, progress, notes)
    return Board(_told(asked, split), entries, tuple(notes))


def _outer(asked: Question, notes: list[str]) -> Split:
    rows = asked.rows
    repeats = asked.repeats
    if repeats is None:
        repeats = splits.repeat_share(rows) >= splits.REPEATS
    if asked.test is not None:
        positives = asked.test
        if not repeats:
            positives = sparse.csr_array(positives - positives.multiply(rows.seen()))
            positives.eliminate_zeros()
        split = Split(rows, positives, repeats)
        if not len(split.judged):
            raise UserError(
                "Nobody in the test wants anything that they did not have before.",
                "Give held-out rows with a weight above 0, or say --repeats yes.",
                "--test",
            )
        return split
    split = splits.temporal(rows, splits.cut_in_time(rows, TEST_SHARE), repeats=repeats)
    if split.usable:
        return split
    split = splits.last_of_each(rows, repeats=repeats)
    if split.usable:
        notes.append(
            "Times tell too little to cut by, so everybody's last item is held out instead."
        )
        return split
    raise UserError(
        "Nothing can be held out: nobody has two interactions that a model could be judged by.",
        "Give more rows, or held-out rows with --test.",
    )


def _judged(
    bench: Bench,
    split: Split,
    choice: Choice,
    clock: Clock,
    progress: Progress,
    notes: list[str],
) -> tuple[Entry, ...]:
    ready = bench.ingredients(split.train, choice.half_life)
    task = bench.task(ready, split, split.judged)
    forms: dict[str, Form] = {}
    entries: list[Entry] = []
    for place, recipe in enumerate(choice.recipes):
        progress(0.65 + 0.3 * place / len(choice.recipes), f"judging: {recipe.name}")
        began = clock()
        try:
            form = recipe.fit(ready, choice.params[recipe.name])
        except UserError as error:
            notes.append(f"{recipe.name} is left out: {error}")
            continue
        seconds = clock() - began
        forms[recipe.name] = form
        found = judge(_with_popularity(form, forms.get(POPULARITY)), task, bench.k)
        params = choice.params[recipe.name]
        entries.append(_entry(recipe.name, recipe.sentence, params, seconds, found))
    if choice.blend and POPULARITY in forms:
        weights = {
            route: {name: weight for name, weight in own.items() if name in forms}
            for route, own in choice.blend.items()
        }
        found = judge(lambda crowd: blend_scores(forms, weights, crowd), task, bench.k)
        told = {route: {n: round(w, 3) for n, w in own.items()} for route, own in weights.items()}
        spent = sum(entry.seconds for entry in entries)
        what = "Each route's best models together, weighed by what validation showed."
        entries.append(_entry(BLEND, what, told, spent, found))
    missing = int((np.diff(task.crowd.history.indptr) == 0).sum())
    if missing:
        notes.append(
            f"{missing:,} of {len(task.crowd):,} people who are judged have no history: "
            "models that need one give them what is popular."
        )
    return tuple(sorted(entries, key=lambda entry: -(entry.metrics["ndcg"].value or 0.0)))


def _with_popularity(form: Form, popular: Form | None) -> Callable[[Crowd], NDArray[np.float32]]:
    def scores(crowd: Crowd) -> NDArray[np.float32]:
        found = block_scores(form, crowd)
        empty = np.flatnonzero(np.isnan(found).all(axis=1))
        if len(empty) and popular is not None:
            found[empty] = block_scores(popular, crowd.part(empty))
        return found

    return scores


def _entry(
    model: str, sentence: str, params: Mapping[str, Any], seconds: float, found: Judged
) -> Entry:
    metrics = intervals(found.people)
    for name, value in found.whole.items():  # of all lists together: no interval over people
        metrics[name] = Interval(value, None, None, len(found.lists))
    return Entry(model, sentence, params, seconds, metrics, found.people["ndcg"])


def _told(asked: Question, split: Split) -> dict[str, Any]:
    train = split.train.wanted()
    cold = np.bincount(train.item, minlength=len(asked.rows.items)) == 0
    wanted = np.unique(split.positives.indices)
    return {
        "kind": "given" if asked.test is not None else "temporal",
        "repeats": split.repeats,
        "k": asked.k,
        "candidates": len(asked.rows.items),
        "people": len(asked.rows.people),
        "train_interactions": len(train),
        "train_people": len(np.unique(train.person)),
        "train_items": int((~cold).sum()),
        "test_people": len(split.judged),
        "test_positives": int(split.positives.nnz),
        "test_new_people": int((~np.isin(split.judged, train.person)).sum()),
        "test_new_items": int(cold[wanted].sum()),
        "unwanted": int((asked.rows.weight <= 0).sum()),
    }
