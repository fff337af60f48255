r"""RE2 patterns said so that any engine finds the same; what engines differ on is refused.

RE2 takes time linear in the text and reads whole characters. Python's ``re`` and JavaScript's
``RegExp`` backtrack, JavaScript reads UTF-16 units, and ``.``, ``$``, ``\d``, ``\w`` and ``\s``
mean something else in each. So a pattern is read, and either written anew in what all have in
common or refused with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_REPEATS: Final = 4  # engines that backtrack take about length ** repeats steps
LINE_ENDS: Final = "\n\r\x85\u2028\u2029"  # what some engine's $ overlooks at the end of a text
_SPECIAL: Final = frozenset(r"\^$.|?*+()[]{}")
_PAIR: Final = r"[\ud800-\udbff][\udc00-\udfff]"  # a character beyond U+FFFF, in JavaScript
_HALVES: Final = r"\ud800-\udfff"
_CLASSES: Final = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
_CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v"}


class Unsayable(Exception):
    """Engines differ; the reason says on what."""


@dataclass(frozen=True)
class Portable:
    """A pattern that all engines read alike.

    Parameters
    ----------
    regex : str
    at_end : bool
        It ends in ``$``. No text that ends in one of :data:`LINE_ENDS` matches, but some engine may
        find that one does, so that has to be asked beside it.
    """

    regex: str
    at_end: bool = False


@dataclass(frozen=True)
class _Part:
    """A piece of a pattern; `fits`: it takes a character at its end, and never a line's end."""

    text: str
    fits: bool = False


def literal(text: str) -> str:
    r"""Write a text as the pattern that finds just it.

    Examples
    --------
    >>> print(literal("a.b"))
    a\.b
    """
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Unsayable("It holds half a character.")
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)


def portable(pattern: str) -> Portable:
    """Write an RE2 pattern anew, or say on what engines differ.

    Raises
    ------
    Unsayable
        With the reason.

    Examples
    --------
    >>> portable("^(gold|silver)$")
    Portable(regex='^(?:gold|silver)$', at_end=True)
    """
    start = "^" if pattern.startswith("^") else ""
    at_end = pattern.endswith("$") and not pattern.endswith("\\$")
    reader = _Reader(pattern[len(start) : len(pattern) - at_end])
    whole = reader.alternatives()
    if reader.place < len(reader.pattern):
        raise Unsayable("A bracket closes that none opened.")
    if reader.several and (start or at_end):
        raise Unsayable("“^” and “$” beside “|” are easily misread; put the choice in brackets.")
    if at_end and not whole.fits:
        raise Unsayable("Engines differ on “$” where a line's end, or nothing, may precede it.")
    return Portable(start + whole.text + ("$" if at_end else ""), at_end)


