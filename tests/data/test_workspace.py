"""One workspace holds one kind of data and runs on one clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.clock import as_of
from data.engine import reader
from data.workspace import declare_workspace, facts, workspace_at
from kindred.errors import UserError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDED = datetime(2018, 1, 1, tzinfo=UTC)


def declare(
    store: Engine,
    kind: str = "real",
    source: str = "Shop",
    fixed: datetime | None = ENDED,
    currency: str | None = "EUR",
) -> None:
    with store.begin() as conn:
        declare_workspace(
            conn, kind=kind, source=source, currency=currency, clock_fixed_at=fixed, at=NOW
        )


def clock(store: Engine) -> datetime:
    with reader(store).connect() as conn:
        return as_of(conn, NOW)


def test_an_empty_workspace_knows_nothing_and_runs_on_the_live_clock(store: Engine) -> None:
    with reader(store).connect() as conn:
        assert facts(conn) is None
    assert clock(store) == NOW


def test_a_fixed_clock_stands_and_a_later_import_moves_it_on(store: Engine) -> None:
    declare(store)
    assert clock(store) == ENDED
    declare(store, fixed=ENDED + timedelta(days=7))
    assert clock(store) == ENDED + timedelta(days=7)
    declare(store, fixed=ENDED)
    assert clock(store) == ENDED + timedelta(days=7)


def test_a_live_clock_stays_live(store: Engine) -> None:
    declare(store, fixed=None)
    declare(store, fixed=ENDED)
    assert clock(store) == NOW


@pytest.mark.parametrize(("first", "second"), [("real", "simulated"), ("simulated", "real")])
def test_real_and_simulated_data_never_mix(store: Engine, first: str, second: str) -> None:
    declare(store, kind=first, source="Shop")
    with pytest.raises(UserError, match=r"never mix.*KINDRED_HOME"):
        declare(store, kind=second, source="Other")
    with reader(store).connect() as conn:
        known = facts(conn)
    assert known is not None
    assert (known.kind, known.source) == (first, "Shop")


def test_amounts_of_two_currencies_are_never_summed(store: Engine) -> None:
    declare(store, currency=None)
    declare(store, currency="EUR")
    with pytest.raises(UserError, match="counts in EUR"):
        declare(store, source="Market", currency="USD")


def test_sources_of_one_kind_are_named_together_once_each(store: Engine) -> None:
    for source in ("Shop", "Market", "Shop"):
        declare(store, source=source)
    with reader(store).connect() as conn:
        known = facts(conn)
    assert known is not None
    assert known.source == "Shop + Market"


def test_a_workspace_is_where_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KINDRED_HOME", raising=False)
    monkeypatch.delenv("KINDRED_STORE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert workspace_at().home == tmp_path / "var"
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path / "other"))
    assert workspace_at().store_url == f"sqlite:///{tmp_path / 'other' / 'store.sqlite'}"
    assert workspace_at(tmp_path / "named").home == tmp_path / "named"
    monkeypatch.setenv("KINDRED_STORE_URL", "postgresql://db/kindred")
    assert workspace_at().store_url == "postgresql://db/kindred"


def test_a_folder_that_can_not_be_is_told_with_what_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match="can't be made: that is a file") as refused:
        workspace_at(tmp_path / "file")

    assert refused.value.fix == "Choose another: KINDRED_HOME=/path/to/it"
    with pytest.raises(UserError, match="can't be made: Not a directory"):
        workspace_at(tmp_path / "file" / "below")


def test_a_folder_that_can_not_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda _path, _mode: False)  # root may write anywhere

    with pytest.raises(UserError, match="can't be written to"):
        workspace_at(tmp_path)
