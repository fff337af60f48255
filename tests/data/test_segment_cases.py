"""The readable cases on DuckDB: the answers are those that memory gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ibis.backends.duckdb import Backend

from data.lake import open_duckdb
from data.segment_query import condition
from kindred.segments.rules import Rule
from tests.support.segment_cases import CASES_AS_OF, Case, read_cases
from tests.support.segment_worlds import World

CASES = read_cases()
AT_ONCE = 15  # rules a query


@pytest.fixture(scope="module")
def backend() -> Backend:
    return open_duckdb(threads=1)


def answers(cases: list[Case], backend: Backend) -> list[bool]:
    """Ask of everybody what any case asks, and take each case's own answer."""
    people = [replace(case.person, id=f"me{i:04d}") for i, case in enumerate(cases)]
    tables, context = World(people, CASES_AS_OF).tables(backend), cases[0].context()
    rules: dict[str, Rule] = {repr(case.rule): case.rule for case in cases}
    found: dict[str, list[bool]] = {}
    for start in range(0, len(rules), AT_ONCE):
        batch = list(rules.items())[start : start + AT_ONCE]
        columns = {
            f"r{i}": condition(rule, tables, context, CASES_AS_OF)
            for i, (_, rule) in enumerate(batch)
        }
        query = tables.people.select("position", **columns).order_by("position")
        table = backend.to_pyarrow(query)
        found |= {key: table.column(f"r{i}").to_pylist() for i, (key, _) in enumerate(batch)}
    return [found[repr(case.rule)][place] for place, case in enumerate(cases)]


def test_on_duckdb_everybody_is_in_as_expected(backend: Backend) -> None:
    plain = [case for case in CASES if case.plain]
    wrong = [
        (case.name, given)
        for case, given in zip(plain, answers(plain, backend), strict=True)
        if given is not case.expected
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.plain], ids=lambda case: case.name
)
def test_on_duckdb_references_are_followed(case: Case, backend: Backend) -> None:
    tables = World([case.person], CASES_AS_OF).tables(backend)
    held = condition(case.rule, tables, case.context(), CASES_AS_OF)
    found = backend.to_pyarrow(tables.people.select(held=held)).column("held").to_pylist()
    assert found == [case.expected], case.why
