"""Traits of browsing: pages, content and products looked at."""

from __future__ import annotations

from kindred.traits.computed import BROWSING, Computed, count

BROWSING_TRAITS: tuple[Computed, ...] = (
    count("visits", "Number of page views.", "views", BROWSING, "pages"),
    count(
        "content_views",
        "Number of content items seen.",
        "views",
        BROWSING,
        "content_views",
        feature=True,
    ),
    count(
        "content_clicks",
        "Number of content items clicked.",
        "clicks",
        BROWSING,
        "content_clicks",
        feature=True,
    ),
    count(
        "product_views",
        "Number of products looked at.",
        "views",
        BROWSING,
        "product_views",
        feature=True,
    ),
    count(
        "cart_adds",
        "Number of products put into a cart.",
        "products",
        BROWSING,
        "cart_adds",
        feature=True,
    ),
)
