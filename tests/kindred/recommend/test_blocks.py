"""A block's scores are those of one person at a time, whatever form; so are blends and lists."""

import numpy as np
import pytest
from scipy import sparse

from kindred.recommend.blend import Pool, blend_scores, learn
from kindred.recommend.blocks import Crowd, block_scores
from kindred.recommend.exported import Exported, History, score
from kindred.recommend.fitting import fit_content, fit_factors, fit_neighbours, fit_popular
from kindred.recommend.fitting_hybrid import fit_hybrid
from kindred.recommend.fitting_linear import fit_bm25, fit_bpr, fit_ease, fit_svd
from kindred.recommend.forms import Form, Personal
from kindred.recommend.topk import best

RNG = np.random.default_rng(5)
MATRIX = sparse.csr_array((RNG.uniform(size=(40, 25)) < 0.25) * RNG.uniform(1, 3, (40, 25)))
AGES = np.array([None if row % 5 == 0 else ("old" if row % 2 else "young") for row in range(40)],
                dtype=object)  # fmt: skip
FORMS: dict[str, Form] = {
    "popular": fit_popular(MATRIX, {"age": AGES}),
    "personal": Personal(25),
    "neighbours": fit_neighbours(MATRIX, least=1),
    "bm25": fit_bm25(MATRIX),
    "ease": fit_ease(MATRIX, regularization=5.0),
    "svd": fit_svd(MATRIX, factors=6),
    "als": fit_factors(MATRIX, factors=6, regularization=1.0),
    "bpr": fit_bpr(MATRIX, factors=6, iterations=5),
    "hybrid": fit_hybrid(MATRIX, {"age": AGES}, {}, factors=6, epochs=2),
    "content": fit_content(
        {"kind": np.array([f"kind {row % 4}" for row in range(25)], dtype=object)},
        np.array([f"thing {row % 7}" for row in range(25)], dtype=object),
    ),
}


def crowd() -> Crowd:
    """Give known people, one without history, and one whom no model was fitted with."""
    history = MATRIX.tolil()
    history[3] = 0
    rows = np.arange(40)
    rows[7] = -1
    return Crowd(rows, sparse.csr_array(history.tocsr()), {"age": AGES})


@pytest.mark.parametrize("name", FORMS)
def test_a_block_scores_as_each_person_alone(name: str) -> None:
    people = crowd()
    found = block_scores(FORMS[name], people)
    for place in range(len(people)):
        alone = FORMS[name].scores(people.who(place))
        if alone is None:
            assert np.isnan(found[place]).all()
        else:
            np.testing.assert_allclose(found[place], alone, rtol=2e-4, atol=2e-4)


def test_a_blend_scores_as_what_is_exported_does() -> None:
    weights = {"history": {"als": 0.5, "personal": 0.25, "popular": 0.25},
               "metadata": {"popular": 1.0}, "unknown": {"popular": 1.0}}  # fmt: skip
    ids, none = np.zeros(25, dtype="S1"), np.empty(0, dtype=np.int64)
    history = History(none, none, np.empty(0), np.empty(0))
    model = Exported("blend", ids, ids, FORMS, weights, history, repeats=True)
    people = crowd()
    found = blend_scores(FORMS, weights, people)
    for place in (0, 1, 3, 7, 39):
        expected = score(model, people.who(place)).total
        np.testing.assert_allclose(found[place], expected, rtol=1e-3, atol=1e-3)


def test_lists_hold_the_best_that_is_not_barred() -> None:
    scores = RNG.normal(size=(30, 25)).astype(np.float32)
    barred = sparse.csr_array(RNG.uniform(size=(30, 25)) < 0.6)
    lists = best(scores.copy(), barred, 12)
    for row in range(30):
        free = np.flatnonzero(barred.toarray()[row] == 0)
        expected = free[np.argsort(-scores[row, free])][:12]
        assert lists[row, : len(expected)].tolist() == expected.tolist()
        assert (lists[row, len(expected) :] == -1).all()


def test_the_blend_takes_what_helps_and_leaves_what_does_not() -> None:
    rng = np.random.default_rng(2)
    hit = np.zeros((400, 30), dtype=bool)
    hit[np.arange(400), rng.integers(0, 30, 400)] = True
    telling = np.where(hit, 1.0, 0.0)
    one, other = (telling + rng.normal(0, 1.0, hit.shape) for _ in range(2))
    noise = rng.normal(size=hit.shape)
    parts = np.stack([one, other, noise]).astype(np.float32)
    weights = learn(Pool(("one", "other", "noise"), parts, hit, np.ones(400)))
    assert set(weights) == {"one", "other"}
    assert sum(weights.values()) == pytest.approx(1.0)