class _Reader:
    """Reads a pattern, without the anchors at its ends, once from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.place = 0
        self.repeats = 0
        self.several = False  # alternatives outside brackets

    def alternatives(self, *, within: bool = False) -> _Part:
        choices: list[list[_Part]] = [[]]
        while (c := self._next()) and c != ")":
            self.place += 1
            if c == "|":
                choices.append([])
            else:
                choices[-1].append(self._item(c))
        self.several |= len(choices) > 1 and not within
        text = "|".join("".join(part.text for part in choice) for choice in choices)
        return _Part(text, all(bool(choice) and choice[-1].fits for choice in choices))

    def _next(self, count: int = 1) -> str:
        return self.pattern[self.place : self.place + count]

    def _item(self, c: str) -> _Part:
        if c == "(":
            return self._group()
        part = self._atom(c)
        repeat = self._repeat()
        empty = repeat[:1] in {"?", "*"} or repeat[:2] == "{0"
        return _Part(part.text + repeat, part.fits and not empty)

    def _group(self) -> _Part:
        if self._next(2) == "?:":
            self.place += 2
        elif self._next() == "?":
            raise Unsayable("Flags and named groups, “(?…”, are not the same everywhere.")
        inner = self.alternatives(within=True)
        if self._next() != ")":
            raise Unsayable("A bracket is not closed.")
        self.place += 1
        repeat = self._repeat()
        if repeat not in {"", "?"}:
            raise Unsayable("A group that repeats may take for ever where engines backtrack.")
        return _Part(f"(?:{inner.text}){repeat}", inner.fits and not repeat)

    def _repeat(self) -> str:
        c = self._next()
        found = c if c and c in "?*+" else self._counted() if c == "{" else ""
        if not found:
            return ""
        self.repeats += 1
        if self.repeats > MOST_REPEATS:
            raise Unsayable("With so many repeats it may take very long where engines backtrack.")
        self.place += len(found)
        if self._next() and self._next() in "?*+{":
            raise Unsayable("Two signs of repeating in a row are read in several ways.")
        return found

    def _counted(self) -> str:
        end = self.pattern.find("}", self.place)
        inner = self.pattern[self.place + 1 : end] if end > 0 else ""
        low, _, high = inner.partition(",")
        if not inner.isascii() or not low.isdigit() or not (high or "0").isdigit():
            raise Unsayable("“{” is read in several ways unless {2}, {2,} or {2,5} follows.")
        return f"{{{inner}}}"

    def _atom(self, c: str) -> _Part:
        if c == ".":
            return _none_of("\n")
        if c == "[":
            return self._class()
        if c == "\\":
            escaped = self._escaped()
            if len(escaped) == 1:
                return _single(escaped)
            negated = escaped.startswith("^")
            return _none_of(escaped[1:]) if negated else _Part(f"[{escaped}]", "\n" not in escaped)
        if c in "?*+{^$":
            raise Unsayable(f"“{c}” stands where engines differ on it.")
        return _single(c)

    def _escaped(self) -> str:
        """Read what follows a backslash: a character, or a class's members (with ^: none)."""
        c = self._next()
        self.place += 1
        if c and c in "dws":
            return _CLASSES[c]
        if c and c in "DWS":
            return f"^{_CLASSES[c.lower()]}"
        if c in _CONTROLS:
            return _CONTROLS[c]
        if c and (c in _SPECIAL or c in "-/"):
            return c
        raise Unsayable(f"“\\{c}” is not the same everywhere.")

    def _class(self) -> _Part:
        negated = self._next() == "^"
        self.place += negated
        members, line_end = "", False
        while self._next() != "]" or not members:
            low = self._member()
            high = self._range() if len(low) == 1 else low
            members += low if len(low) > 1 else _member(low) + (f"-{_member(high)}" if high else "")
            line_end |= any(c in low or low <= c <= (high or low) for c in LINE_ENDS)
        self.place += 1
        return _none_of(members) if negated else _Part(f"[{members}]", not line_end)

    def _range(self) -> str:
        """Read the upper end of a range, if one follows."""
        if self._next() != "-" or self._next(2) == "-]":
            return ""
        self.place += 1
        high = self._member()
        if len(high) != 1:
            raise Unsayable("A class that ends a range is not the same everywhere.")
        return high

    def _member(self) -> str:
        c = self._next()
        self.place += 1
        if c == "\\":
            c = self._escaped()
            if c.startswith("^") and len(c) > 1:
                raise Unsayable("“\\D”, “\\W” and “\\S” within a class are not said elsewhere.")
            return c
        if not c or c in "[]^&~|" or (c == "-" and self._next() not in {"]", ""}):
            raise Unsayable("The class is not closed, or holds a sign that engines differ on.")
        if ord(c) > 0xFFFF or 0xD800 <= ord(c) <= 0xDFFF:
            raise Unsayable(f"{c!r} within a class is two characters to JavaScript.")
        return c


def _member(c: str) -> str:
    return f"\\{c}" if c in "\\]^-[" else c


def _none_of(members: str) -> _Part:
    """Write “one character that is none of these”, of which half a character is never one.

    It may take a line's end, or is not worth knowing that it does not.
    """
    return _Part(f"(?:{_PAIR}|[^{members}{_HALVES}])")


def _single(c: str) -> _Part:
    return _Part(f"(?:{c})" if ord(c) > 0xFFFF else literal(c), c not in LINE_ENDS)
