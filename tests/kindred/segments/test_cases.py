"""The readable cases in memory: membership, evidence and sentences."""

from __future__ import annotations

import json

import pytest

from kindred.segments.catalogue import Catalogue
from kindred.segments.codec import document, dump
from kindred.segments.describe import sentence
from kindred.segments.evidence import why
from kindred.segments.membership import belongs
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule
from kindred.segments.validate import problems
from tests.kindred.segments.make_cases import FAMILIES
from tests.support.segment_cases import CASES_AS_OF, FILE, Case, read_cases

CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_in_memory_a_person_is_in_as_expected(case: Case) -> None:
    profile = case.person.profile()
    assert belongs(profile, case.rule, case.context(), CASES_AS_OF) is case.expected, case.why


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_evidence_names_leaves_that_decide(case: Case) -> None:
    found = why(case.person.profile(), case.rule, case.context(), CASES_AS_OF)
    everybody = sentence(case.rule) in {"Everybody.", "People except those whoever they are."}
    assert found or everybody
    if case.rule.kind == "trait":
        assert [leaf.holds for leaf in found] == [case.expected]


def test_there_are_at_least_two_hundred_and_each_has_its_name() -> None:
    assert len(CASES) >= 200
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_file_is_what_its_families_say() -> None:
    written = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    assert written == json.loads(json.dumps([case for family in FAMILIES for case in family()]))


def test_rules_that_differ_read_differently() -> None:
    rules: dict[str, Rule] = {json.dumps(dump(case.rule)): case.rule for case in CASES}
    sentences = [sentence(rule) for rule in rules.values()]
    assert len(set(sentences)) == len(sentences)


def test_rules_survive_being_written_and_read() -> None:
    for case in CASES:
        assert read_rule(json.dumps(dump(case.rule))) == case.rule
        assert read_rule(document(case.rule)) == case.rule


def test_what_the_cases_ask_is_valid_except_where_nothing_is_asked() -> None:
    refused = [case.name for case in CASES if problems(case.rule, Catalogue())]
    assert refused == []
