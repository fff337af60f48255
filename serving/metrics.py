"""What Prometheus may know: counts and durations, never who.

Several workers share a folder of counters that ``python -m serving`` names in
``PROMETHEUS_MULTIPROC_DIR``; any of them answers for all.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response, Security
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from data.api_keys import ApiKey, Scope
from data.collect_log import log_folder, segments, size_of
from serving.auth import requires
from serving.context import Serving, serving

router = APIRouter(tags=["operation"])
FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUESTS: Final = Counter(
    "kindred_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS: Final = Histogram(
    "kindred_request_seconds", "Seconds to answer.", ["route"], buckets=BUCKETS
)
UNDER_WAY: Final = Gauge(
    "kindred_requests_under_way", "Requests under way.", multiprocess_mode="livesum"
)
EVENTS: Final = Counter("kindred_events_total", "Events taken in or refused.", ["outcome"])
REFUSALS: Final = Counter("kindred_refusals_total", "Events refused, by reason.", ["reason"])


@router.get("/metrics", summary="Metrics in Prometheus' text format", response_class=Response)
async def metrics(
    shared: Annotated[Serving, Depends(serving)],
    _key: Annotated[ApiKey, Security(requires(Scope.ADMIN))],
) -> Response:
    """Give the counts of all workers, and how far delivery is behind."""
    if os.environ.get(FOLDER_VARIABLE):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = REGISTRY
    text = generate_latest(registry) + _delivery(shared)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _delivery(shared: Serving) -> bytes:
    """Look at what several processes share, when asked."""
    registry = CollectorRegistry()
    folder = log_folder(shared.workspace)
    size = Gauge("kindred_log_bytes", "Bytes of the log of events.", registry=registry)
    size.set(sum(size_of(folder / name) for name in segments(folder)))
    delivered = shared.live.state().delivered_at
    if delivered is not None:
        age = Gauge("kindred_delivery_age_seconds", "Since all was delivered.", registry=registry)
        age.set((datetime.now(UTC) - delivered).total_seconds())
    return generate_latest(registry)
