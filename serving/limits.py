"""How much one key may send: a bucket of tokens that fills at its rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from data.api_keys import ApiKey
from serving.errors import busy

BURST_SECONDS: Final = 2.0


class _Bucket:
    """What is left of a key's rate."""

    __slots__ = ("at", "given", "left", "most", "rate")

    def __init__(self, given: int | None, rate: float, at: float) -> None:
        self.given = given
        self.rate = rate
        # A batch may always be larger than the rate: it goes once the bucket is full.
        self.most = self.left = max(rate * BURST_SECONDS, 1.0)
        self.at = at


@dataclass
class Limiter:
    """Counts what each key sends to this process.

    Parameters
    ----------
    rate : int
        Tokens a second for keys without a rate of their own.
    processes : int
        A key's rate is shared among so many.
    """

    rate: int
    processes: int = 1
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def take(self, key: ApiKey, tokens: int) -> None:
        """Count so many events, or one request that asks.

        Raises
        ------
        ApiError
            429 with ``Retry-After``: the key has used up its rate.
        """
        now = self.clock()
        bucket = self._buckets.get(key.public_id)
        if bucket is None or bucket.given != key.rate:
            rate = (key.rate or self.rate) / self.processes
            bucket = self._buckets[key.public_id] = _Bucket(key.rate, rate, now)
        left = bucket.left + (now - bucket.at) * bucket.rate
        left = min(left, bucket.most)
        needed = min(tokens, bucket.most)
        bucket.at = now
        if left < needed:
            bucket.left = left
            wait = max(math.ceil((needed - left) / bucket.rate), 1)
            raise busy(f"This key may send {bucket.rate * self.processes:g} a second.", wait)
        bucket.left = left - tokens
