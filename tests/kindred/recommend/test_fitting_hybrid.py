"""The hybrid: sums of vectors that are true to their parts, taught by what came after."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from kindred.errors import UserError
from kindred.recommend import fitting_described, warp
from kindred.recommend.dataset import DAY, Interactions
from kindred.recommend.fitting_described import description, fit_described
from kindred.recommend.fitting_hybrid import fit_hybrid
from kindred.recommend.forms import FEATURE, HISTORY, OWN_TASTE, Factors, Who
from kindred.recommend.lessons import Lesson, by_chance, by_time
from kindred.recommend.pasts import FEW, MOST_PASTS, recalled, recalled_rows

PEOPLE, ITEMS, NEW = 60, 40, 4  # the last NEW items of each taste are dealt with by nobody
NOBODY = Who()


def world() -> sparse.csr_array:
    """Two tastes of twenty items each, of which people of a taste have about half."""
    rng = np.random.default_rng(3)
    taste = np.arange(PEOPLE)[:, None] % 2 == np.arange(ITEMS)[None, :] // 20
    known = np.arange(ITEMS)[None, :] % 20 < 20 - NEW
    return sparse.csr_array((taste & known & (rng.random((PEOPLE, ITEMS)) < 0.5)).astype(float))


WORLD = world()
TRAITS = {"taste": np.array([f"t{p % 2}" for p in range(PEOPLE)], dtype=object)}
KINDS = {"kind": np.array([("sweet", "salty")[i // 20] for i in range(ITEMS)], dtype=object)}


def hybrid(**settings: Any) -> Factors:
    given = {"factors": 6, "epochs": 5, **settings}
    return fit_hybrid(WORLD, TRAITS, KINDS, **given)


def who(form_row: int | None, person: int) -> Who:
    row = WORLD[[person]].tocoo()
    return Who(form_row, row.col, row.data, {"taste": f"t{person % 2}"})


def scores(form: Factors, somebody: Who) -> NDArray[np.floating[Any]]:
    found = form.scores(somebody)
    assert found is not None
    assert np.isfinite(found).all()
    return found


def test_what_is_recalled_is_the_logarithm_to_length_one() -> None:
    places, shares = recalled(np.array([2, 5]), np.array([np.e - 1, np.e**2 - 1]))
    assert places.tolist() == [5, 2]  # the weightiest first
    np.testing.assert_allclose(shares, np.array([2.0, 1.0]) / np.sqrt(4 + 1 + FEW))


def test_a_matrix_recalls_as_each_row_alone_and_the_weightiest_only() -> None:
    rng = np.random.default_rng(1)
    wide = sparse.csr_array(rng.random((3, 2 * MOST_PASTS)))
    rows = recalled_rows(wide)
    assert np.diff(rows.indptr).tolist() == [MOST_PASTS] * 3
    for row in range(3):
        places, shares = recalled(np.arange(2 * MOST_PASTS), wide.toarray()[row])
        np.testing.assert_allclose(rows.toarray()[row, places], shares, rtol=1e-6)


def test_a_known_person_is_the_sum_that_explanations_tell() -> None:
    form = hybrid()
    for person in (0, 1, 7):
        known = who(person, person)
        found = scores(form, known)
        for place in (0, 25, ITEMS - 1):
            parts = list(form.carried(known, place))
            assert sum(p.amount for p in parts) == pytest.approx(found[place], rel=1e-3, abs=1e-4)
            assert {p.place for p in parts if p.kind == HISTORY} == set(known.places.tolist())
            assert [p.label for p in parts if p.kind == FEATURE] == [
                f"taste=t{person % 2}",
                OWN_TASTE,
            ]


def test_somebody_new_with_the_same_past_differs_by_their_own_row_alone() -> None:
    form = hybrid()
    known, new = who(4, 4), who(None, 4)
    own = [p.amount for p in form.carried(known, 9) if p.label == OWN_TASTE]
    gap = scores(form, known)[9] - scores(form, new)[9]
    assert gap == pytest.approx(own[0], rel=1e-3, abs=1e-4)


def test_each_click_moves_somebody_new_towards_its_taste() -> None:
    form = hybrid()
    before = -np.inf
    for clicks in (1, 3, 6):
        found = scores(form, Who(None, np.arange(clicks), np.ones(clicks)))
        lead = float(found[:16].mean() - found[20:36].mean())
        assert lead > before
        before = lead
    assert before > 0


def test_rebuying_is_learned_where_it_happens() -> None:
    """Everybody has three items of thirty and buys them again each week: those come first."""
    rng = np.random.default_rng(2)
    own = np.array([rng.choice(30, 3, replace=False) for _ in range(80)])
    weeks = 10
    person = np.repeat(np.arange(80), 3 * weeks)
    item = np.repeat(own, weeks, axis=0).reshape(80, weeks, 3).ravel()
    time = (np.tile(np.repeat(np.arange(weeks) * 7 * DAY, 3), 80) + person).astype(np.float64)
    rows = Interactions(
        np.arange(80).astype(str), np.arange(30).astype(str), person, item, time, np.ones(len(item))
    )
    matrix = rows.matrix(half_life=90)
    found = fit_hybrid(matrix, {}, {}, lessons=by_time(rows, 90), factors=16, epochs=8)
    ranked = np.argsort(-(found.people @ found.items.T + found.bias), axis=1)[:, :3]
    again = np.mean([len(set(ranked[p]) & set(own[p])) / 3 for p in range(80)])
    assert again > 0.9


def test_an_item_that_nobody_had_is_known_by_its_description() -> None:
    form = hybrid()
    new = np.r_[20 - NEW : 20, ITEMS - NEW : ITEMS]
    for person in range(6):
        found = scores(form, who(person, person))[new]
        mine, others = found.reshape(2, NEW)[[person % 2, 1 - person % 2]]
        assert mine.min() > others.max()
    assert form.items.shape[1] > 6  # in numbers of its own, beside the first's


def test_new_items_don_t_outrank_what_somebody_s_taste_is_known_for() -> None:
    form = hybrid()
    found = scores(form, who(0, 0))
    assert found[:16].max() > found[20 - NEW : 20].max()


def test_without_the_second_model_new_items_are_told_by_the_first() -> None:
    form = hybrid(described=False)
    assert form.items.shape[1] == 6
    assert np.isfinite(scores(form, who(0, 0))).all()


def test_what_nothing_describes_has_no_second_model() -> None:
    nothing = {"kind": np.array([None, np.nan] * (ITEMS // 2), dtype=object)}
    assert fit_described(WORLD, nothing, by_chance(WORLD)) is None
    scores(fit_hybrid(WORLD, TRAITS, nothing, factors=4, epochs=2), who(0, 0))


def test_a_seldom_met_description_counts_beyond_the_weightiest_of_a_past() -> None:
    """All have a hundred and more heavy breads, and one light tea or coffee; then come new ones."""
    breads, people = MOST_PASTS + 10, 40
    histories = np.zeros((people, breads + 4))
    histories[:, :breads] = 9.0
    drinker = np.arange(people) % 2
    histories[np.arange(people), breads + drinker] = 1.0
    kinds = ["bread"] * breads + ["tea", "coffee"] * 2  # the last two are new
    matrix = sparse.csr_array(histories)
    found = fit_described(matrix, {"kind": np.array(kinds, dtype=object)}, [Lesson(matrix, matrix)])
    assert found is not None
    tea, coffee = (found.people @ found.items[-2:].T + found.bias[-2:]).T
    assert np.all((tea > coffee) == (drinker == 0))


def test_no_more_pairs_are_gone_through_than_allowed_each_counting_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[sparse.csr_array] = []

    def watched(name: str, users: Any, items: Any, wanted: Any, *rest: Any) -> warp.Trained:
        seen.append(wanted)
        return warp.train(name, users, items, wanted, *rest)

    monkeypatch.setattr(fitting_described, "train", watched)
    kinds = {"kind": np.array([f"k{i // 4}" for i in range(ITEMS)], dtype=object)}
    lesson = [Lesson(WORLD, WORLD)]
    assert fit_described(WORLD, kinds, lesson) is not None
    monkeypatch.setattr(fitting_described, "MOST_PAIRS", 30)
    assert fit_described(WORLD, kinds, lesson) is not None
    every, some = (wanted.toarray() for wanted in seen)
    assert every.sum() > 30
    assert some.sum() == 30
    assert np.isin(some, [0, 1]).all()
    assert np.all(every[some > 0] == 1)


def test_a_description_is_the_whole_or_else_its_parts() -> None:
    fields = {
        "a": np.array(["x", "x", "x", None], dtype=object),
        "b": np.array(["y", "y", "z", "z"], dtype=object),
    }
    # whole |x|y; a=x; b=y; b=z: the last two items share their description with none
    expected = [[1, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1]]
    assert description(fields, 4).toarray().tolist() == expected


def test_lessons_by_chance_part_what_is_known() -> None:
    found = by_chance(WORLD)
    total = sum(np.asarray(lesson.wanted.toarray()) for lesson in found)
    np.testing.assert_array_equal(total, WORLD.toarray() > 0)
    for lesson in found:
        assert not lesson.before.multiply(lesson.wanted).nnz


def test_a_lesson_by_time_holds_what_was_bought_again_and_no_later_day() -> None:
    days = np.arange(20)
    times = (days * DAY).astype(np.float64)
    rows = Interactions(
        np.array(["p"]), np.array(["a", "b"]), np.zeros(20, int), days % 2, times, np.ones(20)
    )
    late, early = by_time(rows, None)
    assert late.before.toarray().tolist() == [[9, 9]]
    assert late.wanted.toarray().tolist() == [[1, 1]]
    assert early.before.toarray().tolist() == [[8, 8]]


def test_where_histories_begin_late_time_teaches_nothing() -> None:
    """Each person came on a day of their own, as raters do who never return."""
    person = np.repeat(np.arange(50), 4)
    item = np.tile(np.arange(4), 50)
    times = (person * DAY).astype(np.float64)
    rows = Interactions(
        np.arange(50).astype(str),
        np.arange(4).astype(str),
        person,
        item,
        times,
        np.ones(200),
    )
    assert by_time(rows, None) == ()


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((5, 4)), np.ones((1, 6)), np.ones((6, 1)), np.ones((8, 5)), np.eye(7)],
    ids=["nobody", "one person", "one item", "identical rows", "one each"],
)
def test_thin_worlds_give_finite_scores(matrix: NDArray[np.float64]) -> None:
    rows = sparse.csr_array(matrix.astype(np.float32))
    people = {"t": np.array([np.nan] * len(matrix), dtype=object)}
    items = {"k": np.array([None] * matrix.shape[1], dtype=object)}
    form = fit_hybrid(rows, people, items, factors=4, epochs=2)
    for person in range(len(matrix)):
        own = np.flatnonzero(matrix[person])
        found = form.scores(Who(person, own, np.ones(len(own)), {"t": "unheard of"}))
        assert found is not None
        assert np.isfinite(found).all()
    assert form.scores(NOBODY) is None


def test_a_step_too_bold_is_said_to_diverge() -> None:
    with pytest.raises(UserError, match="diverged"):
        hybrid(learning_rate=1e30)


def test_a_model_that_learned_nothing_is_said_to_have_collapsed() -> None:
    with pytest.raises(UserError, match="collapsed"):
        hybrid(alpha=100.0, learning_rate=0.5)


def test_pairs_in_order_are_counted_and_ties_are_half() -> None:
    wanted = sparse.csr_array(np.tile([1.0, 0.0], (300, 1)))
    one, two = sparse.eye_array(300).tocsr(), sparse.eye_array(2).tocsr()
    zeros = np.zeros((300, 1), np.float32)
    found = warp.Trained(zeros, np.zeros((2, 1), np.float32), np.array([1, 0], np.float32))
    assert warp.in_order(found, one, two, wanted) == 1.0
    assert warp.in_order(replace(found, biases=np.array([0, 1], np.float32)), one, two, wanted) == 0
    tied = replace(found, biases=np.zeros(2, np.float32))
    assert warp.in_order(tied, one, two, wanted) == 0.5
    assert warp.in_order(tied, one, two, wanted[:10]) is None


def test_a_lesson_of_nothing_wanted_is_no_error() -> None:
    empty = sparse.csr_array(WORLD.shape)
    form = fit_hybrid(WORLD, TRAITS, KINDS, lessons=[Lesson(WORLD, empty)], factors=4, epochs=1)
    scores(form, who(0, 0))


def test_what_is_dealt_with_of_late_counts_as_far_as_it_is_told_to() -> None:
    lately = np.zeros(WORLD.shape[1], dtype=np.float32)
    lately[2] = 1.0
    fit = partial(fit_hybrid, WORLD, TRAITS, KINDS, described=False, factors=4, epochs=1)
    plain, still, moved = (
        fit(lately=given, trend=trend)
        for given, trend in ((None, 3.0), (lately, 0.0), (lately, 3.0))
    )
    assert np.array_equal(still.bias, plain.bias)
    assert (moved.bias - plain.bias).tolist() == pytest.approx((3 * lately).tolist(), abs=1e-5)
    assert np.array_equal(moved.items, plain.items)
