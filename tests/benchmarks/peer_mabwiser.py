"""MABWiser at play on seeded problems; runs in its own environment (see peers.py)."""

import json
import sys
import time

import numpy as np
from mabwiser.mab import MAB, LearningPolicy

POLICIES = {
    "epsilon greedy": lambda given: LearningPolicy.EpsilonGreedy(given["epsilon"]),
    "ucb1": lambda given: LearningPolicy.UCB1(given["alpha"]),
    "thompson": lambda given: LearningPolicy.ThompsonSampling(),
}


def play(policy, rewards, means, seed):
    """Show arms one at a time; gives the regret and the seconds."""
    arms = list(range(len(means)))
    mab = MAB(arms, policy, seed=seed)
    first = rewards[: len(arms)]
    began = time.perf_counter()
    mab.fit(arms, [first[arm][arm] for arm in arms])
    regret = sum(max(means) - means[arm] for arm in arms)
    for row in rewards[len(arms) :]:
        arm = mab.predict()
        mab.partial_fit([arm], [row[arm]])
        regret += max(means) - means[arm]
    return regret, time.perf_counter() - began


def decide(policy, rewards, means, seed, many):
    """Decide over and over from one state; gives the seconds."""
    arms = list(range(len(means)))
    mab = MAB(arms, policy, seed=seed)
    mab.fit([arm for _ in rewards for arm in arms], [row[arm] for row in rewards for arm in arms])
    began = time.perf_counter()
    for _ in range(many):
        mab.predict()
    return time.perf_counter() - began


def main():
    given = json.load(sys.stdin)
    found = {}
    for name, make in POLICIES.items():
        if name not in given["policies"]:
            continue
        regrets, spent = [], 0.0
        for seed in range(given["seeds"]):
            rng = np.random.default_rng(seed)
            rewards = (rng.random((given["rounds"], len(given["means"]))) < given["means"]).astype(
                int
            )
            regret, seconds = play(make(given), rewards.tolist(), given["means"], seed)
            regrets.append(regret)
            spent += seconds
        seconds = decide(make(given), rewards[:200].tolist(), given["means"], 1, 20_000)
        rounds = given["rounds"] * given["seeds"]
        found[name] = {"regrets": regrets, "steps": rounds / spent, "decisions": 20_000 / seconds}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
