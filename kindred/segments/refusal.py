"""What is wrong with a rule, with the path into it and what would be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kindred.errors import UserError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a rule.

    Parameters
    ----------
    path : str
        Where in the rule, such as ``rules[2].rule.value``; empty for the whole.
    what : str
        What is wrong, in a sentence.
    accepted : str
        What would be accepted, in a sentence.
    """

    path: str
    what: str
    accepted: str


class RuleRefused(UserError):
    """A rule that can't be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = len(self.problems) - 1
        others = f" ({more} more problem{'s' if more > 1 else ''} after it.)" if more else ""
        super().__init__(first.what, first.accepted + others, first.path or "the rule")
