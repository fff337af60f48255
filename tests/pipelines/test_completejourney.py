"""The whole of the Complete Journey, once: every purchase line is accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine

from data.engine import reader
from data.experiment_analyses import list_analyses
from data.lake import CATALOGUE, EVENTS, live_files
from data.store import open_store
from data.workspace import Workspace, facts, workspace_at
from kindred.experiments.moments import Moments
from pipelines import experiment_results
from pipelines.import_events import run
from pipelines.sources import completejourney
from tests.support.events import context

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Engine]]:
    home = tmp_path_factory.mktemp("journey")
    workspace = workspace_at(home, f"sqlite:///{home / 'store.sqlite'}")
    engine = open_store(workspace)
    run(context(workspace, engine), {"source": "completejourney"})
    yield workspace, engine
    engine.dispose()


def utc_duckdb() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def ask(imported: tuple[Workspace, Engine], query: str) -> list[tuple[Any, ...]]:
    workspace, engine = imported
    with reader(engine).connect() as conn:
        paths = [str(workspace.lake / file.path) for file in live_files(conn, EVENTS)]
    connection = utc_duckdb()
    connection.execute(
        "CREATE VIEW events AS SELECT * FROM read_parquet($paths)".replace("$paths", repr(paths))
    )
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def source(query: str) -> list[tuple[Any, ...]]:
    folder: Path = completejourney.folder()
    connection = utc_duckdb()
    for name in ("transactions", "demographics", "coupon_redemptions", "campaigns"):
        path = str(folder / f"{name}.parquet")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
    found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return found


def test_there_is_one_order_a_basket_with_all_its_lines_and_all_its_money(
    imported: tuple[Workspace, Engine],
) -> None:
    query = """
        SELECT count(*), count(DISTINCT "userId"), round(sum(properties.revenue), 2),
               sum(len(properties.products))
        FROM events WHERE event = 'Order Completed'
    """
    assert ask(imported, query) == [(155_848, 2_469, 4_596_039.58, 1_469_307)]


def test_a_basket_is_what_the_source_says(imported: tuple[Workspace, Engine]) -> None:
    want = source(
        """
        SELECT basket_id::varchar, household_id::varchar,
               epoch(min(transaction_timestamp)), round(sum(sales_value), 2),
               round(sum(retail_disc + coupon_disc + coupon_match_disc), 2), count(*)
        FROM transactions GROUP BY basket_id, household_id ORDER BY basket_id LIMIT 200
        """
    )
    got = ask(
        imported,
        """
        SELECT properties.order_id, "userId", epoch(timestamp), round(properties.revenue, 2),
               round(properties.discount, 2), len(properties.products)
        FROM events WHERE event = 'Order Completed'
        """,
    )
    by_basket = {row[0]: row for row in got}
    assert [by_basket[row[0]] for row in want] == want


def test_demographics_coupons_and_campaigns_are_events(imported: tuple[Workspace, Engine]) -> None:
    counts = dict(ask(imported, "SELECT coalesce(event, type), count(*) FROM events GROUP BY ALL"))
    assert counts["identify"] == source("SELECT count(*) FROM demographics")[0][0] == 801
    assert counts["Coupon Applied"] == source("SELECT count(*) FROM coupon_redemptions")[0][0]
    assert counts["Campaign Received"] == source("SELECT count(*) FROM campaigns")[0][0]


def test_what_a_household_left_open_is_left_out(imported: tuple[Workspace, Engine]) -> None:
    traits = ask(
        imported, """SELECT traits FROM events WHERE "userId" = '1003' AND type = 'identify'"""
    )
    assert traits == [
        (
            '{"age":"35-44","income":"25-34K","marital_status":"Unmarried",'
            '"household_size":"1","household_comp":"1 Adult No Kids","kids_count":"0"}',
        )
    ]


def test_the_clock_stands_at_midnight_after_the_last_event(
    imported: tuple[Workspace, Engine],
) -> None:
    _, engine = imported
    with reader(engine).connect() as conn:
        known = facts(conn)
        items = sum(file.rows for file in live_files(conn, CATALOGUE))
    assert known is not None
    assert (known.kind, known.source) == ("real", "Complete Journey")
    assert known.clock_fixed_at == datetime(2018, 1, 2, tzinfo=UTC)
    last = ask(imported, "SELECT epoch(max(timestamp)) FROM events")[0][0]
    assert 0 < known.clock_fixed_at.timestamp() - last <= 86_400
    assert items == 92_331


def test_importing_it_again_adds_nothing(imported: tuple[Workspace, Engine]) -> None:
    workspace, engine = imported
    assert run(context(workspace, engine), {"source": "completejourney"}).fresh


def test_households_compared_with_themselves_show_no_effect_and_cuped_sharpens_it(
    imported: tuple[Workspace, Engine],
) -> None:
    workspace, engine = imported

    experiment_results.run(context(workspace, engine, completejourney.CLOCK), {})

    with reader(engine).connect() as conn:
        analyses = list_analyses(conn)
    assert [one.name for one in analyses] == [
        "A/A test of households",
        "Insurance by default",
        "Intensive meetings",
    ]
    report = analyses[0].report
    spending = report.results[0]
    assert report.ratio.p_value > 0.001
    households = ask(
        imported,
        "SELECT count(DISTINCT userId), sum(properties.revenue) FROM events "
        "WHERE event = 'Order Completed' "
        "AND timestamp < '2017-10-03' AND timestamp >= '2017-04-04'",
    )[0]
    assert sum(report.arms.values()) == households[0]
    before = sum(
        c.moments.mean("Spending before") * c.moments.n
        for c in analyses[0].summary.cells
        if c.metric == "Spending" and isinstance(c.moments, Moments)
    )
    assert before == pytest.approx(households[1])
    assert spending.cuped is not None
    assert spending.cuped.interval[0] < 0 < spending.cuped.interval[1]
    narrower = spending.cuped.absolute.standard_error / spending.plain.absolute.standard_error
    assert 0.4 < narrower < 0.75
    assert f"{narrower:.2f} times as wide" in analyses[0].notes
    assert "the true effect is none" in analyses[0].notes
