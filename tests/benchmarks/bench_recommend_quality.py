"""How good recommendations are on the Complete Journey: both modes, new people and new items.

Run as ``python -m tests.benchmarks.bench_recommend_quality [--home DIR]``; without a workspace that
holds the Complete Journey and its traits, one is made in a temporary folder. Intervals are 95 %
bootstraps over people. The last tenth of all interactions is what models are judged by.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.clock import as_of
from data.engine import reader
from data.lake import open_duckdb
from data.store import open_store
from data.training_data import read_training_data
from data.workspace import workspace_at
from kindred.recommend import splits
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.evaluation import paired
from kindred.recommend.judge import Task, judge
from kindred.recommend.material import Material
from kindred.recommend.recipes import BLEND, CONTENT, HYBRID, POPULARITY, recipes
from kindred.recommend.training import Contest, contest, fit_all, ingredients
from tests.benchmarks.newcomers import K, ndcg, new_people, told

TEST_SHARE = 0.1
NEW_ITEMS = 0.1


def board(found: Contest) -> None:
    """Print a mode's models, best first, and the comparisons asked for."""
    each = {name: ndcg(judged, found.task.positives) for name, judged in found.judged.items()}
    what = "people rebuy" if found.repeats else "only what is new"
    print(f"\n{what}: {len(found.people):,} people judged\n| model | NDCG@10 | 95 % | coverage |")
    print("|---|---:|---|---:|")
    for name in sorted(each, key=lambda name: -np.nanmean(each[name])):
        print(f"| {name} | {told(each[name])} | {found.judged[name].whole['coverage']:.3f} |")
    single = max((n for n in each if n != BLEND), key=lambda name: np.nanmean(each[name]))
    gain = paired(each[BLEND], each[single]).relative
    print(f"blend against {single}: {gain.value or 0:+.1%} ({gain.low or 0:+.1%} to "
          f"{gain.high or 0:+.1%})")  # fmt: skip
    ratio = np.nanmean(each[HYBRID]) / np.nanmean(each[POPULARITY])
    print(f"hybrid against popularity: {ratio:.2f}×")
    weights = {r: {n: round(w, 2) for n, w in own.items()} for r, own in found.blend.items()}
    print(f"blend: {weights}")


def new_items(material: Material) -> None:
    """Judge items that no model was fitted with, among one another."""
    rng = np.random.default_rng(6)
    counts = np.bincount(material.rows.item, minlength=len(material.rows.items))
    out = (rng.uniform(size=len(counts)) < NEW_ITEMS) & (counts >= 5)
    rest, wanted = splits.without_items(material.rows, out)
    chosen = [r for r in _recipes(repeats=False) if r.name in {CONTENT, HYBRID}]
    given = ingredients(material, rest)
    forms = fit_all(given, chosen, time.monotonic).forms
    who = np.flatnonzero((np.diff(wanted.indptr) > 0) & (np.diff(given.matrix.indptr) > 0))
    positives = sparse.csr_array(wanted[who])
    features = {name: values[who] for name, values in material.people.items()}
    crowd = Crowd(who, sparse.csr_array(given.matrix[who]), features)
    old = np.flatnonzero(~out)
    each = {}
    for name, form in forms.items():

        def scorer(crowd: Crowd, form=form) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
            found = block_scores(form, crowd)
            found[:, old] = -np.inf  # candidates are the new ones
            return found

        dealt, flat = np.full(len(out), 0.01), sparse.csr_array((len(out), 1), dtype=np.float32)
        task = Task(crowd, positives, sparse.csr_array(positives.shape), dealt, flat)
        each[name] = ndcg(judge(scorer, task, K, with_auc=False), positives)
    print(f"\nnew items: {int(out.sum()):,}, {len(who):,} people\n| model | NDCG@10 | 95 % |")
    print("|---|---:|---|")
    for name, values in each.items():
        print(f"| {name} | {told(values)} |")
    ratio = np.nanmean(each[HYBRID]) / np.nanmean(each[CONTENT])
    print(f"hybrid against content's cosine: {ratio:.2f}×")


def _recipes(*, repeats: bool) -> list:  # type: ignore[type-arg]
    return recipes(repeats=repeats, features=True, items_described=True)


def measure(home: Path) -> None:
    """Read the workspace and print everything."""
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    with reader(engine).connect() as conn:
        now = as_of(conn, datetime.now(UTC))
        backend = open_duckdb(memory_limit="4GB")
        material = read_training_data(backend, workspace, conn, now).material
    rows = material.rows
    print(f"{len(rows.people):,} people, {len(rows.items):,} items, {len(rows):,} days of a person "
          f"and an item; {', '.join(material.people) or 'no traits'}")  # fmt: skip
    cut = splits.cut_in_time(rows, TEST_SHARE)
    train = splits.temporal(rows, cut, repeats=True).train
    given = ingredients(material, train)
    fitted = fit_all(given, _recipes(repeats=True), time.monotonic)
    print("fits: " + ", ".join(f"{n} {s:.1f} s" for n, s in fitted.seconds.items()))
    found: dict[bool, Contest] = {}
    for mode in (True, False):
        split = splits.temporal(rows, cut, repeats=mode)
        strangers = None if mode else found[True].blend  # as a training does
        found[mode] = contest(material, split, cut, given.matrix, fitted.forms, strangers=strangers)
        board(found[mode])
    new_people(material, cut, found)
    new_items(material)


def main() -> None:
    """Find or fill a workspace, and measure."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--home", type=Path)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    if given.home:
        measure(given.home)
        return
    with tempfile.TemporaryDirectory(prefix="kindred-quality-") as folder:
        environment = {**os.environ, "KINDRED_HOME": folder}
        for words in (["import", "completejourney"], ["traits"]):
            command = [sys.executable, "-m", "pipelines", *words]
            subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        measure(Path(folder))


if __name__ == "__main__":
    main()
