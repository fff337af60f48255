"""What Prometheus may know: counts and durations, never who.

Several workers share a folder of counters that ``python -m serving`` names in
``PROMETHEUS_MULTIPROC_DIR``; any of them answers for all.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
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
TELL_SECONDS: Final = 0.25


class Tally:
    """Counts the requests of a route that is asked so often that Prometheus' counters would tell.

    What was counted is told to them together, a quarter of a second later at most. All of it
    happens in the event loop's thread.
    """

    def __init__(self, method: str, route: str) -> None:
        self._method, self._route = method, route
        self._statuses: dict[int, int] = {}
        self._found = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._later: asyncio.TimerHandle | None = None

    def count(self, status: int, seconds: float) -> None:
        """Count a request."""
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._found[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(TELL_SECONDS, self.tell)

    def tell(self) -> None:
        """Add what was counted to Prometheus' counters."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        for status, number in self._statuses.items():
            REQUESTS.labels(self._method, self._route, str(status)).inc(number)
        histogram = SECONDS.labels(self._route)
        for bucket, number in zip(histogram._buckets, self._found, strict=True):
            bucket.inc(number)  # it has no public way to observe several at once
        histogram._sum.inc(self._seconds)
        self._statuses, self._found = {}, [0] * len(self._found)
        self._seconds = 0.0


@router.get("/metrics", summary="Metrics in Prometheus' text format", response_class=Response)
async def metrics(
    shared: Annotated[Serving, Depends(serving)],
    _key: Annotated[ApiKey, Security(requires(Scope.ADMIN))],
) -> Response:
    """Give the counts of all workers, and how far delivery is behind."""
    for tell in shared.before_counts:
        tell()
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
