"""Rules as JSON text: bounded before anything recurses, and nothing in it passed over quietly."""

from __future__ import annotations

import json
from typing import Any, Final

from kindred.segments.refusal import Problem, RuleRefused

MOST_CHARACTERS: Final = 400_000
_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"  # which some editors write before all text
_ASKED: Final = "Give one rule as JSON text in UTF-8."


def decode(text: str | bytes, deepest: int) -> Any:
    """Read JSON text that nests no deeper than so many levels; None where it does.

    Raises
    ------
    RuleRefused
        It is no JSON, or says one thing twice: which of both is meant, nobody knows.
    """
    try:
        decoded = (text.decode() if isinstance(text, bytes) else text).removeprefix(_MARK)
        if _depth(decoded) > deepest:
            return None
        return json.loads(decoded, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise _refused(f" ({error.msg}, line {error.lineno})") from None
    except UnicodeDecodeError:
        raise _refused(": the text is not in UTF-8") from None
    except ValueError:  # Python's own bound of the digits of a number
        raise RuleRefused(
            [Problem("", "A number in it has thousands of digits.", "Give smaller ones.")]
        ) from None


def _refused(why: str) -> RuleRefused:
    return RuleRefused([Problem("", f"This is not JSON{why}.", _ASKED)])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RuleRefused([Problem("", f"{twice!r} is said twice in one place.", "Say it once.")])
    return found


def _depth(text: str) -> int:
    """Count how deep brackets nest, outside strings, without recursion."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
