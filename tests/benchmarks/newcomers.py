"""New people: by traits alone, by three onboarding answers, by their first three clicks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.onboarding import NONE, Onboarding
from data.recommendations import ANSWER, CLICK
from kindred.recommend import metrics, splits
from kindred.recommend.blend import blend_scores
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.evaluation import interval, paired
from kindred.recommend.exported import History
from kindred.recommend.forms import Form
from kindred.recommend.judge import Judged, Scorer, Task, judge
from kindred.recommend.material import Material
from kindred.recommend.onboarding import Tastes, answer_of, tastes
from kindred.recommend.recipes import GROUPS, HYBRID, recipes
from kindred.recommend.training import FEW_CLICKS, STRANGERS, Contest, fit_all, ingredients

K = 10
FOLDS, HELD_OUT = 5, 3  # folds of people, of which each of the first is held out in turn
QUESTIONS = 3
SHOWN = ("subcategory", "category", "brand", "package_size")  # of an item, as screens do
Floats = NDArray[np.float64]
Weights = Mapping[str, Mapping[str, float]]


def ndcg(judged: Judged, positives: sparse.csr_array) -> Floats:
    """Give NDCG@10 of each, whatever the length of the lists."""
    return metrics.ndcg(metrics.hits(judged.lists[:, :K], positives), metrics.wanted(positives))


def told(values: Floats) -> str:
    """Write a mean with its interval."""
    found = interval(values)
    return f"{found.value or 0:.4f} | {found.low or 0:.4f}–{found.high or 0:.4f}"


def new_people(material: Material, cut: float, lives: Mapping[bool, Contest]) -> None:
    """Judge people whom no model was fitted with, who come in at the cut, by what they want then.

    Models are fitted on what all others did before the cut, for three fifths of people in turn; the
    blends are those that a training would use, learned from known people as if little were known of
    them, none of whom is judged. Clicks are the first three items that somebody deals with, and
    what is judged is all that comes after them, for all rows alike.
    """
    fold = np.random.default_rng(4).integers(0, FOLDS, len(material.rows.people))
    may = np.zeros(len(fold), dtype=np.bool_)
    may[lives[True].people] = True  # of the others weights were learned
    found: dict[tuple[bool, str, str], list[Floats]] = {}
    for out in range(HELD_OUT):
        world = _World.of(material, cut, fold == out, may, lives[True].blend)
        for mode, live in lives.items():
            for row, values in world.rows(live.blend, repeats=mode).items():
                found.setdefault((mode, *row), []).append(values)
    for mode in lives:
        _table(mode, {row[1:]: np.concatenate(v) for row, v in found.items() if row[0] == mode})


def _table(repeats: bool, each: Mapping[tuple[str, str], Floats]) -> None:
    base = each["traits", "popularity per group"]
    what = "first items may come again" if repeats else "first items are not shown again"
    print(f"\nnew people, {what}: {len(base):,}")
    print("| told | model | NDCG@10 | 95 % | × groups (paired 95 %) |\n|---|---|---:|---|---|")
    for (known, model), values in each.items():
        gain = paired(values, base).relative
        print(f"| {known} | {model} | {told(values)} | {1 + (gain.value or 0):.2f} "
              f"({1 + (gain.low or 0):.2f}–{1 + (gain.high or 0):.2f}) |")  # fmt: skip


@dataclass(frozen=True)
class _World:
    """People held out, models that don't know them, and what they answer."""

    material: Material
    cut: float
    forms: Mapping[str, Form]
    who: NDArray[np.int64]
    answers: sparse.csr_array
    popularity: Floats

    @classmethod
    def of(
        cls,
        material: Material,
        cut: float,
        out: NDArray[np.bool_],
        may: NDArray[np.bool_],
        blend: Weights,
    ) -> _World:
        rows = material.rows
        rest = splits.temporal(splits.without_people(rows, out)[0], cut, repeats=True).train
        needed = {GROUPS, HYBRID, *(name for route in STRANGERS for name in blend[route])}
        chosen = [r for r in recipes(repeats=True, features=True, items_described=True)
                  if r.name in needed]  # fmt: skip
        given = ingredients(material, rest)
        forms = fit_all(given, chosen, time.monotonic).forms
        who = np.flatnonzero(out & may)
        before = rows.only(rows.time < cut).matrix(half_life=material.half_life)
        answers = answered(asking_over(given.matrix, material), sparse.csr_array(before[who]))
        dealt = np.bincount(rest.item, minlength=len(rows.items)) / len(rest.people)
        return cls(material, cut, forms, who, answers, dealt)

    def rows(self, blend: Weights, *, repeats: bool) -> dict[tuple[str, str], Floats]:
        """Give NDCG@10 of each, by what is told and by which model."""
        late = self.material.rows.only(self.material.rows.time >= self.cut)
        parts = splits.first_items(late, FEW_CLICKS, repeats=repeats)
        clicks, after = (sparse.csr_array(each[self.who]) for each in parts)
        some = np.flatnonzero(np.diff(after.indptr) > 0)
        clicks, after = sparse.csr_array(clicks[some] * CLICK), sparse.csr_array(after[some])
        answers = sparse.csr_array(self.answers[some])
        nothing = sparse.csr_array(after.shape, dtype=np.float32)
        features = {name: values[self.who[some]] for name, values in self.material.people.items()}
        flat = sparse.csr_array((after.shape[1], 1), dtype=np.float32)

        def quality(history: sparse.csr_array, scorer: Scorer) -> Floats:
            crowd = Crowd(np.full(len(some), -1), history, features)
            # First items are barred for all rows alike; and as on the screen, what was answered.
            barred = nothing if repeats else sparse.csr_array(clicks + history)
            task = Task(crowd, after, barred, self.popularity, flat)
            return ndcg(judge(scorer, task, K, with_auc=False), after)

        groups, hybrid = (partial(block_scores, self.forms[name]) for name in (GROUPS, HYBRID))
        strangers = partial(blend_scores, self.forms, blend)
        few = {**blend, "history": blend["clicks"]}
        telling = partial(blend_scores, self.forms, few)
        return {
            ("traits", "popularity per group"): quality(nothing, groups),
            ("traits", "hybrid"): quality(nothing, hybrid),
            ("traits", "blend"): quality(nothing, strangers),
            ("and three answers", "blend"): quality(answers, telling),
            ("and three clicks", "blend"): quality(clicks, telling),
        }


