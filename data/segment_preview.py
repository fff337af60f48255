"""What a screen and a command say of a rule before it is published: whom it catches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from data.segment_population import Population
from kindred.errors import UserError
from kindred.segments.bitmap import Bitmap
from kindred.segments.catalogue import Catalogue
from kindred.segments.describe import Names, sentence
from kindred.segments.parse import read_rule
from kindred.segments.rules import Rule
from kindred.segments.validate import check


@dataclass(frozen=True)
class Preview:
    """Whom a rule catches.

    Parameters
    ----------
    share : float
        Of all people, 0 … 1; 0 where there is nobody.
    members : Bitmap
        Their positions in the traits snapshot.
    """

    size: int
    share: float
    sentence: str
    as_of: datetime
    members: Bitmap

    @property
    def evidence(self) -> dict[str, Any]:
        """What a publisher saw, as it is kept with the version."""
        return {"size": self.size, "share": self.share, "as_of": self.as_of.isoformat()}


def preview(
    rule: Rule, population: Population, catalogue: Catalogue, names: Names | None = None
) -> Preview:
    """Check a rule and count whom it catches.

    Raises
    ------
    RuleRefused
        With the path of every problem.
    """
    check(rule, catalogue)
    members = population.members(rule)
    size = len(members)
    share = size / population.size if population.size else 0.0
    return Preview(size, share, sentence(rule, names), population.as_of, members)


def rule_from_file(path: Path) -> Rule:
    """Read a rule from a file of JSON."""
    try:
        return read_rule(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.", "Check the path.") from None
