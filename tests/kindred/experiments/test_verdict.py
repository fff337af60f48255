"""The verdict: health first, then the primary metric by the chosen method, then guardrails."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.definition import Method
from kindred.experiments.estimates import MetricKind
from kindred.experiments.guardrails import Guardrail
from kindred.experiments.moments import Moments
from kindred.experiments.readings import read_all, read_families
from kindred.experiments.report import Cell, Report, report
from kindred.experiments.verdict import Act, Decision, Plan, decide

ORDERS = Metric("orders", MetricKind.MEAN)
LATER, TODAY, EARLIER = date(2026, 12, 1), date(2026, 11, 20), date(2026, 11, 1)


def arm(n: int, mean: float, variance: float = 1.0) -> Moments:
    return Moments(("value",), n, np.array([mean]), np.array([[variance * (n - 1)]]))


def reported(*metrics: tuple[Metric, dict[str, Moments]], **more: Any) -> Report:
    first = metrics[0][1]
    cells = [
        Cell(None, None, name, metric.name, moments)
        for metric, arms in metrics
        for name, moments in arms.items()
    ]
    sizes = {name: moments.n for name, moments in first.items()}
    return report(sizes, cells, [metric for metric, _ in metrics], Settings("a"), **more)


def judged(
    found: Report,
    method: Method = "sequential",
    ends: date | None = LATER,
    effect: float | None = None,
) -> Decision:
    labels = {"a": "Old", "b": "New"}
    return decide(found, Settings("a"), Plan("orders", method, TODAY, ends, effect, labels))


WINNER = (ORDERS, {"a": arm(10_000, 1.0), "b": arm(10_000, 1.1)})
LOSER = (ORDERS, {"a": arm(10_000, 1.0), "b": arm(10_000, 0.9)})
NOTHING = (ORDERS, {"a": arm(10_000, 1.0), "b": arm(10_000, 1.005)})
EDGE = (ORDERS, {"a": arm(10_000, 1.0), "b": arm(10_000, 1.035)})  # p = .013 fixed


def guarded(
    low: float, n: int = 10_000, variance: float = 1.0
) -> tuple[Metric, dict[str, Moments]]:
    metric = Metric("revenue", MetricKind.MEAN, guardrail=Guardrail(0.05))
    return metric, {"a": arm(n, 1.0, variance), "b": arm(n, low, variance)}


def test_a_clear_winner_is_shipped_even_before_the_end() -> None:
    found = judged(reported(WINNER))

    assert found.act is Act.SHIP
    assert found.headline == "Ship New: it lifts orders by 10\u00a0%, and it is not chance."
    assert "n = 10,000 and 10,000" in found.why[0]


def test_a_clear_loser_is_not_shipped() -> None:
    found = judged(reported(LOSER))

    assert found.act is Act.DONT
    assert "lowers orders by 10" in found.headline


def test_where_lower_is_better_the_loser_wins() -> None:
    lower = Metric("orders", MetricKind.MEAN, better="lower")

    assert judged(reported((lower, LOSER[1]))).act is Act.SHIP
    assert judged(reported((lower, WINNER[1]))).act is Act.DONT


def test_chance_is_waited_out_until_the_planned_end() -> None:
    found = judged(reported(NOTHING))

    assert (found.act, found.until) == (Act.KEEP, LATER)
    assert found.headline.startswith("Keep running until 1 December 2026")


def test_while_it_runs_it_says_what_could_be_found_by_now() -> None:
    found = judged(reported(NOTHING), effect=0.02)

    # The relative error is 1.4 %: (1.96 + .84) times that is 4.0 %; twice the effect, four times n.
    assert found.why[1] == (
        "By now a change of 4.0\N{NO-BREAK SPACE}% would be found four times of five, read once; "
        "for the 2\N{NO-BREAK SPACE}% planned it takes about 58,883 more people."
    )
    assert len(judged(reported(NOTHING)).why) == 1


def test_after_the_planned_end_no_effect_says_how_large_one_could_be() -> None:
    found = judged(reported(NOTHING), ends=EARLIER)

    assert found.act is Act.DONT
    assert "no effect of New on orders is shown" in found.headline
    assert "If there is an effect, it lies between −" in found.why[1]


def test_what_a_fixed_test_finds_before_the_end_is_not_acted_upon() -> None:
    before = judged(reported(EDGE), "fixed")
    after = judged(reported(EDGE), "fixed", EARLIER)

    assert before.act is Act.KEEP
    assert "read at the end only" in before.headline
    assert after.act is Act.SHIP


def test_peeking_costs_the_edge() -> None:
    fixed = read_all(reported(EDGE).results, "fixed", "holm")[0]
    peeked = read_all(reported(EDGE).results, "sequential", "holm")[0]

    assert fixed.p_value < 0.05 < peeked.p_value
    assert fixed.interval is not None
    assert peeked.interval is not None
    assert peeked.interval[0] < fixed.interval[0]


def test_the_bayesian_reading_says_the_chance_to_win() -> None:
    found = judged(reported(WINNER), "bayesian", EARLIER)

    assert found.act is Act.SHIP
    assert "chance to win 100" in found.why[0]


def test_a_split_that_is_not_as_planned_is_mended_first() -> None:
    arms = {"a": arm(10_000, 1.0), "b": arm(11_000, 2.0)}
    found = judged(reported((ORDERS, arms)))

    assert found.act is Act.MEND
    assert "can't be trusted" in found.headline


def test_a_broken_guardrail_holds_a_winner_back() -> None:
    found = judged(reported(WINNER, guarded(0.5)))

    assert found.act is Act.DONT
    assert "orders wins, but revenue gets worse" in found.headline


def test_a_guardrail_that_is_not_shown_to_hold_waits_then_is_weighed() -> None:
    unsure = reported(WINNER, guarded(0.97, 10_000, 2.0))

    assert judged(unsure).act is Act.KEEP
    assert judged(unsure, ends=EARLIER).act is Act.WEIGH


def test_a_guardrail_read_every_day_waits_longer_than_one_read_once() -> None:
    edge = reported(WINNER, guarded(0.985, 10_000))  # 3.5 points from the margin: z = 2.5

    assert judged(edge, "fixed", EARLIER).act is Act.SHIP
    peeked = judged(edge)
    assert peeked.act is Act.KEEP
    assert "revenue is not yet shown to be safe" in peeked.headline


def test_a_guardrail_that_holds_is_named_among_the_reasons() -> None:
    found = judged(reported(WINNER, guarded(1.0)))

    assert found.act is Act.SHIP
    assert "Guardrail revenue holds" in found.why[1]


def test_of_several_variations_the_best_winner_is_shipped() -> None:
    arms = {"a": arm(9_000, 1.0), "b": arm(9_000, 1.1), "c": arm(9_000, 1.2)}
    found = judged(reported((ORDERS, arms)))

    assert found.variation == "c"


@pytest.mark.parametrize("n", [0, 1])
def test_before_anybody_came_there_is_nothing_to_judge(n: int) -> None:
    nobody = {"a": arm(n, 0.0, 0.0), "b": arm(n, 0.0, 0.0)}

    assert judged(reported((ORDERS, nobody))).act is Act.WAIT


def test_further_metrics_cost_the_primary_one_nothing() -> None:
    more = [(Metric(name, MetricKind.MEAN), NOTHING[1]) for name in ("x", "y", "z")]
    alone = read_all(reported(EDGE).results, "fixed", "holm")[0].p_value

    found = read_families(reported(EDGE, *more).results, "orders", "fixed", "holm")

    assert [seen.result.metric for seen in found] == ["orders", "x", "y", "z"]
    assert found[0].p_value == alone
    assert found[1].p_value == pytest.approx(min(1, 3 * found[1].reading.p_value))
