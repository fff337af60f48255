"""Counts the pairs of rule and population that were held to one meaning, and says how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.segment_worlds import NIGHTLY

ASKED = 10_000  # of `make nightly`
PAIRS = "pairs of rule and population"


@pytest.fixture
def pairs_held(record_property: Callable[[str, object], None]) -> Iterator[Callable[[int], None]]:
    """Gives what a test calls with how many pairs it found all interpreters to agree on."""
    held = 0

    def more(pairs: int) -> None:
        nonlocal held
        held += pairs

    yield more
    record_property(PAIRS, held)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many all tests, in whatever process, reported."""
    if (held := _held(terminalreporter)) is not None:
        terminalreporter.write_line(f"One meaning: {held:,} {PAIRS} were held to it.")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a night in which too few were tried be no success."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    held = None if terminal is None else _held(terminal)
    if NIGHTLY and held is not None and held < ASKED and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _held(terminal: pytest.TerminalReporter) -> int | None:
    reports = [one for kind in terminal.stats.values() for one in kind]
    counts = [
        count
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
        for name, count in report.user_properties
        if name == PAIRS and isinstance(count, int)
    ]
    return sum(counts) if counts else None
