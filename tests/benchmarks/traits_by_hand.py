"""The traits of the benchmark's world in hand-written DuckDB SQL, with its categories known."""

from __future__ import annotations

from collections.abc import Sequence

GRID = {
    5: ("New", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),
    4: ("Promising", "Potential loyalists", "Potential loyalists", "Loyal", "Loyal"),
    3: ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"),
    1: ("Lost", "Hibernating", "At risk", "At risk", "Can't lose them"),
}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def query(files: str, as_of: str, categories: Sequence[str]) -> str:
    """Write the query: orders, lines and events each read once.

    Parameters
    ----------
    files : str
        Glob of the Parquet files.
    categories : sequence of str
        Those with most revenue; whoever writes SQL by hand has looked them up.
    """
    return f"""
    WITH seen AS NOT MATERIALIZED (
        SELECT *, coalesce(userId, anonymousId) AS person_id
        FROM read_parquet('{files}') WHERE timestamp < TIMESTAMPTZ '{as_of}'
    ), lines AS (
        SELECT person_id, unnest(properties.products) AS line
        FROM seen WHERE event = 'Order Completed'
    ), spending AS (
        SELECT person_id, line.category AS category, count(*) AS lines,
            sum(coalesce(line.revenue, line.price * line.quantity)) AS revenue
        FROM lines GROUP BY ALL
    ), taste AS (
        SELECT person_id, sum(lines) AS lines, sum(revenue) AS spent,
            sum(revenue * ln(revenue)) AS log_spent, count(*) AS categories,
            arg_max(category, revenue) AS favourite_category,
            {_each(categories, "sum(revenue) FILTER (category = '{item}') AS spent_{place}")}
        FROM spending WHERE revenue > 0 AND category IS NOT NULL GROUP BY person_id
    ), orders AS (
        SELECT person_id, timestamp, properties.revenue AS revenue,
            properties.discount AS discount, hour(timestamp) AS hour,
            isodow(timestamp) - 1 AS weekday,
            epoch(TIMESTAMPTZ '{as_of}') - epoch(timestamp) AS ago
        FROM seen WHERE event = 'Order Completed'
    ), bought AS (
        SELECT person_id, count(*) AS orders, sum(revenue) AS revenue, sum(discount) AS discount,
            min(timestamp) AS first_order_at, max(timestamp) AS last_order_at,
            sum(revenue) FILTER (ago <= 30 * 86400) AS revenue_30,
            sum(revenue) FILTER (ago > 30 * 86400 AND ago <= 60 * 86400) AS revenue_60,
            bit_or(1::BIGINT << least(ceil(ago / 604800)::BIGINT - 1, 51))
                FILTER (ago <= 364 * 86400) AS weeks,
            {_each(range(24), "count(*) FILTER (hour = {item}) AS h{item}")},
            {_each(range(7), "count(*) FILTER (weekday = {item}) AS d{item}")}
        FROM orders GROUP BY person_id
    ), people AS (
        SELECT person_id, min(timestamp) AS first_event, max(timestamp) AS last_seen_at,
            arg_max(context.device, timestamp) AS device,
            arg_max(context.region, timestamp) AS region,
            count(*) FILTER (type = 'page') AS visits,
            count(*) FILTER (event = 'Content Viewed') AS content_views,
            count(*) FILTER (event = 'Content Clicked') AS content_clicks,
            count(*) FILTER (event = 'Product Viewed') AS product_views,
            count(*) FILTER (event = 'Product Added') AS cart_adds,
            count(*) FILTER (event = 'Coupon Applied') AS coupons,
            count(*) FILTER (event = 'Campaign Received') AS campaigns
        FROM seen GROUP BY person_id
    ), traits AS (
        SELECT person_id,
            (epoch(TIMESTAMPTZ '{as_of}') - epoch(last_order_at)) / 86400 AS recency,
            coalesce(orders, 0) AS frequency, coalesce(revenue, 0) AS monetary,
            (epoch(TIMESTAMPTZ '{as_of}') - epoch(first_event)) / 86400 AS tenure,
            revenue / orders AS mean_basket, lines / orders AS lines_per_order,
            discount / (revenue + discount) AS discount_share,
            (epoch(last_order_at) - epoch(first_order_at)) / 86400 / nullif(orders - 1, 0)
                AS interval,
            bit_count(coalesce(weeks, 0)) AS active_weeks,
            (coalesce(revenue_30, 0) - coalesce(revenue_60, 0))
                / nullif(coalesce(revenue_30, 0) + coalesce(revenue_60, 0), 0) AS trend,
            {_hours(5, 11)} AS share_morning, {_hours(11, 17)} AS share_midday,
            {_hours(17, 22)} AS share_evening, {_hours(22, 29)} AS share_night,
            (d5 + d6) / orders AS share_weekend,
            CASE WHEN sqrt(pow({_turn("sin")}, 2) + pow({_turn("cos")}, 2)) > 1e-9 * orders THEN
                round(degrees(atan2({_turn("sin")}, {_turn("cos")})) / 15 + 24, 9) % 24
                END AS mean_hour,
            {_most("h", range(24))} AS favourite_hour, {_most("d", DAYS)} AS favourite_weekday,
            ln(spent) - log_spent / spent AS category_entropy,
            coalesce(categories, 0) AS categories, favourite_category,
            first_order_at, last_order_at,
            {_each(categories, "coalesce(spent_{place}, 0) / spent AS share_{place}")},
            people.* EXCLUDE (person_id, first_event)
        FROM people LEFT JOIN bought USING (person_id) LEFT JOIN taste USING (person_id)
    ), scored AS (
        SELECT *, {_fifth("recency", "DESC")} AS rfm_recency,
            {_fifth("frequency")} AS rfm_frequency, {_fifth("monetary")} AS rfm_monetary
        FROM traits
    )
    SELECT *, CASE {_groups()} END AS rfm_group FROM scored ORDER BY person_id
    """


def _each(items: Sequence[object], pattern: str) -> str:
    return ", ".join(pattern.format(item=item, place=place) for place, item in enumerate(items))


def _hours(first: int, last: int) -> str:
    return "(" + " + ".join(f"h{hour % 24}" for hour in range(first, last)) + ") / orders"


def _turn(function: str) -> str:
    return " + ".join(f"h{hour} * {function}(radians({15 * hour}))" for hour in range(24))


def _most(prefix: str, names: Sequence[object]) -> str:
    columns = [f"{prefix}{place}" for place in range(len(names))]
    most = f"greatest({', '.join(columns)})"
    branches = (f"WHEN {c} = {most} THEN {n!r}" for c, n in zip(columns, names, strict=True))
    return f"CASE {' '.join(branches)} END"


def _fifth(column: str, direction: str = "") -> str:
    return f"least(1 + floor(5 * percent_rank() OVER (ORDER BY {column} {direction})), 5)::BIGINT"


def _groups() -> str:
    quoted = ((r, f, name.replace("'", "''")) for r in GRID for f, name in enumerate(GRID[r], 1))
    return " ".join(
        f"WHEN rfm_recency = {r} AND rfm_frequency = {f} THEN '{name}'" for r, f, name in quoted
    )
