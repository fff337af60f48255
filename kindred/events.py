"""The canonical event: the Segment Spec's shapes as typed columns, one row an event.

Keys are the specification's own (``messageId``, ``userId`` …). The properties that the
specification names for e-commerce, content and experiments have typed columns inside the
``properties`` struct, so that an engine reads only those a question needs; any other property
is kept as JSON text in ``properties.other`` (likewise ``context.other``).
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TYPES: Final = ("identify", "track", "page", "screen", "group", "alias")

ORDER_COMPLETED: Final = "Order Completed"
PRODUCT_VIEWED: Final = "Product Viewed"
PRODUCT_ADDED: Final = "Product Added"
CONTENT_VIEWED: Final = "Content Viewed"
CONTENT_CLICKED: Final = "Content Clicked"
COUPON_APPLIED: Final = "Coupon Applied"
EXPERIMENT_VIEWED: Final = "Experiment Viewed"

TIMESTAMP: Final = pa.timestamp("us", tz="UTC")

PRODUCT: Final = pa.struct(
    [
        ("product_id", pa.string()),
        ("name", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("quantity", pa.float64()),
        ("price", pa.float64()),  # of one unit, as paid
        ("revenue", pa.float64()),  # of the line, as paid: price × quantity where not given
        ("discount", pa.float64()),  # off the line
    ]
)

PROPERTIES: Final = pa.struct(
    [
        ("order_id", pa.string()),
        ("revenue", pa.float64()),
        ("discount", pa.float64()),
        ("currency", pa.string()),
        ("coupon", pa.string()),
        ("products", pa.list_(PRODUCT)),
        ("product_id", pa.string()),
        ("category", pa.string()),
        ("brand", pa.string()),
        ("price", pa.float64()),
        ("quantity", pa.float64()),
        ("content_id", pa.string()),
        ("position", pa.int32()),
        ("url", pa.string()),
        ("title", pa.string()),
        ("referrer", pa.string()),
        ("campaign_id", pa.string()),
        ("experiment_id", pa.string()),
        ("variation_id", pa.string()),
        ("value", pa.float64()),
        ("other", pa.string()),  # JSON object of every other property
    ]
)

CONTEXT: Final = pa.struct(
    [
        ("device", pa.string()),
        ("region", pa.string()),
        ("locale", pa.string()),
        ("store_id", pa.string()),
        ("other", pa.string()),  # JSON object of everything else
    ]
)

EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("messageId", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        ("userId", pa.string()),
        ("anonymousId", pa.string()),
        pa.field("timestamp", TIMESTAMP, nullable=False),
        ("receivedAt", TIMESTAMP),
        ("event", pa.string()),
        ("properties", PROPERTIES),
        ("traits", pa.string()),  # JSON object; of identify and group
        ("context", CONTEXT),
    ]
)

CATALOGUE_SCHEMA: Final = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        ("name", pa.string()),
        ("category", pa.string()),
        ("subcategory", pa.string()),
        ("brand", pa.string()),
        ("price", pa.float64()),
        ("attributes", pa.string()),  # JSON object of everything else
    ]
)
