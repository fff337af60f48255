"""Bandits against MABWiser: regret on the same seeded problems, decisions a second.

Run as ``python -m tests.benchmarks.bench_experiments_bandits [--seeds N] [--rounds N] [--problem
NAME] [--policy NAME]``. From the same seed UCB1 and Thompson sampling draw as MABWiser does.
ε-greedy spends its luck otherwise, which differs by more than any regret would, so it is given
MABWiser's luck (`SameLuck`): then arms and regret can be compared without noise.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kindred.bandits.decisions import Chooser
from kindred.bandits.player import Player
from kindred.bandits.policies import EpsilonGreedy, Policy, ThompsonBeta, TopTwo, Ucb1
from kindred.bandits.state import BanditState
from tests.benchmarks.peers import ask, peer

PROBLEMS = {"two arms": [0.1, 0.15], "five arms": [0.1, 0.12, 0.14, 0.16, 0.25],
            "ten arms": [0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.2]}  # fmt: skip
GIVEN = {"epsilon": 0.1, "alpha": 1.0}
OURS: dict[str, Policy] = {
    "epsilon greedy": EpsilonGreedy(GIVEN["epsilon"]),
    "ucb1": Ucb1(GIVEN["alpha"]),
    "thompson": ThompsonBeta(),
    "top-two thompson": TopTwo(),
}


class SameLuck:
    """Hand out to our ε-greedy the luck of MABWiser's.

    That one explores the arm of the largest of k draws, and of equally good arms takes the first.
    """

    def __init__(self, rng: np.random.Generator, epsilon: float, arms: int) -> None:
        self._draw, self._epsilon, self._arms = rng.random, epsilon, arms
        self._asked, self._exploring = 0, False

    def turn(self) -> None:
        """Begin a decision."""
        self._asked = 0

    def random(self) -> float:
        """Give a number: whether to explore first, then which arm, or which of equal ones."""
        self._asked += 1
        if self._asked == 1:
            drawn = self._draw()
            self._exploring = drawn < self._epsilon
            return drawn
        if not self._exploring:
            return 0.0
        return (int(np.argmax([self._draw() for _ in range(self._arms)])) + 0.5) / self._arms


def play(
    policy: Policy, rewards: Sequence[Sequence[int]], means: Sequence[float], seed: int
) -> tuple[float, float]:
    """Show each arm once, as MABWiser's first fit does, then play; gives regret and seconds."""
    arms = [str(i) for i in range(len(means))]
    rng: Any = np.random.default_rng(seed)
    lucky = isinstance(policy, EpsilonGreedy)
    if isinstance(policy, EpsilonGreedy):
        rng = SameLuck(rng, policy.epsilon, len(arms))
    player = Player(policy, arms, rng)
    shown = list(range(len(arms)))
    began = time.perf_counter()
    for arm in shown[:]:
        player.learn(arm, rewards[arm][arm])
    for row in rewards[len(arms) :]:
        if lucky:
            rng.turn()
        arm = player.choose()
        player.learn(arm, row[arm])
        shown.append(arm)
    seconds = time.perf_counter() - began
    return sum(max(means) - means[arm] for arm in shown), seconds


def decide(policy: Policy, rewards: np.ndarray[Any, Any], many: int) -> tuple[float, float]:
    """Decide from one state, the probabilities' working out included; gives both paths' seconds."""
    k = rewards.shape[1]
    arms = [str(i) for i in range(k)]
    state = BanditState.of_rewards(arms, np.tile(np.arange(k), len(rewards)), rewards.ravel())
    rng = np.random.default_rng(1)
    began = time.perf_counter()
    Chooser.of(policy, state, floor=0.01).decide_many(many, rng)
    together = time.perf_counter() - began
    chooser = Chooser.of(policy, state, floor=0.01)
    draws = rng.random(20_000).tolist()
    began = time.perf_counter()
    for draw in draws:
        chooser.decide(draw)
    return many / together, 20_000 / (time.perf_counter() - began)


def measure(means: list[float], seeds: int, rounds: int, names: Sequence[str]) -> dict[str, Any]:
    """Play one problem, here and there."""
    python = peer("mabwiser", ["mabwiser==2.7.4"])
    script = Path(__file__).with_name("peer_mabwiser.py")
    asked = GIVEN | {"means": means, "seeds": seeds, "rounds": rounds, "policies": names}
    there = ask(python, script, asked)
    found: dict[str, Any] = {}
    for name in names:
        policy = OURS[name]
        regrets, spent = [], 0.0
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            rewards = (rng.random((rounds, len(means))) < means).astype(int)
            regret, seconds = play(policy, rewards.tolist(), means, seed)
            regrets.append(regret)
            spent += seconds
        together, single = decide(policy, rewards[:200], 1_000_000)
        own = {"regret": float(np.mean(regrets)), "steps": seeds * rounds / spent,
               "decisions": together, "single": single}  # fmt: skip
        found[name] = own
        if name in there:
            theirs = there[name]
            apart = np.array(regrets) - np.array(theirs["regrets"])
            error = float(apart.std(ddof=1) / math.sqrt(seeds))
            worst = (float(apart.mean()) + 1.645 * error) / float(np.mean(theirs["regrets"]))
            own |= {
                "their_regret": float(np.mean(theirs["regrets"])),
                "regret_apart": float(apart.mean()),
                "regret_error": error,
                "worse_at_most": worst,
                "steps_ratio": own["steps"] / theirs["steps"],
                "decisions_ratio": own["decisions"] / theirs["decisions"],
            }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3_000)
    parser.add_argument("--problem", choices=list(PROBLEMS), action="append")
    parser.add_argument("--policy", choices=list(OURS), action="append")
    given = parser.parse_args()
    asked = given.problem or list(PROBLEMS)
    names = given.policy or list(OURS)
    found = {name: measure(PROBLEMS[name], given.seeds, given.rounds, names) for name in asked}
    for problem, policies in found.items():
        for name, row in policies.items():
            print(f"{problem:>10} {name:>17}",
                  {k: round(v, 3) if v < 1e4 else f"{v:,.0f}" for k, v in row.items()})  # fmt: skip
    print(json.dumps({"bench": "experiments_bandits", "seeds": given.seeds,
                      "rounds": given.rounds, **found}))  # fmt: skip


if __name__ == "__main__":
    main()
