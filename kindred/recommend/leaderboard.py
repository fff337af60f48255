"""A leaderboard of all models on rows of interactions: fitted, tuned, blended, judged, in bounds.

What is held out for the board is looked at once, at the end. Settings and blends are chosen on a
validation cut from what comes before it; then every model is fitted anew on all of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend import splits
from kindred.recommend.bench import Bench
from kindred.recommend.blend import Blending
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.board import Board, Entry, Question
from kindred.recommend.choosing import Choice, Progress, choose
from kindred.recommend.evaluation import Interval, intervals_of
from kindred.recommend.features import as_categories, words_of
from kindred.recommend.forms import Form
from kindred.recommend.judge import Judged, judge_each
from kindred.recommend.recipes import (
    BLEND,
    POPULARITY,
    Ingredients,
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
    forms, seconds = _fitted(ready, choice, clock, progress, notes)
    weights = {
        route: {name: weight for name, weight in own.items() if name in forms}
        for route, own in choice.blend.items()
    }
    blended = bool(choice.blend) and POPULARITY in forms
    progress(0.9, "judging")
    found = judge_each(partial(each_scores, forms, weights if blended else None), task, bench.k)
    among = intervals_of({name: own.people for name, own in found.items()})
    what = {recipe.name: recipe.sentence for recipe in choice.recipes}
    params: dict[str, Mapping[str, Any]] = dict(choice.params)
    what[BLEND] = "Each route's best models together, weighed by what validation showed."
    params[BLEND] = {
        route: {n: round(w, 3) for n, w in own.items()} for route, own in weights.items()
    }
    seconds[BLEND] = sum(seconds.values())
    entries = [
        _entry(name, what[name], params[name], seconds[name], own, among[name])
        for name, own in found.items()
    ]
    missing = int((np.diff(task.crowd.history.indptr) == 0).sum())
    if missing:
        notes.append(
            f"{missing:,} of {len(task.crowd):,} people who are judged have no history: "
            "models that need one give them what is popular."
        )
    return tuple(sorted(entries, key=lambda entry: -(entry.metrics["ndcg"].value or 0.0)))


def _fitted(
    ready: Ingredients, choice: Choice, clock: Clock, progress: Progress, notes: list[str]
) -> tuple[dict[str, Form], dict[str, float]]:
    """Fit every model as chosen; gives what came of it, and how long each took."""
    forms: dict[str, Form] = {}
    seconds: dict[str, float] = {}
    for place, recipe in enumerate(choice.recipes):
        progress(0.65 + 0.25 * place / len(choice.recipes), f"fitting: {recipe.name}")
        began = clock()
        try:
            forms[recipe.name] = recipe.fit(ready, choice.params[recipe.name])
        except UserError as error:
            notes.append(f"{recipe.name} is left out: {error}")
            continue
        seconds[recipe.name] = clock() - began
    return forms, seconds


def each_scores(
    forms: Mapping[str, Form],
    weights: Mapping[str, Mapping[str, float]] | None,
    crowd: Crowd,
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Score by each model, and by the blend of what they gave.

    Those of whom a model knows nothing get what is popular.
    """
    total = Blending(weights or {}, crowd)
    popular = block_scores(forms[POPULARITY], crowd) if POPULARITY in forms else None
    for name, form in forms.items():
        found = block_scores(form, crowd)
        total.add(name, found)
        silent = np.flatnonzero(np.isnan(found[:, :1]))
        if len(silent) and popular is not None:
            found[silent] = popular[silent]
        yield name, found
    if weights is not None:
        yield BLEND, total.scores


def _entry(
    model: str,
    sentence: str,
    params: Mapping[str, Any],
    seconds: float,
    found: Judged,
    metrics: Mapping[str, Interval],
) -> Entry:
    told = dict(metrics)
    for name, value in found.whole.items():  # of all lists together: no interval over people
        told[name] = Interval(value, None, None, len(found.lists))
    return Entry(model, sentence, params, seconds, told, found.people["ndcg"])


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
