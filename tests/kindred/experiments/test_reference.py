"""The reference names everything that can be asked, answered and warned of."""

from __future__ import annotations

import re
from pathlib import Path

from kindred.bandits import off_policy
from kindred.experiments import caveats
from kindred.experiments.analysis import Metric, Settings
from kindred.experiments.caveats import Caveat
from kindred.experiments.estimates import MetricKind
from kindred.experiments.moments import Moments
from kindred.experiments.report import Cell, report
from pipelines.cli import parser

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "experiments.md").read_text()


def test_every_warning_is_listed() -> None:
    known = [value for value in vars(caveats).values() if isinstance(value, Caveat)]
    known += [value for value in vars(off_policy).values() if isinstance(value, Caveat)]
    assert len(known) > 30
    assert [one.code for one in known if f"`{one.code}`" not in REFERENCE] == []


def test_every_option_is_listed() -> None:
    words = parser(["analyze"]).parse_args(["analyze", "file", "--control", "A"])
    options = [f"--{name}" for name in vars(words) if name not in {"actor", "command", "file"}]
    assert len(options) > 15
    assert [one for one in options if one not in {"--function"} and one not in REFERENCE] == []


def test_every_field_of_a_result_is_listed() -> None:
    rows = Moments.of_rows({"value": [0.0, 1.0, 1.0], "x": [1.0, 2.0, 4.0]})
    cells = [Cell("s", "u", arm, "m", rows) for arm in "AB"]
    metric = Metric("m", MetricKind.PROPORTION, ("x",))
    found = report({"A": 3, "B": 3}, cells, [metric], Settings("A")).as_json()
    names = {*found, *found["srm"], *found["results"][0], *found["results"][0]["cuped"]}
    names |= {*found["segments"][0], *found["segments"][0]["interaction"], *found["pre_period"][0]}
    quoted = set(re.findall(r'"(\w+)"', REFERENCE))
    assert names - quoted == set()
