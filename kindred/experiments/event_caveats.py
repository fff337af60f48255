"""What can be odd about exposures and events of a running experiment."""

from __future__ import annotations

from typing import Final

from kindred.experiments.caveats import Caveat

CROSSED = Caveat(
    "crossover",
    "{count} [person|people] met more than one variation; [that one is|they are] left out of all "
    "results.",
)
REPEATED = Caveat(
    "multiple_exposure",
    "{count} [person was|people were] exposed more than once; their first exposure counts.",
)
BOTS = Caveat(
    "bots",
    "{count} [person looks like a bot|people look like bots] (by the user agent, or by over 1,000 "
    "events on the day of the exposure); [that one is|they are] left out.",
)
LATE = Caveat(
    "late_exposure",
    "{count} [exposure|exposures] came in more than a day after [it|they] happened; [its day was|"
    "their days were] computed anew.",
)
UNKNOWN_VARIATION = Caveat(
    "unknown_variation",
    "{count} [exposure names|exposures name] a variation that the experiment does not have; "
    "[it is|they are] left out.",
)
OPEN_WINDOWS = Caveat(
    "open_windows",
    "{count} [person was|people were] exposed so lately that their window is still open: their "
    "numbers grow.",
)
CROSSOVER_SHARE: Final = 0.01  # beyond, crossover says that assignment does not stick
