"""Each kind of model, fitted on a small world with two tastes: what is left of it recommends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend import fitting, fitting_hybrid
from kindred.recommend.forms import Form, Who

TASTES, EACH = 2, 20  # items 0 … 9 are one taste's, 10 … 19 the other's
RNG = np.random.default_rng(1)


def world() -> sparse.csr_array:
    rows = []
    for person in range(TASTES * EACH):
        taste = person % TASTES
        rows.append(np.where(np.arange(20) // 10 == taste, RNG.random(20) < 0.6, 0.0))
    return sparse.csr_array(np.array(rows, dtype=np.float32))


WORLD = world()
TRAITS = {"taste": np.array([f"t{p % TASTES}" for p in range(TASTES * EACH)], dtype=object)}
KINDS = {"kind": np.array([f"k{item // 10}" for item in range(20)], dtype=object)}


def forms() -> dict[str, Form]:
    names = np.array([f"{'sweet' if i < 10 else 'salty'} {i}" for i in range(20)], dtype=object)
    return {
        "neighbours": fitting.fit_neighbours(WORLD, least=2, keep=10, threads=1),
        "factors": fitting.fit_factors(WORLD, factors=4, regularization=0.1, threads=1),
        "hybrid": fitting_hybrid.fit_hybrid(WORLD, TRAITS, KINDS, factors=4, epochs=30),
        "content": fitting.fit_content(KINDS, names),
    }


def mean_of_taste(scores: np.ndarray, taste: int) -> float:
    return float(scores[taste * 10 : taste * 10 + 10].mean())


def test_every_kind_tells_two_tastes_apart_for_known_and_for_new_people() -> None:
    for name, form in forms().items():
        row = WORLD[[1]].tocoo()
        known = Who(1, row.col, row.data)
        clicked = Who(None, np.array([12, 13]), np.ones(2))
        for who in (known, clicked):
            scores = form.scores(who)
            assert scores is not None
            assert np.isfinite(scores).all()
            assert mean_of_taste(scores, 1) > mean_of_taste(scores, 0), name
        folded = form.scores(clicked)
        assert folded is not None
        for place in (0, 12, 15):
            told = sum(each.amount for each in form.carried(clicked, place))
            assert told == pytest.approx(float(folded[place]), rel=1e-3, abs=1e-3), name


def test_the_hybrid_knows_somebody_by_their_traits_alone() -> None:
    hybrid = forms()["hybrid"]
    scores = hybrid.scores(Who(features={"taste": "t1"}))
    assert scores is not None
    assert mean_of_taste(scores, 1) > mean_of_taste(scores, 0)
    assert hybrid.scores(Who(features={"taste": "unheard of"})) is None


def test_a_group_s_popularity_is_shrunk_to_everybody_s() -> None:
    popular = fitting.fit_popular(WORLD, TRAITS)
    everybody, group = popular.scores(Who()), popular.scores(Who(features={"taste": "t1"}))
    assert everybody is not None
    assert group is not None
    own = np.asarray((WORLD[1::2] > 0).sum(axis=0)).ravel()
    np.testing.assert_allclose(everybody, np.asarray((WORLD > 0).sum(axis=0)).ravel() / 40)
    np.testing.assert_allclose(group, (own + 50 * everybody) / (20 + 50), rtol=1e-5)


def test_the_same_seed_gives_the_same_hybrid() -> None:
    one = fitting_hybrid.fit_hybrid(WORLD, TRAITS, KINDS, factors=4, epochs=2)
    other = fitting_hybrid.fit_hybrid(WORLD, TRAITS, KINDS, factors=4, epochs=2)
    np.testing.assert_array_equal(one.items, other.items)


def test_divergence_is_said() -> None:
    with pytest.raises(UserError, match="diverged"):
        fitting.require_finite("hybrid", np.array([1.0, np.nan]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)])
def test_tiny_worlds_are_no_error(shape: tuple[int, int]) -> None:
    tiny = sparse.csr_array(np.ones(shape, dtype=np.float32))
    people: fitting.Features = {"t": np.array([None] * shape[0], dtype=object)}
    items: fitting.Features = {"k": np.array([None] * shape[1], dtype=object)}
    found: list[Form] = [
        fitting.fit_popular(tiny, people),
        fitting.fit_neighbours(tiny, threads=1),
        fitting.fit_factors(tiny, factors=2, threads=1),
        fitting_hybrid.fit_hybrid(tiny, people, items, factors=2, epochs=1),
        fitting.fit_content(items, np.array([None] * shape[1], dtype=object)),
    ]
    for form in found:
        scores = form.scores(Who(0, np.array([0]), np.ones(1)))
        assert scores is not None
        assert np.isfinite(scores).all()


def test_folding_in_takes_the_strength_that_was_fitted_with() -> None:
    for strength in (0.5, 20.0):
        form = fitting.fit_factors(
            WORLD, factors=4, regularization=0.5, strength=strength, iterations=40, threads=1
        )
        row = WORLD[[3]].tocoo()
        weights = np.log1p(row.data)  # as the fit weighed them
        known, folded = form.scores(Who(3)), form.scores(Who(None, row.col, weights))
        assert known is not None
        assert folded is not None
        np.testing.assert_allclose(folded, known, atol=0.02)
