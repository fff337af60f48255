"""Off-policy evaluation: by hand, unbiased, and loud when the logs can't tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kindred.bandits.off_policy import evaluate
from kindred.errors import UserError

TARGET = [[0.75, 0.25]] * 4


def test_four_decisions_by_hand() -> None:
    # weights ¾/½, ¼/½, ¾/½, ¼/½ = 3/2, 1/2, 3/2, 1/2
    found = evaluate([0, 1, 0, 1], [1, 0, 0, 1], [0.5] * 4, TARGET, model=[[0.5, 0.25]] * 4)
    assert found.ips.value == pytest.approx((3 / 2 + 1 / 2) / 4)
    assert found.snips.value == pytest.approx(2 / 4)
    assert found.direct is not None
    assert found.direct.value == pytest.approx(0.75 * 0.5 + 0.25 * 0.25)
    assert found.doubly_robust is not None
    # 7/16 + (3/2 · ½ + ½ · (−¼) + 3/2 · (−½) + ½ · ¾) / 4
    assert found.doubly_robust.value == pytest.approx(7 / 16 + (1 / 4) / 4)
    assert found.effective_size == pytest.approx(16 / 5)
    # values 3/2, 0, 0, 1/2: s² = (1 + ¼ + ¼ + 0) / 3
    assert found.ips.standard_error == pytest.approx(np.sqrt((1 + 0.25 + 0.25) / 3 / 4))


def logs(rng: np.random.Generator, n: int, logged: list[float]) -> tuple[Any, Any, Any, Any]:
    shown = rng.choice(3, n, p=logged)
    reward = (rng.random(n) < np.array([0.1, 0.2, 0.4])[shown]).astype(float)
    return shown, reward, np.array(logged)[shown], np.tile([0.1, 0.2, 0.7], (n, 1))


def test_every_estimate_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(8)
    truth = 0.1 * 0.1 + 0.2 * 0.2 + 0.7 * 0.4
    hits = np.zeros(3)
    runs = 400
    for _ in range(runs):
        shown, reward, propensity, target = logs(rng, 500, [0.5, 0.3, 0.2])
        model = np.tile([0.2, 0.1, 0.3], (500, 1))  # a wrong one
        found = evaluate(shown, reward, propensity, target, model)
        assert found.doubly_robust is not None
        for i, value in enumerate((found.ips, found.snips, found.doubly_robust)):
            low, high = value.interval()
            hits[i] += low <= truth <= high
    assert (hits / runs).tolist() == pytest.approx([0.95] * 3, abs=0.035)


def test_good_overlap_is_quiet_and_poor_overlap_is_loud() -> None:
    rng = np.random.default_rng(4)
    assert evaluate(*logs(rng, 2_000, [0.4, 0.3, 0.3])).caveats == ()
    poor = evaluate(*logs(rng, 2_000, [0.98, 0.015, 0.005]))
    assert [caveat.code for caveat in poor.caveats] == ["poor_overlap"]
    assert poor.caveats[0].message.startswith("DO NOT RELY ON THIS")


def test_arms_that_were_never_logged_are_said() -> None:
    found = evaluate([0, 1] * 200, [1, 0] * 200, [0.5] * 400, [[0.2, 0.3, 0.5]] * 400)
    assert "no_support" in {caveat.code for caveat in found.caveats}
    assert "50.0%" in next(c.message for c in found.caveats if c.code == "no_support")


def test_propensities_that_are_not_true_are_noticed() -> None:
    rng = np.random.default_rng(6)
    shown, reward, _, target = logs(rng, 5_000, [0.5, 0.3, 0.2])
    found = evaluate(shown, reward, np.full(5_000, 1 / 3), target)
    assert "wrong_propensities" in {caveat.code for caveat in found.caveats}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logged": [0.5, 0.5, 0.0, 0.5]}, "propensity"),
        ({"logged": [0.5, 0.5, 1.5, 0.5]}, "propensity"),
        ({"rewards": [1, 0, float("nan"), 1]}, "finite"),
        ({"shown": [0, 1, 2, 1]}, "not there"),
        ({"target": [[0.5, 0.6]] * 4}, "add up"),
        ({"rewards": [1, 0]}, "equally long"),
        ({"model": [[0.5]] * 4}, "don't fit"),
    ],
)
def test_logs_that_can_not_be_are_refused(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "shown": [0, 1, 0, 1],
        "rewards": [1, 0, 0, 1],
        "logged": [0.5] * 4,
        "target": TARGET,
    }
    with pytest.raises(UserError, match=message):
        evaluate(**(given | change))
