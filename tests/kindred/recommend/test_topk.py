"""Top-k lists against sorting everything, and against the library that is its peer."""

import numpy as np
import pytest
from scipy import sparse

from kindred.recommend.fitting import FOLD_IN, factors_form
from kindred.recommend.topk import Ranker, top_k

RNG = np.random.default_rng(9)
PEOPLE, ITEMS, D = 150, 300, 8


def ranker() -> Ranker:
    people, items = RNG.normal(size=(PEOPLE, D)), RNG.normal(size=(ITEMS, D))
    return Ranker.of(factors_form(people, items, RNG.normal(size=ITEMS), FOLD_IN))


def seen(share: float) -> sparse.csr_array:
    return sparse.csr_array(RNG.uniform(size=(PEOPLE, ITEMS)) < share)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.98])
def test_lists_are_those_of_sorting_everything(share: float) -> None:
    model, barred = ranker(), seen(share)
    whole = model.people @ model.items[:-1] + model.items[-1]
    whole[barred.toarray()] = -np.inf
    rows = 0
    for block, places, scores in top_k(model, 10, barred):
        for row, own, values in zip(range(block.start, block.stop), places, scores, strict=True):
            free = int(np.isfinite(whole[row]).sum())
            best = np.argsort(-whole[row], kind="stable")[: min(10, free)]
            assert own[: len(best)].tolist() == best.tolist()
            assert (own[len(best) :] == -1).all()
            np.testing.assert_allclose(values[: len(best)], whole[row, best], rtol=1e-5, atol=1e-5)
            rows += 1
    assert rows == PEOPLE


def test_lists_longer_than_the_catalogue_end_early() -> None:
    model = ranker()
    places, scores = model.top(np.arange(3), ITEMS + 5)
    assert (places[:, ITEMS:] == -1).all()
    assert np.isneginf(scores[:, ITEMS:]).all()
    assert sorted(places[0, :ITEMS].tolist()) == list(range(ITEMS))


def test_lists_are_those_of_the_peer() -> None:
    from implicit.cpu.topk import topk

    model, barred = ranker(), seen(0.1)
    theirs, _ = topk(
        np.ascontiguousarray(model.items.T),
        np.concatenate([model.people, np.ones((PEOPLE, 1), np.float32)], axis=1),
        10,
        filter_query_items=sparse.csr_matrix(barred, dtype=np.float32),
    )
    ours = np.concatenate([places for _, places, _ in top_k(model, 10, barred)])
    assert ours.tolist() == theirs.tolist()
