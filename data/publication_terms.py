"""What goes with every publication: who acts, when and why; and on which terms it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from data import audit
from kindred.errors import UserError


@dataclass(frozen=True)
class Act:
    """Who publishes, rolls back or withdraws, when and why; kept with what they changed."""

    actor: audit.Actor
    at: datetime
    why: str


@dataclass(frozen=True)
class Terms:
    """On which terms a version is live.

    Parameters
    ----------
    valid_from, valid_until : datetime or None
        Half-open; outside, serving answers as if nothing were published.
    browser : bool
        May it be told to browsers?
    """

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    browser: bool = False

    def __post_init__(self) -> None:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise UserError(
                "It would end before it begins to be valid.",
                "Let the second time be later than the first.",
                "valid until",
            )

    def hold(self, at: datetime) -> bool:
        """Tell whether it is valid at a time.

        Examples
        --------
        >>> from datetime import UTC
        >>> new_year = datetime(2027, 1, 1, tzinfo=UTC)
        >>> Terms(valid_from=new_year).hold(new_year), Terms(valid_until=new_year).hold(new_year)
        (True, False)
        """
        begun = self.valid_from is None or self.valid_from <= at
        return begun and (self.valid_until is None or self.valid_until > at)
