"""Bandits: laws of the state, exact chances, floors, and play that learns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from kindred.bandits.best import beta_best, normal_best
from kindred.bandits.decisions import Chooser
from kindred.bandits.player import Player
from kindred.bandits.policies import (
    EpsilonGreedy,
    Policy,
    ThompsonBeta,
    ThompsonGaussian,
    TopTwo,
    Ucb1,
    propensities,
)
from kindred.bandits.state import BanditState
from kindred.errors import UserError

ARMS = ("A", "B", "C")
POLICIES: list[Policy] = [
    EpsilonGreedy(),
    Ucb1(),
    ThompsonBeta(),
    ThompsonGaussian(),
    TopTwo(),
    TopTwo(ThompsonGaussian(), 0.7),
]

rewards = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=40)


def state_of(rows: list[tuple[int, int]]) -> BanditState:
    return BanditState.of_rewards(ARMS, [a for a, _ in rows], [r for _, r in rows])


@given(rewards, rewards)
def test_states_add_up_in_any_order(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    both, apart = state_of(one + other), state_of(other) + state_of(one)
    step = BanditState.empty(ARMS)
    for arm, reward in one + other:
        step = step.learn(ARMS[arm], reward)
    for found in (apart, step):
        assert found.plays.tolist() == both.plays.tolist()
        assert found.totals.tolist() == both.totals.tolist()
        assert found.squares.tolist() == both.squares.tolist()


@given(rewards, st.sampled_from(POLICIES), st.floats(0, 1 / 3))
def test_propensities_add_up_to_one_and_keep_their_floor(
    rows: list[tuple[int, int]], policy: Policy, floor: float
) -> None:
    found = propensities(policy, state_of(rows), floor)
    assert found.sum() == pytest.approx(1)
    assert found.min() >= floor - 1e-12


def test_floors_may_differ_and_must_fit() -> None:
    state = state_of([(0, 1), (1, 0), (2, 0)])
    found = propensities(Ucb1(), state, {"B": 0.2, "C": 0.05})
    assert found.tolist() == pytest.approx([0.75, 0.2, 0.05])
    with pytest.raises(UserError, match="add up to 1"):
        propensities(Ucb1(), state, 0.5)


def test_epsilon_greedy_and_ucb_by_hand() -> None:
    # A: 3 of 4, B: 1 of 2, C: 0 of 1
    state = state_of([(0, 1)] * 3 + [(0, 0), (1, 1), (1, 0), (2, 0)])
    assert EpsilonGreedy(0.3).shares(state).tolist() == pytest.approx([0.8, 0.1, 0.1])
    log = 2 * np.log(7)
    bounds = [0.75 + np.sqrt(log / 4), 0.5 + np.sqrt(log / 2), np.sqrt(log)]
    assert Ucb1().bounds(state).tolist() == pytest.approx(bounds)
    assert Ucb1().shares(state).tolist() == [0, 0, 1]
    assert Ucb1().shares(BanditState.empty(ARMS)).tolist() == [1, 0, 0]


def test_the_best_of_normals_is_the_orthants_chance() -> None:
    means, spreads = np.array([0.3, 0.0, -0.2, 0.31]), np.array([1.0, 0.5, 2.0, 0.01])
    found = normal_best(means, spreads)
    for i in range(4):
        others = [j for j in range(4) if j != i]
        turn = np.zeros((3, 4))
        for row, j in enumerate(others):
            turn[row, i], turn[row, j] = 1, -1
        covariance = turn @ np.diag(spreads**2) @ turn.T
        theirs = stats.multivariate_normal(np.zeros(3), covariance).cdf(turn @ means)
        assert found[i] == pytest.approx(theirs, abs=2e-4)  # theirs is an estimate
    assert normal_best(np.zeros(5), np.ones(5)).tolist() == pytest.approx([0.2] * 5)
    pair = normal_best(np.array([0.0, 1.0]), np.array([0.6, 0.8]))
    assert pair[1] == pytest.approx(special.ndtr(1.0), rel=1e-10)


def test_the_best_of_betas_by_hand_and_by_drawing() -> None:
    assert beta_best(np.ones(3), np.ones(3)).tolist() == pytest.approx([1 / 3] * 3)
    # Beta(2, 1) against Beta(1, 1) twice: ∫ 2x · x² = 1/2
    assert beta_best(np.array([2.0, 1, 1]), np.ones(3))[0] == pytest.approx(1 / 2, rel=1e-9)
    a, b = np.array([3.0, 30, 300, 1]), np.array([7.0, 60, 650, 20])
    drawn = np.random.default_rng(2).beta(a, b, (400_000, 4)).argmax(axis=1)
    counted = np.bincount(drawn, minlength=4) / len(drawn)
    assert beta_best(a, b).tolist() == pytest.approx(counted.tolist(), abs=4e-3)
    sure = beta_best(np.array([900.0, 1.0]), np.array([100.0, 900.0]))
    assert sure.tolist() == pytest.approx([1, 0], abs=1e-12)


def test_top_two_is_russos_formula() -> None:
    state = state_of([(0, 1)] * 6 + [(1, 1)] * 3 + [(1, 0)] * 3 + [(2, 0)] * 6)
    p = ThompsonBeta().shares(state)
    expected = [
        p[j] * (0.5 + 0.5 * sum(p[i] / (1 - p[i]) for i in range(3) if i != j)) for j in range(3)
    ]
    assert TopTwo().shares(state).tolist() == pytest.approx(expected)


def test_a_gaussian_belief_is_conjugate() -> None:
    # noise 2, prior N(1, 1), 4 rewards that add up to 12: precision 1 + 4/4 = 2, mean (1 + 3)/2
    state = BanditState(("A",), np.array([4.0]), np.array([12.0]), np.array([40.0]))
    means, spreads = ThompsonGaussian(1.0, 1.0, 2.0).beliefs(state)
    assert (means[0], spreads[0] ** 2) == pytest.approx((2.0, 0.5))
    assert state.noise == pytest.approx(np.sqrt((40 - 36) / 3))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: type(p).__name__)
def test_play_draws_with_the_propensities_it_states(policy: Policy) -> None:
    player = Player(policy, ARMS, np.random.default_rng(5), floor=0.05)
    for arm, reward in [(0, 1), (0, 0), (1, 1), (1, 0), (1, 1), (2, 0), (2, 1), (0, 1)]:
        player.learn(arm, reward)
    stated = player.propensities()
    drawn = np.bincount([player.choose() for _ in range(6_000)], minlength=3)
    assert stats.chisquare(drawn, stated * 6_000).pvalue > 1e-3


def test_many_decisions_are_made_with_what_is_logged() -> None:
    state = state_of([(0, 1)] * 6 + [(1, 1)] * 3 + [(1, 0)] * 3 + [(2, 0)] * 6)
    chooser = Chooser.of(ThompsonBeta(), state, floor=0.1)
    places, logged = chooser.decide_many(20_000, np.random.default_rng(1))
    counted = np.bincount(places, minlength=3)
    assert stats.chisquare(counted, chooser.propensities * 20_000).pvalue > 1e-3
    assert np.array_equal(logged, chooser.propensities[places])
    one = chooser.decide(0.999999)
    assert (one.arm, one.propensity) == ("C", chooser.propensities[2])
    assert chooser.decide(1.0).arm == "C"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda p: type(p).__name__)
def test_play_finds_the_best_arm(policy: Policy) -> None:
    rng = np.random.default_rng(3)
    player = Player(policy, ARMS, rng)
    rates = (0.2, 0.5, 0.8)
    for _ in range(600):
        arm = player.choose()
        player.learn(arm, float(rng.random() < rates[arm]))
    assert int(player.state.plays.argmax()) == 2


def test_new_arms_begin_with_nothing_and_old_ones_keep_theirs() -> None:
    state = state_of([(0, 1), (2, 0)]).with_arms(["C", "D", "A"])
    assert state.plays.tolist() == [1, 0, 1]
    assert state.totals.tolist() == [0, 0, 1]
