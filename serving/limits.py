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
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: ApiKey, tokens: int) -> None:
        """Count so many events, or one request that asks.

        Raises
        ------
        ApiError
            429 with ``Retry-After``: the key has used up its rate.
        """
        rate = (key.rate or self.rate) / self.processes
        now = self.clock()
        # A batch may always be larger than the rate: it goes once the bucket is full.
        most = max(rate * BURST_SECONDS, 1.0)
        left, at = self._buckets.get(key.public_id, (most, now))
        left = min(most, left + (now - at) * rate)
        needed = min(float(tokens), most)
        if left < needed:
            self._buckets[key.public_id] = (left, now)
            wait = max(math.ceil((needed - left) / rate), 1)
            raise busy(f"This key may send {rate * self.processes:g} a second.", wait)
        self._buckets[key.public_id] = (left - tokens, now)
