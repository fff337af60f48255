"""The sums that an analysis needs, by DuckDB alone: what bench_experiments is held against."""

from __future__ import annotations

import json
import sys

import duckdb

MEANS = ("spent", "orders", "sessions", "seconds", "scrolls", "searches")
RATES = ("bought", "subscribed")
RATIOS = (("clicks", "views"), ("opened", "sent"))


def query() -> str:
    """Write the query as an analyst would by hand."""
    summed = [*MEANS, *(name for pair in RATIOS for name in pair)]
    per_unit = [f"sum({name}) AS {name}" for name in summed]
    per_unit += [f"max({name}) AS {name}" for name in RATES]
    sums = [f"sum({name}), sum({name} * {name})" for name in summed]
    sums += [f"sum({name})" for name in RATES]
    sums += [f"sum({top} * {bottom})" for top, bottom in RATIOS]
    return f"""
        SELECT variation, country, count(*), {", ".join(sums)}
        FROM (
            SELECT unit, any_value(variation) AS variation, any_value(country) AS country,
                   {", ".join(per_unit)}
            FROM read_parquet(?) GROUP BY unit
        ) GROUP BY ALL
    """


def main() -> None:
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    rows = connection.execute(query(), [sys.argv[1]]).fetchall()
    print(json.dumps({"groups": len(rows), "units": sum(row[2] for row in rows)}))


if __name__ == "__main__":
    main()