def asking_over(matrix: sparse.csr_array, material: Material) -> Onboarding:
    """Ask as the dashboard does, over people whom models were fitted with."""
    known = sparse.csr_array(matrix[np.flatnonzero(np.diff(matrix.indptr) > 0)])
    history = History(known.indptr, known.indices, known.data, np.zeros(known.nnz))
    items = np.arange(known.shape[1]).astype(np.bytes_)
    model = SimpleNamespace(history=history, people=np.arange(known.shape[0]), items=items)
    shown = [material.names, *(material.items[n] for n in SHOWN if n in material.items)]
    words = [" · ".join(map(str, each)) for each in zip(*shown, strict=True)]
    return Onboarding(model, lambda item: words[int(item)])  # type: ignore[arg-type]


def answered(asking: Onboarding, dealt: sparse.csr_array) -> sparse.csr_array:
    """Let each answer three questions truly, and give the items that were answered.

    Parameters
    ----------
    dealt : csr array of shape (n, I)
        How much each dealt with what, by which they answer as known people would.
    """
    offered = asking.offered
    own = tastes(dealt.indptr, dealt.indices, dealt.data, asking.choice, len(offered))
    column = {str(place): at for at, place in enumerate(offered)}
    questions: dict[tuple[tuple[str, str], ...], Any] = {}
    rows, places, counted = [], [], []
    for person in range(dealt.shape[0]):
        mine = Tastes(own.amounts[[person]])
        answers: dict[str, str] = {}
        for _ in range(QUESTIONS):
            said = tuple(answers.items())
            if said not in questions:
                questions[said] = asking.next(answers)
            question = questions[said]
            if question is None:
                break
            at = int(answer_of(mine, [column[item] for item in question.choices])[0])
            answers[question.key] = question.choices[at] if at >= 0 else NONE
        for place, share in asking.items_for(answers).items():
            rows.append(person)
            places.append(place)
            counted.append(ANSWER * share)
    parts = (np.array(counted, dtype=np.float32), (rows, places))
    return sparse.csr_array(parts, shape=dealt.shape)
